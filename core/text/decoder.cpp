#include "core/text/decoder.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/bpe.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// The byte named by <0xHH>; -1 for another text.
int fallback_byte(const std::string& content) {
  if (content.size() != 6 || !content.starts_with("<0x") || content[5] != '>') return -1;
  if (!is_ascii_hex_digit(content[3]) || !is_ascii_hex_digit(content[4])) return -1;
  int byte = -1;
  std::from_chars(content.data() + 3, content.data() + 5, byte, 16);
  return byte;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

Decoder::Decoder(const TokenizerJson& json, const std::string& where) {
  const std::string section = where + ": decoder";
  const std::string type = type_of(json, section);
  if (type.empty()) unsupported(section, "no decoder");
  if (type == "ByteLevel") return;
  if (type != "Sequence" || !member(json, "decoders").is_array())
    unsupported(section, "\"" + type + "\"");
  const TokenizerJson& steps = json["decoders"];
  if (steps.size() == 1 && type_of(steps[0], section) == "ByteLevel") return;
  byte_level_ = false;
  // Steps keep this order; only Replace may be repeated.
  static const std::vector<std::string> kOrder = {"Replace", "ByteFallback", "Fuse", "Strip"};
  std::size_t reached = 0;
  for (const TokenizerJson& step : steps) {
    const std::string kind = type_of(step, section);
    const std::size_t at = std::find(kOrder.begin(), kOrder.end(), kind) - kOrder.begin();
    if (at == kOrder.size() || at < reached || (at == reached && at > 0))
      unsupported(section, "\"" + kind + "\" at this position of a Sequence");
    reached = at;
    add_step(step, kind, section);
  }
}

void Decoder::add_step(const TokenizerJson& step, const std::string& kind,
                       const std::string& where) {
  if (kind == "ByteFallback") {
    byte_fallback_ = true;
  } else if (kind == "Fuse") {
    fused_ = true;
  } else if (kind == "Replace") {
    const std::string from = text_of(member(step, "pattern"), "String", "", where);
    const std::string to = text_of(step, "content", "", where);
    // Real files replace U+2581 by a space, which is shorter.
    if (from.empty() || to.size() > from.size()) unsupported(where, "this \"Replace\"");
    replacements_.emplace_back(from, to);
  } else {
    const std::string content = text_of(step, "content", "", where);
    if (!fused_ || content.size() != 1 || number_of(step, "stop", 0, where) != 0)
      unsupported(where, "this \"Strip\"");
    stripped_ = content[0];
    strip_at_most_ = number_of(step, "start", 0, where);
  }
}

void Decoder::set(std::int64_t id, const std::string& content, bool special,
                  const std::string& where) {
  if (id >= size()) tokens_.resize(id + 1);
  Token& token = tokens_[id];
  if (token.exists && token.content != content)
    throw Error(where + ": the id " + std::to_string(id) + " belongs to \"" + token.content +
                    "\" and to \"" + content + "\"",
                "the file is damaged");
  token = {.text = content, .content = content, .exists = true, .special = special};
  if (byte_level_) {
    token.text = symbols_to_bytes(content).value_or(content);
    return;
  }
  for (const auto& [from, to] : replacements_)
    token.text = replaced(std::move(token.text), from, to);
  const int byte = byte_fallback_ ? fallback_byte(token.text) : -1;
  if (byte < 0) return;
  token.byte = true;
  token.text = std::string(1, static_cast<char>(byte));
}

const Decoder::Token* Decoder::find(std::int32_t id, Specials specials) const {
  if (id < 0 || id >= size()) return nullptr;
  const Token& token = tokens_[id];
  return token.exists && (specials == Specials::keep || !token.special) ? &token : nullptr;
}

std::string Decoder::decode(const std::vector<std::int32_t>& ids, Specials specials) const {
  std::string out;
  if (byte_level_) {
    for (const std::int32_t id : ids) {
      if (const Token* token = find(id, specials)) out += token->text;
    }
    return out;
  }
  TextStream stream(*this, specials);
  for (const std::int32_t id : ids) out += stream.push(id);
  return out + stream.finish();
}

TextStream::TextStream(const Decoder& decoder, Specials specials)
    : decoder_(decoder), specials_(specials), strip_(decoder.strip_at_most_) {}

std::string TextStream::push(std::int32_t id) {
  const Decoder::Token* token = decoder_.find(id, specials_);
  if (token == nullptr) return "";
  if (decoder_.byte_level_) {
    held_ += token->text;
    const std::size_t whole = held_.size() - unfinished_bytes(held_);
    std::string out = replace_invalid(std::string_view(held_).substr(0, whole));
    held_.erase(0, whole);
    return out;
  }
  if (token->byte) {
    held_ += token->text;
    return "";
  }
  return without_strip(take_held() + token->text);
}

std::string TextStream::finish() {
  if (!decoder_.byte_level_) return without_strip(take_held());
  std::string out = replace_invalid(held_);
  held_.clear();
  return out;
}

// The text of successive byte tokens: their characters if all bytes are UTF-8, otherwise one U+FFFD
// for each byte, as in the `tokenizers` library.
std::string TextStream::take_held() {
  std::string out = std::move(held_);
  held_.clear();
  if (is_utf8(out)) return out;
  const std::size_t bytes = out.size();
  out.clear();
  for (std::size_t i = 0; i < bytes; ++i) out += kReplacement;
  return out;
}

std::string TextStream::without_strip(std::string text) {
  std::size_t cut = 0;
  while (strip_ > 0 && cut < text.size() && text[cut] == decoder_.stripped_) {
    ++cut;
    --strip_;
  }
  if (cut < text.size()) strip_ = 0;
  return text.substr(cut);
}

}  // namespace tinyzero
