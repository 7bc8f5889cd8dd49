// Letters in mathematical answers: which of them are functions, units, words and variables.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace tinyzero::dataset {

template <std::size_t n>
bool is_one_of(const std::string_view (&words)[n], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// "sin", "ln", …
bool is_function(std::string_view name);
// Names of variables in LaTeX: "alpha", …
bool is_greek(std::string_view name);
// Commands of LaTeX that mean something which is not computed here: "int", "mathbb", …
bool is_known_command(std::string_view name);
// "and" and "or".
bool is_conjunction(std::string_view word);
// A word of a language, not a product of variables: three letters or more, or "no".
bool is_word(std::string_view letters);
// Whether a text is a word or several, as "Tuesday" and "no solution" are.
bool is_text(std::string_view text);
// What may follow a number as its unit: a unit's name or sign, or a plural that is no word for a
// number ("apples", but not "thirds").
bool is_unit(std::string_view letters);
// Up to three words of a unit: "square meters", "miles per hour".
bool is_unit_phrase(std::string_view text);
// One letter that may be a unit's sign or a variable: "m".
bool is_unit_letter(std::string_view letter);

}  // namespace tinyzero::dataset
