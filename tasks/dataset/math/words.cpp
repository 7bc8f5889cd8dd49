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
constexpr std::string_view kUnits[] = {"cm", "mm", "km", "nm", "kg", "mg", "lb", "oz", "ft", "mi",
                                       "yd", "hr", "ms", "ml", "mL", "kW", "Hz", "am", "pm"};

template <std::size_t n>
bool is_one_of(const std::string_view (&words)[n], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

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

bool is_unit(std::string_view letters) { return is_word(letters) || is_one_of(kUnits, letters); }

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
