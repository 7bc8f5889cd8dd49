#include "core/base/foreign_text.h"

#include <algorithm>
#include <array>

#include "core/base/utf8.h"

namespace tinyzero {
namespace {

struct Range {
  std::uint32_t first, last;
};

constexpr std::array kUnprintable{
    Range{0x0000, 0x001F},    // C0
    Range{0x007F, 0x009F},    // delete and C1
    Range{0x00AD, 0x00AD},    // soft hyphen
    Range{0x061C, 0x061C},    // Arabic letter mark
    Range{0x180E, 0x180E},    // Mongolian vowel separator
    Range{0x200B, 0x200F},    // zero width, direction marks
    Range{0x2028, 0x202E},    // line ends, direction embeddings and overrides
    Range{0x2060, 0x206F},    // zero width, direction isolates
    Range{0xFEFF, 0xFEFF},    // byte order mark
    Range{0xFFF9, 0xFFFB},    // annotations
    Range{0xE0000, 0xE007F},  // tags
};

}  // namespace

bool is_printable(std::uint32_t code) {
  return std::none_of(kUnprintable.begin(), kUnprintable.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    const bool shown =
        part.valid && (part.code == '\n' || part.code == '\t' || is_printable(part.code));
    out += shown ? text.substr(at, part.size) : "?";
    at += part.size;
  }
  return out;
}

}  // namespace tinyzero
