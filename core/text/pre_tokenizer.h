// The pre-tokenizer of tokenizer.json: cuts text into the pieces that byte pair encoding works on,
// each by itself.
//
// Split with every behaviour, Digits, Metaspace, ByteLevel, and sequences of them. ByteLevel's
// change of bytes into printable symbols is not done here: pieces stay text, and the vocabulary is
// kept in bytes (bpe.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/pattern.h"

namespace tinyzero {

class PreTokenizer {
 public:
  PreTokenizer() = default;  // one piece
  // Throws Error that begins with `where` for a kind that is not supported.
  PreTokenizer(const TokenizerJson& json, const std::string& where);

  // Whether the vocabulary is one of byte symbols.
  bool byte_level() const { return byte_level_; }
  // Whether it gives every text as one piece, unchanged.
  bool whole() const { return steps_.empty(); }

  // Calls piece(…) for every piece of `text`, which must be UTF-8, from left to right; a piece is
  // there during the call only. `at_start`: the text is the beginning of what a person wrote.
  using Piece = std::function<void(std::string_view)>;
  void split(std::string_view text, bool at_start, const Piece& piece) const {
    run(0, text, at_start, piece);
  }

 private:
  enum class Behaviour { isolated, removed, contiguous, merged_with_previous, merged_with_next };
  enum class Kind { split, prefix, metaspace };
  struct Step {
    Kind kind;
    Pattern pattern;                            // split
    Behaviour behaviour = Behaviour::isolated;  // split
    bool invert = false;    // split: what lies between matches counts as the match
    std::string text = {};  // prefix: put in front of pieces that do not begin with it; metaspace:
                            // what a space becomes
    bool always = false, first = false;  // metaspace: put it in front of every piece; of the first
  };

  void add(const TokenizerJson& json, const std::string& where, int depth);
  void add_byte_level(const TokenizerJson& json, const std::string& where);
  void add_metaspace(const TokenizerJson& json, const std::string& where);
  void run(std::size_t step, std::string_view text, bool at_start, const Piece& piece) const;
  static void cut(const Step& step, std::string_view text, const Pattern::Part& piece);

  std::vector<Step> steps_;
  bool byte_level_ = false;
};

}  // namespace tinyzero
