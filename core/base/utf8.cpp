#include "core/base/utf8.h"

namespace tinyzero {
namespace {

using Byte = unsigned char;

// The first byte of a character: the character's size, 0 for an invalid byte, and the range of its
// second byte (Unicode standard, table 3-7).
struct Lead {
  std::size_t size;
  Byte least;
  Byte most;
};

Lead lead_of(Byte byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Part utf8_part(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return Byte(text[i]); };
  const Lead lead = lead_of(byte(at));
  if (lead.size == 0) return {0, 1, false};
  if (lead.size == 1) return {byte(at), 1, true};
  std::uint32_t code = byte(at) & (0x7Fu >> lead.size);
  for (std::size_t i = 1; i < lead.size; ++i) {
    const Byte least = i == 1 ? lead.least : 0x80;
    const Byte most = i == 1 ? lead.most : 0xBF;
    if (at + i >= text.size() || byte(at + i) < least || byte(at + i) > most) return {0, i, false};
    code = (code << 6) | (byte(at + i) & 0x3Fu);
  }
  return {code, lead.size, true};
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    if (!part.valid) return false;
    at += part.size;
  }
  return true;
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    out += part.valid ? text.substr(at, part.size) : kReplacement;
    at += part.size;
  }
  return out;
}

std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::size_t at = text.size() - back;
    const Byte byte = text[at];
    if ((byte & 0xC0) == 0x80) continue;
    const Utf8Part part = utf8_part(text, at);
    return !part.valid && part.size == back && lead_of(byte).size > back ? back : 0;
  }
  return 0;
}

void append_character(std::uint32_t code, std::string& out) {
  const int tail = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // further bytes
  constexpr Byte kLeads[] = {0x00, 0xC0, 0xE0, 0xF0};
  out += char(kLeads[tail] | (code >> 6 * tail));
  for (int i = tail - 1; i >= 0; --i) out += char(0x80 | ((code >> 6 * i) & 0x3F));
}

bool is_white_space(std::uint32_t code) {
  return (code >= 0x9 && code <= 0xD) || code == 0x20 || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

}  // namespace tinyzero
