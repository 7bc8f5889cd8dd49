// Added tokens: texts such as <|im_end|> that always become a single token. They are found before
// any other step.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/normalizer.h"

namespace tinyzero {

struct AddedToken {
  std::int32_t id;
  std::string content;
  std::string shown;  // the content, normalized if the token is
  bool special;       // left out of decoded text
  bool single_word;   // found only where no letter or digit touches it
  bool lstrip;        // absorbs the white space before it
  bool rstrip;        // absorbs the white space after it
  bool normalized;    // found in the normalized text, and normalized itself
};

// Finds the longest of a set of texts at a position.
class TextSet {
 public:
  // Adds a text. Of equal texts the first one counts.
  void add(std::string_view text, std::size_t value);

  bool empty() const { return nodes_.size() == 1; }

  struct Match {
    std::size_t value;
    std::size_t length;  // in bytes
  };
  // The longest text of the set that starts at text[at].
  std::optional<Match> longest(std::string_view text, std::size_t at) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> next;
    std::size_t value = SIZE_MAX;
  };
  std::uint32_t step(std::uint32_t node, unsigned char byte) const;  // 0: no such step

  std::vector<Node> nodes_ = std::vector<Node>(1);
  // Steps from the root, which are taken for every byte of a text.
  std::array<std::uint32_t, 256> first_ = {};
};

class AddedTokens {
 public:
  AddedTokens() = default;
  // Reads "added_tokens" of a tokenizer.json. Throws Error that begins with `where` for what is not
  // supported.
  AddedTokens(const TokenizerJson& json, const Normalizer& normalizer, const std::string& where);

  const std::vector<AddedToken>& all() const { return tokens_; }
  // The token with this text, null if there is none.
  const AddedToken* find(const std::string& content) const;

  // A token in a text, or, if `token` is null, text between tokens.
  struct Segment {
    const AddedToken* token;
    std::size_t start;
    std::size_t end;
  };
  // Splits `text` at its added tokens: either those that are `normalized`, or the others.
  std::vector<Segment> split(std::string_view text, bool normalized) const;

 private:
  void add(const TokenizerJson& entry, const std::string& name);
  void index(const Normalizer& normalizer);

  std::vector<AddedToken> tokens_;
  std::map<std::string, std::size_t> index_;  // in tokens_, by content
  TextSet plain_;
  TextSet normalized_;
};

}  // namespace tinyzero
