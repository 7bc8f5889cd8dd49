#include "core/plugin/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <sstream>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
#error "name this machine's ELF number here"
#endif

constexpr std::uint64_t kLongestNote = 65536;

class ElfReader {
 public:
  // O_NONBLOCK: opening a pipe does not wait for its writer.
  explicit ElfReader(const fs::path& path) : path_(path), file_(path, O_RDONLY | O_NONBLOCK) {
    struct stat status{};
    if (::fstat(file_.fd(), &status) != 0 || !S_ISREG(status.st_mode))
      refuse("it is not a regular file", "give the .so file that the build made");
    size_ = status.st_size;
  }

  LibraryNote note() const {
    const auto header = read<Elf64_Ehdr>(0, "the ELF header");
    check_header(header);
    std::optional<LibraryNote> found;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
      const auto segment = read<Elf64_Phdr>(header.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr),
                                            "the program headers");
      if (segment.p_type == PT_NULL) continue;
      check_range(segment.p_offset, segment.p_filesz, "segment " + std::to_string(i));
      if (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz)
        refuse("segment " + std::to_string(i) + " is larger in the file than in memory");
      if (segment.p_type == PT_NOTE && !found)
        found = find_note(segment.p_offset, segment.p_filesz);
    }
    if (header.e_shoff != 0)
      check_range(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize,
                  "the section headers");
    if (!found)
      refuse("it has no tinyzero note",
             "build it with tinyzero_add_task() or tinyzero_add_algorithm()");
    return *found;
  }

 private:
  [[noreturn]] void refuse(const std::string& what,
                           const std::string& hint = "rebuild or copy the file again") const {
    throw Error("cannot load " + path_.string() + ": " + what, hint);
  }

  void check_range(std::uint64_t offset, std::uint64_t size, const std::string& what) const {
    if (offset > size_ || size > size_ - offset) {
      refuse(what + " ends at byte " + std::to_string(offset + size) + " of " +
             std::to_string(size_) + ": the file is cut");
    }
  }

  // Reads instead of mapping: a file that is being rewritten may have become shorter.
  void read_bytes(std::uint64_t offset, std::uint64_t size, void* out, const char* what) const {
    check_range(offset, size, what);
    const ssize_t n = ::pread(file_.fd(), out, size, offset);
    if (std::cmp_not_equal(n, size)) refuse(std::string(what) + " cannot be read");
  }

  template <class T>
  T read(std::uint64_t offset, const char* what) const {
    T value;
    read_bytes(offset, sizeof value, &value, what);
    return value;
  }

  void check_header(const Elf64_Ehdr& h) const {
    if (std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
      refuse("it is not a shared library (no ELF header)", "give the .so file that the build made");
    if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB ||
        h.e_machine != kMachine) {
      refuse("it is for another machine (ELF machine " + std::to_string(h.e_machine) +
                 ", this one is " + std::to_string(kMachine) + ")",
             "rebuild it on this machine");
    }
    if (h.e_type != ET_DYN)
      refuse("it is an ELF file of type " + std::to_string(h.e_type) + ", not a shared library");
    if (h.e_phentsize != sizeof(Elf64_Phdr)) refuse("its program headers have an unknown size");
  }

  // The note with the owner "tinyzero" in a note segment. Its entries are (owner size, text size,
  // type, owner, text), padded to 4 bytes.
  std::optional<LibraryNote> find_note(std::uint64_t offset, std::uint64_t size) const {
    const std::uint64_t end = offset + size;
    while (end - offset >= sizeof(Elf64_Nhdr)) {
      const auto entry = read<Elf64_Nhdr>(offset, "a note");
      const std::uint64_t owner = offset + sizeof entry;
      const std::uint64_t text = owner + padded(entry.n_namesz);
      const std::uint64_t next = text + padded(entry.n_descsz);
      if (text > end || entry.n_descsz > end - text) return std::nullopt;
      if (entry.n_namesz == sizeof TINYZERO_NOTE_OWNER &&
          text_at(owner, entry.n_namesz) == std::string(TINYZERO_NOTE_OWNER) + '\0') {
        if (entry.n_descsz > kLongestNote)
          refuse("its tinyzero note has " + std::to_string(entry.n_descsz) + " bytes");
        return parse(text_at(text, entry.n_descsz), entry.n_type);
      }
      if (next >= end) break;
      offset = next;
    }
    return std::nullopt;
  }

  static std::uint64_t padded(std::uint64_t size) { return (size + 3) / 4 * 4; }

  std::string text_at(std::uint64_t offset, std::uint64_t size) const {
    std::string text(size, '\0');
    read_bytes(offset, size, text.data(), "a note");
    return text;
  }

  static LibraryNote parse(const std::string& text, std::uint32_t type) {
    LibraryNote note;
    note.type = type;
    std::istringstream lines(text.substr(0, text.find('\0')));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t equals = line.find('=');
      if (equals != std::string::npos)
        note.fields[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return note;
  }

  fs::path path_;
  FileHandle file_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::string LibraryNote::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

LibraryNote read_library_note(const std::filesystem::path& path) { return ElfReader(path).note(); }

}  // namespace tinyzero
