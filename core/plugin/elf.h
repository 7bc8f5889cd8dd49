// Reading a plugin file without running it: is it a whole shared library for this machine, and what
// does its note say?
//
// dlopen of a truncated file kills the process with SIGBUS, and of a foreign one reports nonsense;
// so every offset is checked here first, against the file's real size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace tinyzero {

struct LibraryNote {
  std::uint32_t type = 0;                     // TINYZERO_NOTE_TASK or TINYZERO_NOTE_ALGORITHM
  std::map<std::string, std::string> fields;  // "id", "abi", "compiler", …

  // A field, "" if the note lacks it.
  std::string field(const std::string& name) const;
};

// Throws Error naming the file and the first thing wrong with it: not ELF, another machine, cut, or
// without a tinyzero note.
LibraryNote read_library_note(const std::filesystem::path& path);

}  // namespace tinyzero
