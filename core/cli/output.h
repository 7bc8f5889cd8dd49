// Standard output, whose failures no command may overlook: a full disk is an error, a reader that
// went away is none.
#pragma once

#include <exception>
#include <string>

namespace tinyzero {

// Thrown where standard output cannot be written to, errno saying why. end_output() tells a person.
class OutputFailure : public std::exception {
 public:
  const char* what() const noexcept override { return "cannot write to standard output"; }
};

// Writes a line.
void print_line(const std::string& line);

// Writes out what was printed so far.
void flush_output();

// Writes a line and everything before it, for a command that goes on without a reader. False:
// standard output does not take it. After a reader went away nothing is written any more, and
// nothing is wrong.
bool try_print_line(const std::string& line);

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
