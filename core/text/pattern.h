// Expressions of tokenizer.json, which are Oniguruma's, through PCRE2; and plain texts that are
// looked for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/text/tokenizer_file.h"

namespace tinyzero {

class Pattern {
 public:
  // Of an object {"Regex": …} or {"String": …}; throws Error that begins with `where`.
  static Pattern from_json(const TokenizerJson& json, const std::string& where);
  static Pattern regex(const std::string& expression, const std::string& where);
  static Pattern literal(std::string text);

  // Cuts `text`, which must be UTF-8, into what matches and what stands between: calls part(start,
  // end, matches) from left to right, nothing left out. Throws Error for an expression that takes
  // unreasonably many steps at one place.
  using Part = std::function<void(std::size_t start, std::size_t end, bool matches)>;
  void cut(std::string_view text, const Part& part) const;

 private:
  void cut_literal(std::string_view text, const Part& part) const;

  std::string expression_, literal_;
  std::shared_ptr<const void> code_;  // PCRE2's; null for a literal
};

}  // namespace tinyzero
