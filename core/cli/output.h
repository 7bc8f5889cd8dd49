// What commands print. Failures of standard output are never overlooked: a full disk is an error, a
// reader that went away is none. Text is cleaned as it is printed, so that nothing that a task, a
// model, a server or a file says reaches a terminal as a control sequence.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "core/base/json.h"

namespace tinyzero {

// Thrown where standard output cannot be written to, errno saying why. end_output() tells a person.
class OutputFailure : public std::exception {
 public:
  const char* what() const noexcept override { return "cannot write to standard output"; }
};

// Prints text for people, with what is not printable made visible (core/base/foreign_text.h).
void print_text(std::FILE* stream, const std::string& text);

template <class... T>
void print(fmt::format_string<T...> format, T&&... values) {
  print_text(stdout, fmt::format(format, std::forward<T>(values)...));
}
template <class... T>
void print(std::FILE* stream, fmt::format_string<T...> format, T&&... values) {
  print_text(stream, fmt::format(format, std::forward<T>(values)...));
}

// Prints one line of JSON to standard output, with what is not printable as escapes: the same value
// for a machine.
void print_json(const Json& value);
void print_json_text(const std::string& line);  // a value as json_line() wrote it

// Writes out what was printed so far.
void flush_output();

// Prints a line of JSON and everything before it, for a command that goes on without a reader.
// False: standard output does not take it. After a reader went away nothing is written any more,
// and nothing is wrong.
bool try_print_json(const Json& value);

// Whether `e` says that standard output cannot be written to, as what fmt::print throws does.
// end_output() then tells why.
bool is_output_failure(const std::exception& e);

// Why standard output does not take what is written: "No space left on device"; empty: it does, or
// its reader went away.
std::string output_problem();

// To be called where nothing more is printed, with the exit code of the command. Writes out what
// was printed, and tells on standard error if some of it could not be written, unless its reader
// only went away. The exit code of the program.
int end_output(int code);

}  // namespace tinyzero
