#include "tasks/dataset/normal_text.h"

#include <utf8proc.h>

#include <cstdlib>

#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

const utf8proc_uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

}  // namespace

std::string with_single_blanks(std::string_view text) {
  std::string out;
  bool is_blank = false;
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) <= ' ' || c == '\x7F';
    if (!is_control) {
      if (is_blank && !out.empty()) out += ' ';
      out += c;
    }
    is_blank = is_control;
  }
  return out;
}

std::string case_folded(const std::string& text) {
  utf8proc_uint8_t* folded = nullptr;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  const utf8proc_ssize_t size =
      utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(text.size()), &folded, options);
  if (size < 0) return text;
  std::string out(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size));
  std::free(folded);
  return out;
}

std::string wording_of(std::string_view prompt) {
  std::string out;
  for (const char c : case_folded(std::string(prompt))) {
    if (static_cast<unsigned char>(c) <= ' ') continue;
    if (!is_ascii_digit(c)) out += c;
    else if (out.empty() || out.back() != '0') out += '0';
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes_of(text), static_cast<utf8proc_ssize_t>(text.size()), &character);
    if (length < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return true;
}

}  // namespace tinyzero::dataset
