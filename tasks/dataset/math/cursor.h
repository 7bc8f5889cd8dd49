// The place that a reader has come to in a mathematical text. Blanks between signs do not count.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {

// The text is not a mathematical answer, as far as the grammar goes.
class Unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }
  // The next character; NUL at the end.
  char peek() { return at_end() ? '\0' : rest_[0]; }
  // Removes a sign from the front, if it stands there. A command of LaTeX must end where its name
  // does.
  bool accept(std::string_view sign) {
    skip_blanks();
    if (!rest_.starts_with(sign)) return false;
    const bool is_command = sign[0] == '\\' && is_ascii_letter(sign.back());
    if (is_command && rest_.size() > sign.size() && is_ascii_letter(rest_[sign.size()]))
      return false;
    rest_.remove_prefix(sign.size());
    return true;
  }
  void expect(std::string_view sign) {
    if (!accept(sign)) fail();
  }
  // Throws Unreadable.
  [[noreturn]] void fail() {
    throw Unreadable(rest_.empty()
                         ? "it ends too early"
                         : "\"" + std::string(rest_.substr(0, 20)) + "\" is not understood");
  }
  // The letters at the front, which stay there.
  std::string_view letters() {
    skip_blanks();
    std::size_t end = 0;
    while (end < rest_.size() && is_ascii_letter(rest_[end])) ++end;
    return rest_.substr(0, end);
  }

 protected:
  std::string_view rest_;  // what is still to be read
};

}  // namespace tinyzero::dataset
