#include "tasks/dataset/math/words.h"

#include <algorithm>

#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

constexpr std::string_view kFunctions[] = {"sin",    "cos",    "tan",    "cot",  "sec",  "csc",
                                           "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
                                           "ln",     "log",    "exp",    "abs",  "lg"};
constexpr std::string_view kGreek[] = {
    "alpha",  "beta",  "gamma", "delta", "epsilon", "zeta",   "eta", "theta", "iota",   "kappa",
    "lambda", "mu",    "nu",    "xi",    "rho",     "sigma",  "tau", "phi",   "varphi", "chi",
    "psi",    "omega", "Gamma", "Delta", "Theta",   "Lambda", "Phi", "Psi",   "Omega",  "ell"};
constexpr std::string_view kKnownCommands[] = {
    "int",    "iint",       "sum",      "prod",      "lim",        "mathbb",   "mathcal",
    "in",     "notin",      "setminus", "backslash", "cap",        "subset",   "subseteq",
    "vec",    "overline",   "hat",      "bar",       "angle",      "triangle", "parallel",
    "perp",   "equiv",      "pmod",     "bmod",      "mod",        "forall",   "exists",
    "to",     "rightarrow", "implies",  "mid",       "max",        "min",      "gcd",
    "lfloor", "rfloor",     "lceil",    "rceil",     "floor",      "sim",      "approx",
    "cong",   "mp",         "langle",   "rangle",    "underbrace", "det",      "prime",
    "circ",   "cdots",      "ldots",    "dots",      "overset",    "stackrel", "operatorname"};
constexpr std::string_view kUnits[] = {
    "cm",       "mm",    "km",    "nm",     "kg",     "mg",   "lb",     "oz",       "ft",
    "mi",       "yd",    "hr",    "ms",     "ml",     "mL",   "kW",     "Hz",       "am",
    "pm",       "mph",   "kmh",   "lbs",    "hrs",    "min",  "sec",    "dollar",   "cent",
    "euro",     "meter", "metre", "inch",   "foot",   "feet", "yard",   "mile",     "gram",
    "kilogram", "pound", "ounce", "liter",  "litre",  "hour", "minute", "second",   "day",
    "week",     "month", "year",  "degree", "people", "men",  "women",  "children", "percent",
    "square",   "cubic", "per",   "point",  "unit"};
// Plurals and other words that name a number or change one.
constexpr std::string_view kNumberWords[] = {
    "ones",   "twos",  "threes",   "fours",     "fives",     "sixes",       "sevens",    "eights",
    "nines",  "tens",  "hundreds", "thousands", "millions",  "billions",    "trillions", "dozens",
    "scores", "pairs", "lakhs",    "crores",    "halves",    "thirds",      "quarters",  "squares",
    "cubes",  "roots", "powers",   "negatives", "positives", "times",       "plus",      "minus",
    "less",   "zeros", "doubles",  "triples",   "inverses",  "reciprocals", "guess",     "perhaps",
    "always", "this",  "versus"};

}  // namespace

bool is_function(std::string_view name) { return is_one_of(kFunctions, name); }
bool is_greek(std::string_view name) { return is_one_of(kGreek, name); }
bool is_known_command(std::string_view name) { return is_one_of(kKnownCommands, name); }
bool is_conjunction(std::string_view word) { return word == "and" || word == "or"; }

bool is_word(std::string_view letters) {
  if (letters == "no" || letters == "No") return true;
  return letters.size() >= 3 && !is_function(letters) && letters != "sqrt" && letters != "inf" &&
         letters != "infinity";
}

bool is_unit(std::string_view letters) {
  if (is_one_of(kUnits, letters)) return true;
  const bool is_plural = letters.size() >= 4 && letters.ends_with('s') &&
                         !letters.ends_with("ss") && !letters.ends_with("ths");
  return is_plural && is_word(letters) && !is_one_of(kNumberWords, letters);
}

bool is_unit_phrase(std::string_view text) {
  std::size_t words = 0;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && text[end] != ' ') ++end;
    const std::string_view word = text.substr(0, end);
    if (end > 0 && (++words > 3 || !(is_unit(word) || is_unit_letter(word)))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool is_unit_letter(std::string_view letter) {
  return letter.size() == 1 &&
         std::string_view("mgshlLJNWVACFK").find(letter) != std::string_view::npos;
}

bool is_text(std::string_view text) {
  bool has_word = false;
  std::size_t length = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_ascii_letter(text[i])) {
      ++length;
      continue;
    }
    has_word = has_word || is_word(text.substr(i - length, length));
    length = 0;
    if (i < text.size() && std::string_view(" '-").find(text[i]) == std::string_view::npos)
      return false;
  }
  return has_word;
}

}  // namespace tinyzero::dataset
