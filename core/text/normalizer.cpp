#include "core/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero {
namespace {

// How many times its size a text may grow to; real normalizers write three bytes for one.
constexpr std::size_t kGrowth = 64;
constexpr std::size_t kMostSteps = 16;

// Every character below this one is its own NFC, and combines with no character before it.
constexpr std::uint32_t kFirstCombining = 0x300;

// Marks and compositions added after Unicode 9, up to 16. The library `tokenizers` normalizes by
// Unicode 9, which treats them as ordinary characters; models have learned from its ids.
constexpr std::uint32_t kNewer[][2] = {
    {0x07FD, 0x07FD},   {0x0897, 0x089F},   {0x08CA, 0x08D3},   {0x09FE, 0x09FE},
    {0x0C3C, 0x0C3C},   {0x0CF3, 0x0CF3},   {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},
    {0x0ECE, 0x0ECE},   {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0xA82C, 0xA82C},   {0x105C0, 0x105F3}, {0x10D24, 0x10D27}, {0x10D69, 0x10D6D},
    {0x10EAB, 0x10EAC}, {0x10EFC, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x11241, 0x11241}, {0x1133B, 0x1133B}, {0x11380, 0x113C0},
    {0x113C2, 0x113C2}, {0x113C5, 0x113C5}, {0x113C7, 0x113CA}, {0x113CC, 0x113D0},
    {0x113D2, 0x113D2}, {0x113E1, 0x113E2}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11935, 0x11935}, {0x11938, 0x11938}, {0x1193D, 0x1193E},
    {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
    {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97},
    {0x11F00, 0x11F01}, {0x11F03, 0x11F03}, {0x11F34, 0x11F3A}, {0x11F3E, 0x11F42},
    {0x11F5A, 0x11F5A}, {0x13440, 0x13440}, {0x13447, 0x13455}, {0x16100, 0x1612F},
    {0x16D40, 0x16D6C}, {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136},
    {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1E5EE, 0x1E5EF}};

bool is_newer(std::uint32_t code) {
  const auto* found = std::upper_bound(
      std::begin(kNewer), std::end(kNewer), code,
      [](std::uint32_t c, const std::uint32_t(&range)[2]) { return c < range[0]; });
  return found != std::begin(kNewer) && code <= (*(found - 1))[1];
}

std::string short_text(const TokenizerJson& json, const char* key, const std::string& where) {
  std::string text = text_of(json, key, "", where);
  if (text.size() > kGrowth)
    unsupported(where, "a text of " + std::to_string(text.size()) + " bytes");
  return text;
}

int combining_class(utf8proc_int32_t code) { return utf8proc_get_property(code)->combining_class; }

// Sorts successive combining characters by class. The library's own ordering takes quadratic time.
void order_marks(std::vector<utf8proc_int32_t>& codes) {
  for (auto at = codes.begin(); at != codes.end();) {
    if (combining_class(*at) == 0) {
      ++at;
      continue;
    }
    const auto end =
        std::find_if(at, codes.end(), [](utf8proc_int32_t c) { return combining_class(c) == 0; });
    std::stable_sort(at, end, [](utf8proc_int32_t a, utf8proc_int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    at = end;
  }
}

void decompose(std::uint32_t code, std::vector<utf8proc_int32_t>& codes) {
  utf8proc_int32_t decomposed[8];
  int boundary = 0;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(code, decomposed, 8, UTF8PROC_DECOMPOSE, &boundary);
  if (count < 1 || count > 8)
    throw Error("utf8proc cannot decompose character " + std::to_string(code));
  codes.insert(codes.end(), decomposed, decomposed + count);
}

// Appends the composition of decomposed characters to `out`, and clears `codes`.
void compose(std::vector<utf8proc_int32_t>& codes, std::string& out) {
  order_marks(codes);
  const utf8proc_ssize_t size =
      utf8proc_normalize_utf32(codes.data(), std::ssize(codes),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (size < 0)
    throw Error(std::string("utf8proc cannot compose a text: ") + utf8proc_errmsg(size));
  for (utf8proc_ssize_t i = 0; i < size; ++i) append_character(codes[i], out);
  codes.clear();
}

// Whether no character can combine; the text is its own NFC then.
bool is_plainly_nfc(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    if (part.code >= kFirstCombining) return false;
    at += part.size;
  }
  return true;
}

// The text with every match of a pattern replaced. Throws Error if it grows beyond `most` bytes.
std::string with_replacements(std::string_view text, const Pattern& pattern,
                              const std::string& replacement, std::size_t most) {
  std::string out;
  pattern.cut(text, [&](std::size_t start, std::size_t end, bool matches) {
    if (out.size() > most)
      throw Error("the tokenizer's normalizer makes a text of more than " + std::to_string(most) +
                  " bytes");
    out += matches ? std::string_view(replacement) : text.substr(start, end - start);
  });
  return out;
}

}  // namespace

std::string to_nfc(std::string text) {
  if (is_plainly_nfc(text)) return text;
  std::string out;
  std::vector<utf8proc_int32_t> codes;
  codes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Part part = utf8_part(text, at);
    at += part.size;
    if (!is_newer(part.code)) {
      decompose(part.code, codes);
      continue;
    }
    compose(codes, out);
    append_character(part.code, out);
  }
  compose(codes, out);
  return out;
}

Normalizer::Normalizer(const TokenizerJson& json, const std::string& where) {
  add(json, where + ": normalizer", 0);
}

void Normalizer::add(const TokenizerJson& json, const std::string& where, int depth) {
  const std::string type = type_of(json, where);
  if (type.empty()) return;
  if (steps_.size() == kMostSteps)
    unsupported(where, "a sequence of more than " + std::to_string(kMostSteps));
  if (type == "Sequence" && depth < 2 && member(json, "normalizers").is_array()) {
    for (const TokenizerJson& step : json["normalizers"]) add(step, where, depth + 1);
  } else if (type == "NFC") {
    steps_.push_back({.kind = Kind::nfc});
  } else if (type == "Prepend") {
    steps_.push_back({.kind = Kind::prepend, .text = short_text(json, "prepend", where)});
  } else if (type == "Replace") {
    steps_.push_back({.kind = Kind::replace,
                      .pattern = Pattern::from_json(member(json, "pattern"), where),
                      .text = short_text(json, "content", where)});
  } else {
    unsupported(where, "\"" + type + "\"");
  }
}

std::string Normalizer::apply(std::string text) const {
  const std::size_t most = kGrowth * (text.size() + 1);
  for (const Step& step : steps_) {
    if (step.kind == Kind::nfc) text = to_nfc(std::move(text));
    else if (step.kind == Kind::replace)
      text = with_replacements(text, step.pattern, step.text, most);
    else if (!text.empty()) text.insert(0, step.text);
  }
  return text;
}

}  // namespace tinyzero
