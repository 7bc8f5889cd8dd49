#include "core/text/jinja/string_literal.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/utf8.h"
#include "core/text/jinja/line_error.h"

namespace tinyzero::jinja {
namespace {

constexpr std::string_view kEscapes = "\\'\"abfnrtv";
constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";

// Jinja first rewrites characters beyond ASCII as escapes. That matters after a backslash: together
// with the backslash of the escape it becomes a single backslash.
std::string escape_beyond_ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    if (part.code < 0x80) out += static_cast<char>(part.code);
    else if (part.code < 0x100) out += fmt::format("\\x{:02x}", part.code);
    else if (part.code < 0x10000) out += fmt::format("\\u{:04x}", part.code);
    else out += fmt::format("\\U{:08x}", part.code);
    at += part.size;
  }
  return out;
}

class Unescaper {
 public:
  Unescaper(std::string text, int line) : text_(std::move(text)), line_(line) {}

  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) read_escape();
      else out_ += c;
    }
    return std::move(out_);
  }

 private:
  void read_escape() {
    const char c = text_[at_++];
    const std::size_t known = kEscapes.find(c);
    if (known != std::string_view::npos) out_ += kMeanings[known];
    else if (c == 'x') read_code(2);
    else if (c == 'u') read_code(4);
    else if (c == 'U') read_code(8);
    else if (c >= '0' && c <= '7') read_octal();
    else if (c == 'N') fail_at(line_, "the escape \\N is not supported");
    else if (c != '\n') out_ += std::string("\\") + c;
  }

  void read_code(std::size_t digits) {
    const std::string text = text_.substr(at_, digits);
    const char* end = text.data() + text.size();
    std::uint32_t code = 0;
    const auto result = std::from_chars(text.data(), end, code, 16);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (text.size() < digits || result.ptr != end || code > 0x10FFFF || surrogate)
      fail_at(line_, "an escape that is not a character");
    append_character(code, out_);
    at_ += digits;
  }

  void read_octal() {
    std::uint32_t code = 0;
    --at_;
    for (int i = 0; i < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
      code = code * 8 + (text_[at_++] - '0');
    append_character(code, out_);
  }

  std::string text_;
  int line_;
  std::size_t at_ = 0;  // bytes consumed
  std::string out_;
};

}  // namespace

std::string unescaped(std::string_view literal, int line) {
  return Unescaper(escape_beyond_ascii(literal), line).run();
}

}  // namespace tinyzero::jinja
