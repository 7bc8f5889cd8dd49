// The normalizer of tokenizer.json: NFC, Prepend, Replace, and sequences of them.
#pragma once

#include <string>
#include <vector>

#include "core/text/pattern.h"

namespace tinyzero {

// Unicode's normal form C, in time n log n for any text; `text` must be UTF-8.
std::string to_nfc(std::string text);

class Normalizer {
 public:
  Normalizer() = default;  // changes nothing
  // Throws Error that begins with `where` for a kind that is not supported.
  Normalizer(const TokenizerJson& json, const std::string& where);

  bool empty() const { return steps_.empty(); }
  // `text` must be UTF-8.
  std::string apply(std::string text) const;

 private:
  enum class Kind { nfc, prepend, replace };
  struct Step {
    Kind kind;
    Pattern pattern = {};   // what to replace
    std::string text = {};  // the prefix, or the replacement
  };
  void add(const TokenizerJson& json, const std::string& where, int depth);

  std::vector<Step> steps_;
};

}  // namespace tinyzero
