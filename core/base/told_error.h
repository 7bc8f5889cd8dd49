// What the system and libraries throw, in words for people: which path, what is wrong with it, what
// to do.
#pragma once

#include <exception>
#include <filesystem>
#include <string>

namespace tinyzero {

// "its symbolic links lead in a circle": what an errno means, without the path.
std::string system_words(int error);

// What to do about it; empty for an errno that nobody can do anything about.
std::string system_hint(int error);

// Throws Error where the path is to blame, Failure where the machine is (a full disk): "cannot
// DOING PATH: why".
[[noreturn]] void throw_system_error(const std::string& doing, const std::filesystem::path& path,
                                     int error);

// What the JSON library throws, without its own names: "it has no \"step\"", "line 1, column 5:
// unexpected end".
std::string json_words(const std::exception& error);

// An exception as the command line prints it, with its exit code.
struct ToldError {
  std::string what, hint;
  int code = 2;
};
ToldError tell_error(const std::exception& error);

}  // namespace tinyzero
