// The decoder of tokenizer.json: tokens back into text, all at once or as they come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer_file.h"

namespace tinyzero {

// Special tokens (the end of a turn, say) are no text: they are left out unless somebody wants to
// see them.
enum class Specials { skip, keep };

class Decoder {
 public:
  Decoder() = default;
  // ByteLevel, or Replace …, ByteFallback, Fuse, Strip in this order. Throws Error that begins with
  // `where` for another.
  Decoder(const TokenizerJson& json, const std::string& where);

  // The token `id` reads `content`. Throws Error for an id that is already taken by another text.
  void set(std::int64_t id, const std::string& content, bool special, const std::string& where);

  std::int64_t size() const { return std::ssize(tokens_); }
  bool byte_level() const { return byte_level_; }

  // The bytes of the tokens; where a byte-level token ends inside a character, its bytes stand
  // alone. Ids without a token are left out.
  std::string decode(const std::vector<std::int32_t>& ids, Specials specials) const;

 private:
  friend class TextStream;

  struct Token {
    std::string text;  // bytes of a byte-level token; otherwise what Replace made of the content
    std::string content;
    bool there = false, special = false, byte = false;  // byte: <0xHH>, whose text is that byte
  };

  const Token* find(std::int32_t id, Specials specials) const;

  bool byte_level_ = true, byte_fallback_ = false;
  std::vector<std::pair<std::string, std::string>> replacements_;
  char stripped_ = 0;               // what is taken from the beginning of the text,
  std::int64_t strip_at_most_ = 0;  // so often
  std::vector<Token> tokens_;
};

// Text of tokens that come one by one: never a part of a character, and bytes that are none as
// U+FFFD. All that push() and finish() return, put together, is the text of all tokens.
class TextStream {
 public:
  // The decoder must outlive the stream.
  explicit TextStream(const Decoder& decoder, Specials specials = Specials::skip);

  // What can be shown now; may be empty.
  std::string push(std::int32_t id);
  // What was held back.
  std::string finish();

 private:
  std::string take_held();
  std::string without_strip(std::string text);

  const Decoder& decoder_;
  Specials specials_;
  std::string held_;  // bytes that are not yet a character
  std::int64_t strip_;
};

}  // namespace tinyzero
