#include "core/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero {
namespace {

// Bytes of a token, and so the most steps that finding tokens takes for a byte of text.
constexpr std::size_t kLongest = 1024;

// Whether a character belongs to a word: Alphabetic, marks, decimal digits, connectors, joiners (\w
// of Unicode's UTS 18).
bool is_word(std::uint32_t code) {
  const utf8proc_int32_t character = code;
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default:  // joiners, and the letters in circles and squares, which are symbols
      return code == 0x200C || code == 0x200D || (code >= 0x24B6 && code <= 0x24E9) ||
             (code >= 0x1F130 && code <= 0x1F149) || (code >= 0x1F150 && code <= 0x1F169) ||
             (code >= 0x1F170 && code <= 0x1F189);
  }
}

// The first byte of the character that ends before text[end].
std::size_t character_before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

bool ends_in_word(std::string_view text, std::size_t end) {
  if (end == 0) return false;
  const Utf8Part part = utf8_part(text, character_before(text, end));
  return part.valid && is_word(part.code);
}

bool begins_with_word(std::string_view text, std::size_t start) {
  if (start == text.size()) return false;
  const Utf8Part part = utf8_part(text, start);
  return part.valid && is_word(part.code);
}

// The start of the white space that ends at `end`, no earlier than `least`.
std::size_t space_before(std::string_view text, std::size_t end, std::size_t least) {
  while (end > least) {
    const std::size_t at = character_before(text, end);
    const Utf8Part part = utf8_part(text, at);
    if (!part.valid || !is_white_space(part.code)) break;
    end = at;
  }
  return std::max(end, least);
}

std::size_t space_behind(std::string_view text, std::size_t start) {
  while (start < text.size()) {
    const Utf8Part part = utf8_part(text, start);
    if (!part.valid || !is_white_space(part.code)) break;
    start += part.size;
  }
  return start;
}

}  // namespace

std::uint32_t TextSet::step(std::uint32_t node, unsigned char byte) const {
  if (node == 0) return first_[byte];
  for (const auto& [label, child] : nodes_[node].next) {
    if (label == byte) return child;
  }
  return 0;
}

void TextSet::add(std::string_view text, std::size_t value) {
  std::uint32_t at = 0;
  for (const unsigned char byte : text) {
    std::uint32_t next = step(at, byte);
    if (next == 0) {
      next = nodes_.size();
      nodes_.emplace_back();
      if (at == 0) first_[byte] = next;
      else nodes_[at].next.emplace_back(byte, next);
    }
    at = next;
  }
  if (nodes_[at].value == SIZE_MAX) nodes_[at].value = value;
}

std::optional<TextSet::Match> TextSet::longest(std::string_view text, std::size_t at) const {
  std::optional<Match> found;
  std::uint32_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    node = step(node, text[i]);
    if (node == 0) break;
    if (nodes_[node].value != SIZE_MAX) found = {nodes_[node].value, i + 1 - at};
  }
  return found;
}

AddedTokens::AddedTokens(const TokenizerJson& json, const Normalizer& normalizer,
                         const std::string& where) {
  if (json.is_null()) return;
  if (!json.is_array()) throw Error(where + ": \"added_tokens\" is not a list");
  for (const TokenizerJson& entry : json)
    add(entry, where + ": added token " + std::to_string(tokens_.size() + 1));
  index(normalizer);
}

void AddedTokens::add(const TokenizerJson& entry, const std::string& name) {
  if (!entry.is_object() || !member(entry, "content").is_string() ||
      !member(entry, "id").is_number_integer())
    throw Error(name + " has no \"content\" or no \"id\"");
  const bool special = flag_of(entry, "special", false, name);
  const std::int64_t id = number_of(entry, "id", -1, name);
  tokens_.push_back({.id = static_cast<std::int32_t>(std::clamp<std::int64_t>(id, -1, INT32_MAX)),
                     .content = text_of(entry, "content", "", name),
                     .shown = {},
                     .special = special,
                     .single_word = flag_of(entry, "single_word", false, name),
                     .lstrip = flag_of(entry, "lstrip", false, name),
                     .rstrip = flag_of(entry, "rstrip", false, name),
                     .normalized = flag_of(entry, "normalized", !special, name)});
  const std::string& content = tokens_.back().content;
  if (content.empty() || content.size() > kLongest)
    unsupported(name, "a text of " + std::to_string(content.size()) + " bytes");
  if (!index_.emplace(content, tokens_.size() - 1).second)
    throw Error(name + ", \"" + content + "\", appears twice");
}

// Special tokens come first, as in the `tokenizers` library, which matters where two are normalized
// to the same text.
void AddedTokens::index(const Normalizer& normalizer) {
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      AddedToken& token = tokens_[i];
      if (token.special != special) continue;
      token.shown = token.normalized ? normalizer.apply(token.content) : token.content;
      (token.normalized ? normalized_ : plain_).add(token.shown, i);
    }
  }
}

const AddedToken* AddedTokens::find(const std::string& content) const {
  const auto found = index_.find(content);
  return found == index_.end() ? nullptr : &tokens_[found->second];
}

std::vector<AddedTokens::Segment> AddedTokens::split(std::string_view text, bool normalized) const {
  std::vector<Segment> out;
  const TextSet& set = normalized ? normalized_ : plain_;
  std::size_t done = 0;
  const std::size_t searched = set.empty() ? 0 : text.size();
  for (std::size_t at = 0; at < searched;) {
    const auto match = set.longest(text, at);
    if (!match) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[match->value];
    std::size_t start = at;
    std::size_t end = at + match->length;
    at = end;  // even if it is rejected below, no other token is looked for inside
    if (token.single_word && (ends_in_word(text, start) || begins_with_word(text, end))) continue;
    if (token.lstrip) start = space_before(text, start, done);
    if (token.rstrip) end = space_behind(text, end);
    if (done < start) out.push_back({.token = nullptr, .start = done, .end = start});
    out.push_back({.token = &token, .start = start, .end = end});
    done = end;
  }
  if (done < text.size()) out.push_back({.token = nullptr, .start = done, .end = text.size()});
  return out;
}

}  // namespace tinyzero
