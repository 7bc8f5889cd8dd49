// Added tokens: texts such as <|im_end|> that are one token wherever they stand, found before
// anything else is done.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/normalizer.h"

namespace tinyzero {

struct AddedToken {
  std::int32_t id;
  std::string content;
  std::string shown;    // the content, normalized if the token is
  bool special;         // left out of decoded text
  bool single_word;     // only where no letter or digit touches it
  bool lstrip, rstrip;  // takes the white space before it, or behind it, along
  bool normalized;      // found in the normalized text, and normalized itself
};

// Finds the longest of some texts that begins at a place.
class TextSet {
 public:
  void add(std::string_view text, std::size_t value);
  // The value of the longest text that begins at text[at], and its length; false if none does.
  bool longest(std::string_view text, std::size_t at, std::size_t& value,
               std::size_t& length) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> next;
    std::size_t value = SIZE_MAX;
  };
  std::uint32_t step(std::uint32_t node, unsigned char byte) const;  // 0: nowhere

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<std::uint32_t, 256> first_ =
      {};  // the steps from the root, which nearly every byte of a text asks for
};

class AddedTokens {
 public:
  AddedTokens() = default;
  // Of the file's "added_tokens". Throws Error that begins with `where` for what is not supported.
  AddedTokens(const TokenizerJson& json, const Normalizer& normalizer, const std::string& where);

  const std::vector<AddedToken>& all() const { return tokens_; }
  // The token with this text, null if there is none.
  const AddedToken* find(const std::string& content) const;

  // A part of a text: a token, or, if `token` is null, text between tokens.
  struct Part {
    const AddedToken* token;
    std::size_t start, end;
  };
  // The parts of `text`, from left to right; of tokens that are `normalized`, or of the others.
  std::vector<Part> parts(std::string_view text, bool normalized) const;

 private:
  std::vector<AddedToken> tokens_;
  std::map<std::string, std::size_t> places_;
  TextSet plain_, normalized_;
  bool any_plain_ = false, any_normalized_ = false;
};

}  // namespace tinyzero
