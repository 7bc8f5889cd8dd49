// Expressions of Oniguruma, in which tokenizer.json is written, in PCRE2's words.
//
// Translated construct by construct: what PCRE2 would read differently is written out (\s is
// Unicode's White_Space, \d is \p{Nd}, categories are those of Unicode 16). A construct outside of
// what the tokenizers of known models use is refused by name, so that no text is ever split in
// another way than the file means.
#pragma once

#include <string>

namespace tinyzero {

// Throws Error that begins with `where`.
std::string to_pcre2(const std::string& expression, const std::string& where);

}  // namespace tinyzero
