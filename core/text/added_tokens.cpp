#include "core/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero {
namespace {

constexpr std::size_t kLongest =
    1024;  // bytes: finding tokens takes so many steps for a byte of text, at most

// Whether a character belongs to a word: Alphabetic, marks, decimal digits, connectors, joiners (\w
// of Unicode's UTS 18).
bool is_word(std::uint32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
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

// The place of the character that ends before text[end].
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

// Where the white space that ends at `end` begins, no earlier than `least`.
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
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    std::uint32_t next = step(at, byte);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      if (at == 0) first_[byte] = next;
      else nodes_[at].next.emplace_back(byte, next);
    }
    at = next;
  }
  if (nodes_[at].value == SIZE_MAX)
    nodes_[at].value = value;  // of two that are normalized to the same, the first
}

bool TextSet::longest(std::string_view text, std::size_t at, std::size_t& value,
                      std::size_t& length) const {
  bool found = false;
  std::uint32_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    node = step(node, static_cast<unsigned char>(text[i]));
    if (node == 0) break;
    if (nodes_[node].value == SIZE_MAX) continue;
    value = nodes_[node].value;
    length = i + 1 - at;
    found = true;
  }
  return found;
}

AddedTokens::AddedTokens(const TokenizerJson& json, const Normalizer& normalizer,
                         const std::string& where) {
  if (json.is_null()) return;
  if (!json.is_array()) throw Error(where + ": \"added_tokens\" is no list");
  for (const TokenizerJson& entry : json) {
    const std::string name = where + ": added token " + std::to_string(tokens_.size() + 1);
    if (!entry.is_object() || !member(entry, "content").is_string() ||
        !member(entry, "id").is_number_integer())
      throw Error(name + " has no \"content\" or no \"id\"");
    const bool special = flag_of(entry, "special", false, name);
    tokens_.push_back({static_cast<std::int32_t>(std::clamp<std::int64_t>(
                           number_of(entry, "id", -1, name), -1, INT32_MAX)),
                       text_of(entry, "content", "", name),
                       {},
                       special,
                       flag_of(entry, "single_word", false, name),
                       flag_of(entry, "lstrip", false, name),
                       flag_of(entry, "rstrip", false, name),
                       flag_of(entry, "normalized", !special, name)});
    const AddedToken& token = tokens_.back();
    if (token.content.empty() || token.content.size() > kLongest)
      unsupported(name, "a text of " + std::to_string(token.content.size()) + " bytes");
    if (!places_.emplace(token.content, tokens_.size() - 1).second)
      throw Error(name + ", \"" + token.content + "\", stands twice");
  }
  // Special ones come first, as in the `tokenizers` library: it matters where two are normalized to
  // the same text.
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      AddedToken& token = tokens_[i];
      if (token.special != special) continue;
      token.shown = token.normalized ? normalizer.apply(token.content) : token.content;
      (token.normalized ? any_normalized_ : any_plain_) = true;
      (token.normalized ? normalized_ : plain_).add(token.shown, i);
    }
  }
}

const AddedToken* AddedTokens::find(const std::string& content) const {
  const auto found = places_.find(content);
  return found == places_.end() ? nullptr : &tokens_[found->second];
}

std::vector<AddedTokens::Part> AddedTokens::parts(std::string_view text, bool normalized) const {
  std::vector<Part> out;
  const TextSet& set = normalized ? normalized_ : plain_;
  std::size_t done = 0;
  const std::size_t searched = (normalized ? any_normalized_ : any_plain_) ? text.size() : 0;
  for (std::size_t at = 0; at < searched;) {
    std::size_t value = 0, length = 0;
    if (!set.longest(text, at, value, length)) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[value];
    std::size_t start = at, end = at + length;
    at = end;  // also where the token is not meant, nothing else is looked for inside
    if (token.single_word && (ends_in_word(text, start) || begins_with_word(text, end))) continue;
    if (token.lstrip) start = space_before(text, start, done);
    if (token.rstrip) end = space_behind(text, end);
    if (done < start) out.push_back({nullptr, done, start});
    out.push_back({&token, start, end});
    done = end;
  }
  if (done < text.size()) out.push_back({nullptr, done, text.size()});
  return out;
}

}  // namespace tinyzero
