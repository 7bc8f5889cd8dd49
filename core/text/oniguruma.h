// Translation of regular expressions from Oniguruma, the dialect of tokenizer.json, to PCRE2.
//
// Works construct by construct; what PCRE2 would read differently is written out (\s is Unicode's
// White_Space, \d is \p{Nd}, categories are Unicode 16's). A construct that no tokenizer of a known
// model uses is refused by name, so that text is never split differently from what the file means.
#pragma once

#include <string>

namespace tinyzero {

// Throws Error that begins with `where`.
std::string to_pcre2(const std::string& expression, const std::string& where);

}  // namespace tinyzero
