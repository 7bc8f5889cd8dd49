// Search patterns of tokenizer.json: Oniguruma's expressions, run by PCRE2, and literal texts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/text/tokenizer_json.h"

namespace tinyzero {

class Pattern {
 public:
  // Reads an object {"Regex": …} or {"String": …}. Throws Error that begins with `where`.
  static Pattern from_json(const TokenizerJson& json, const std::string& where);
  static Pattern regex(const std::string& expression, const std::string& where);
  static Pattern literal(std::string text);

  // Cuts `text`, which must be UTF-8, into matches and the text between them: calls piece(start,
  // end, matches) for all of them from left to right. Throws Error for an expression that takes
  // unreasonably many steps at one position.
  using Piece = std::function<void(std::size_t start, std::size_t end, bool matches)>;
  void cut(std::string_view text, const Piece& piece) const;

 private:
  void cut_literal(std::string_view text, const Piece& piece) const;

  std::string expression_;
  std::string literal_;
  std::shared_ptr<const void> code_;  // PCRE2's; null for a literal
};

}  // namespace tinyzero
