// Exceptions of the system and of libraries as messages for people: which path, what is wrong with
// it, what to do.
#pragma once

#include <exception>
#include <filesystem>
#include <string>

namespace tinyzero {

// The meaning of an errno, without a path: "its symbolic links lead in a circle".
std::string system_words(int error);

// What to do about an errno; empty if nothing can be done.
std::string system_hint(int error);

// Throws "cannot DOING PATH: why", as an Error if the path is to blame, as a Failure if the machine
// is (a full disk).
[[noreturn]] void throw_system_error(const std::string& doing, const std::filesystem::path& path,
                                     int error);

// A message of the JSON library without the library's names: "it has no \"step\"", "line 1, column
// 5: unexpected end".
std::string json_words(const std::exception& error);

// An exception as the command line prints it, with its exit code.
struct ToldError {
  std::string what;
  std::string hint;
  int code = 2;
};
ToldError tell_error(const std::exception& error);

}  // namespace tinyzero
