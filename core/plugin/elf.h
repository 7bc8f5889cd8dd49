// Reads a plugin file without running it: whether it is a complete shared library for this machine,
// and the contents of its note.
//
// dlopen of a truncated file kills the process with SIGBUS, and dlopen of another machine's file
// reports nonsense. So every offset is checked here first, against the file's real size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace tinyzero {

struct LibraryNote {
  std::uint32_t type = 0;                     // TINYZERO_NOTE_TASK or TINYZERO_NOTE_ALGORITHM
  std::map<std::string, std::string> fields;  // "id", "abi", "compiler", …

  // The value of a field; "" if the note lacks it.
  std::string field(const std::string& name) const;
};

// Throws Error naming the file and its first fault: not ELF, for another machine, truncated, or
// without a tinyzero note.
LibraryNote read_library_note(const std::filesystem::path& path);

}  // namespace tinyzero
