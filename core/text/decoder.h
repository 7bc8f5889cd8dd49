// The decoder of tokenizer.json: tokens back into text, all at once or as they arrive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer_json.h"

namespace tinyzero {

// Special tokens (an end token, say) are not text: they are skipped unless the caller wants to see
// them.
enum class Specials { skip, keep };

class Decoder {
 public:
  Decoder() = default;
  // Reads ByteLevel, or a sequence of Replace …, ByteFallback, Fuse, Strip in this order. Throws
  // Error that begins with `where` for anything else.
  Decoder(const TokenizerJson& json, const std::string& where);

  // Sets the text of token `id`. Throws Error if the id already has another text.
  void set(std::int64_t id, const std::string& content, bool special, const std::string& where);

  std::int64_t size() const { return std::ssize(tokens_); }
  bool byte_level() const { return byte_level_; }

  // The bytes of the tokens. Where a byte-level token ends inside a character, the result does,
  // too. Ids without a token are skipped.
  std::string decode(const std::vector<std::int32_t>& ids, Specials specials) const;

 private:
  friend class TextStream;

  struct Token {
    std::string text;  // bytes of a byte-level token; otherwise the content after Replace
    std::string content;
    bool exists = false;
    bool special = false;
    bool byte = false;  // the content is <0xHH>, and the text is that byte
  };

  void add_step(const TokenizerJson& step, const std::string& kind, const std::string& where);
  const Token* find(std::int32_t id, Specials specials) const;

  bool byte_level_ = true;
  bool byte_fallback_ = false;
  bool fused_ = false;
  std::vector<std::pair<std::string, std::string>> replacements_;
  char stripped_ = 0;               // the character to remove from the start of the text
  std::int64_t strip_at_most_ = 0;  // how often to remove it
  std::vector<Token> tokens_;
};

// Text of tokens that arrive one by one: only whole characters, and U+FFFD for bytes that are not
// UTF-8. The results of push() and finish(), joined, are the text of all tokens.
class TextStream {
 public:
  // The decoder must outlive the stream.
  explicit TextStream(const Decoder& decoder, Specials specials = Specials::skip);

  // The text that can be shown now; may be empty.
  std::string push(std::int32_t id);
  // The text that was held back.
  std::string finish();

 private:
  std::string take_held();
  std::string without_strip(std::string text);

  const Decoder& decoder_;
  Specials specials_;
  std::string held_;    // bytes that are not yet a character
  std::int64_t strip_;  // characters still to be stripped
};

}  // namespace tinyzero
