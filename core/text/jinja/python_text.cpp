#include "core/text/jinja/python_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero::jinja {
namespace {

// Calls use(character, its code) for each character.
template <class Use>
void for_each_character(std::string_view text, const Use& use) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    use(text.substr(at, part.size), part.code);
    at += part.size;
  }
}

// The last character of a nonempty text.
std::string_view last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return text.substr(at);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

bool is_line_end(std::uint32_t code) {
  return (code >= 0xA && code <= 0xD) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

// str.isprintable of a character.
bool is_printable(std::uint32_t code) {
  if (code < 0x7F) return code >= 0x20;
  const utf8proc_int32_t character = code;
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
  }
}

// The words between white space.
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  bool inside = false;
  for_each_character(text, [&](std::string_view c, std::uint32_t code) {
    if (is_space(code)) {
      inside = false;
      return;
    }
    if (!inside) out.emplace_back(c.data(), 0);
    inside = true;
    out.back() = {out.back().data(), out.back().size() + c.size()};
  });
  return out;
}

// Whether a list of texts has reached its limit; a negative limit is none.
bool is_full(const std::vector<std::string>& texts, std::int64_t limit) {
  return limit >= 0 && std::ssize(texts) >= limit;
}

std::vector<std::string> split_words(std::string_view text, std::int64_t limit) {
  std::vector<std::string> out;
  for (const std::string_view word : words(text)) {
    if (is_full(out, limit)) {
      out.emplace_back(text.substr(word.data() - text.data()));
      return out;
    }
    out.emplace_back(word);
  }
  return out;
}

std::vector<std::string> split_words_right(std::string_view text, std::int64_t limit) {
  std::vector<std::string> out;
  const std::vector<std::string_view> all = words(text);
  for (auto word = all.rbegin(); word != all.rend(); ++word) {
    if (is_full(out, limit)) {
      out.emplace_back(text.substr(0, word->data() + word->size() - text.data()));
      break;
    }
    out.emplace_back(*word);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// Inserts `fresh` before each character, and at the end.
std::string replace_empty(std::string_view text, std::string_view fresh, std::int64_t limit) {
  std::string out;
  const auto insert = [&] {
    if (limit != 0) out += fresh;
    if (limit > 0) --limit;
  };
  for (const std::string& c : characters(text)) {
    insert();
    out += c;
  }
  insert();
  return out;
}

// A position in bytes as one in characters.
std::int64_t position(std::string_view text, std::size_t at) {
  return at == std::string_view::npos ? -1 : length(text.substr(0, at));
}

}  // namespace

bool is_space(std::uint32_t code) { return is_white_space(code) || (code >= 0x1C && code <= 0x1F); }

std::int64_t length(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  for_each_character(text, [&](std::string_view c, std::uint32_t) { out.emplace_back(c); });
  return out;
}

std::string_view strip(std::string_view text, Ends ends, std::optional<std::string_view> set) {
  const auto goes = [&](std::string_view c) {
    return set ? set->find(c) != std::string_view::npos : is_space(utf8_part(c, 0).code);
  };
  while (ends != Ends::right && !text.empty()) {
    const std::string_view first = text.substr(0, utf8_part(text, 0).size);
    if (!goes(first)) break;
    text.remove_prefix(first.size());
  }
  while (ends != Ends::left && !text.empty()) {
    const std::string_view last = last_character(text);
    if (!goes(last)) break;
    text.remove_suffix(last.size());
  }
  return text;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               std::int64_t limit) {
  if (!separator) return split_words(text, limit);
  if (separator->empty()) throw Error("split() by an empty separator");
  std::vector<std::string> out;
  std::size_t at = 0;
  while (!is_full(out, limit)) {
    const std::size_t end = text.find(*separator, at);
    if (end == std::string_view::npos) break;
    out.emplace_back(text.substr(at, end - at));
    at = end + separator->size();
  }
  out.emplace_back(text.substr(at));
  return out;
}

std::vector<std::string> split_right(std::string_view text,
                                     std::optional<std::string_view> separator,
                                     std::int64_t limit) {
  if (!separator) return split_words_right(text, limit);
  if (separator->empty()) throw Error("rsplit() by an empty separator");
  std::vector<std::string> out;
  while (!is_full(out, limit)) {
    const std::size_t start = text.rfind(*separator);
    if (start == std::string_view::npos) break;
    out.emplace_back(text.substr(start + separator->size()));
    text = text.substr(0, start);
  }
  out.emplace_back(text);
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> out;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    std::size_t next = at + part.size;
    if (is_line_end(part.code)) {
      if (part.code == '\r' && next < text.size() && text[next] == '\n') ++next;
      out.emplace_back(text.substr(start, (keep_ends ? next : at) - start));
      start = next;
    }
    at = next;
  }
  if (start < text.size()) out.emplace_back(text.substr(start));
  return out;
}

std::string replace(std::string_view text, std::string_view old, std::string_view fresh,
                    std::int64_t limit) {
  if (old.empty()) return replace_empty(text, fresh, limit);
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; limit != 0 && (found = text.find(old, at)) != std::string_view::npos;) {
    out += text.substr(at, found - at);
    out += fresh;
    at = found + old.size();
    if (limit > 0) --limit;
  }
  return out.append(text.substr(at));
}

std::int64_t count(std::string_view text, std::string_view part) {
  if (part.empty()) return length(text) + 1;
  std::int64_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++found;
  return found;
}

std::int64_t find(std::string_view text, std::string_view part) {
  return position(text, text.find(part));
}

std::int64_t find_last(std::string_view text, std::string_view part) {
  return position(text, text.rfind(part));
}

std::string with_case(std::string_view text, Case to) {
  if (!is_ascii(text))
    throw Error("upper or lower case of characters beyond ASCII is not supported");
  constexpr std::string_view kOpening = "-({[<";  // before a word of the filter `title`
  std::string out(text);
  bool begins = true;
  for (char& c : out) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    const bool raise = to == Case::upper || (to != Case::lower && begins);
    if (raise && lower) c = static_cast<char>(c - 'a' + 'A');
    if (!raise && upper) c = static_cast<char>(c - 'A' + 'a');
    const bool opens = kOpening.find(c) != std::string_view::npos || is_space(c);
    begins = (to == Case::title && !lower && !upper) || (to == Case::words && opens);
  }
  return out;
}

std::string quoted_text(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for_each_character(text, [&](std::string_view c, std::uint32_t code) {
    if (code == '\n') out += "\\n";
    else if (code == '\r') out += "\\r";
    else if (code == '\t') out += "\\t";
    else if (code == '\\') out += "\\\\";
    else if (code == static_cast<unsigned char>(quote)) out += std::string("\\") + quote;
    else if (is_printable(code)) out += c;
    else if (code < 0x100) out += fmt::format("\\x{:02x}", code);
    else if (code < 0x10000) out += fmt::format("\\u{:04x}", code);
    else out += fmt::format("\\U{:08x}", code);
  });
  return out + quote;
}

std::string json_quoted(std::string_view text, bool ascii) {
  static constexpr std::string_view kPlain = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kNames = "\"\\bfnrt";
  std::string out = "\"";
  for_each_character(text, [&](std::string_view c, std::uint32_t code) {
    const std::size_t name = c.size() == 1 ? kPlain.find(c) : std::string_view::npos;
    if (name != std::string_view::npos) {
      out += '\\';
      out += kNames[name];
    } else if (code >= 0x20 && (!ascii || code < 0x7F)) {
      out += c;
    } else if (code < 0x10000) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      const std::uint32_t offset = code - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
    }
  });
  return out + "\"";
}

}  // namespace tinyzero::jinja
