#include "core/cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

#include "core/base/foreign_text.h"
#include "core/base/told_error.h"
#include "core/base/utf8.h"

namespace tinyzero {
namespace {

int first_problem = 0;     // errno of the first write that failed; 0: none did
bool reader_left = false;  // and that is as it may be

// Why a stream fails that failed behind our back, as when a library flushed it: what it says to one
// more byte.
int problem_now() { return ::write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO; }

// Keeps why the stream failed, if it did.
bool works(bool written) {
  const int problem = errno;
  if (written && std::ferror(stdout) == 0) return true;
  if (first_problem == 0) first_problem = problem != 0 ? problem : problem_now();
  return false;
}

bool write(const std::string& text) {
  errno = 0;
  return works(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

// \uXXXX, or two of them for a character beyond the first plane.
std::string json_escape(std::uint32_t code) {
  if (code < 0x10000) return fmt::format("\\u{:04x}", code);
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10),
                     0xDC00 + ((code - 0x10000) & 0x3FF));
}

// A value that json_line() wrote, with its line end.
std::string printable_json(const std::string& line) {
  std::string out;
  out.reserve(line.size() + 1);
  for (std::size_t at = 0; at < line.size();) {
    const Utf8Part part = utf8_part(line, at);
    if (is_printable(part.code)) out.append(line, at, part.size);
    else out += json_escape(part.code);
    at += part.size;
  }
  return out + "\n";
}

bool flush() {
  errno = 0;
  return works(std::fflush(stdout) == 0);
}

}  // namespace

void print_text(std::FILE* stream, const std::string& text) {
  if (stream != stdout) std::fputs(printable(text).c_str(), stream);
  else if (!write(printable(text))) throw OutputFailure();
}

void print_json(const Json& value) { print_json_text(json_line(value)); }

void print_json_text(const std::string& line) {
  if (!write(printable_json(line))) throw OutputFailure();
}

void flush_output() {
  if (!flush()) throw OutputFailure();
}

bool try_print_json(const Json& value) {
  if (reader_left || (write(printable_json(json_line(value))) && flush())) return true;
  reader_left = first_problem == EPIPE;
  return reader_left;
}

bool is_output_failure(const std::exception& e) {
  if (dynamic_cast<const OutputFailure*>(&e) != nullptr) return true;
  const auto* system = dynamic_cast<const std::system_error*>(&e);
  if (system == nullptr || std::ferror(stdout) == 0) return false;
  if (first_problem == 0) first_problem = system->code().value();
  return true;
}

std::string output_problem() {
  if (first_problem == 0 || first_problem == EPIPE) return "";
  return first_problem == EBADF ? "it is closed" : system_words(first_problem);
}

int end_output(int code) {
  if (reader_left) return code;
  flush();
  if (first_problem == EPIPE) return code != 0 ? code : 128 + SIGPIPE;
  if (first_problem == 0) return code;
  std::fprintf(stderr, "error: cannot write to standard output: %s\n", output_problem().c_str());
  return code != 0 ? code : 1;
}

}  // namespace tinyzero
