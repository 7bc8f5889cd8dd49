// The pre-tokenizer of tokenizer.json: cuts text into pieces, which byte pair encoding treats
// independently.
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

  // Whether the vocabulary consists of byte symbols.
  bool byte_level() const { return byte_level_; }
  // Whether every text is one unchanged piece.
  bool whole() const { return steps_.empty(); }

  // Calls use(piece) for every piece of `text`, which must be UTF-8, from left to right. A piece
  // lives only during the call. `at_start` tells whether the text begins the user's text.
  using Use = std::function<void(std::string_view piece)>;
  void split(std::string_view text, bool at_start, const Use& use) const {
    run(0, text, at_start, use);
  }

 private:
  enum class Behaviour { isolated, removed, contiguous, merged_with_previous, merged_with_next };
  enum class Kind { split, prefix, metaspace };
  enum class Prepend { never, first, always };
  struct Step {
    Kind kind;
    Pattern pattern = {};                       // split
    Behaviour behaviour = Behaviour::isolated;  // split
    bool invert = false;                        // split: swaps matches and the text between them
    // prefix: goes before pieces that do not begin with it; metaspace: replaces spaces.
    std::string text = {};
    Prepend prepend = Prepend::never;  // metaspace: which pieces get `text` in front
  };

  void add(const TokenizerJson& json, const std::string& where, int depth);
  void add_split(const TokenizerJson& json, const std::string& where);
  void add_digits(const TokenizerJson& json, const std::string& where);
  void add_byte_level(const TokenizerJson& json, const std::string& where);
  void add_metaspace(const TokenizerJson& json, const std::string& where);
  static Behaviour behaviour_of(const std::string& name, const std::string& where);

  // Does all steps from number `step` on.
  void run(std::size_t step, std::string_view text, bool at_start, const Use& use) const;
  static std::string with_metaspaces(const Step& step, std::string_view text, bool at_start);
  static void cut(const Step& step, std::string_view text, const Pattern::Piece& use);

  std::vector<Step> steps_;
  bool byte_level_ = false;
};

}  // namespace tinyzero
