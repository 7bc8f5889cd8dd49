#include "traits.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tinyzero/answer.h"
#include "tinyzero/equations.h"
#include "tinyzero/rational.h"

namespace tinyzero::countdown {
namespace {

// A value that can be used, and how it was made.
struct Term {
  Rational value;                 // as it is written
  std::optional<Rational> truth;  // computed anew; nullopt: it divides by zero or is too large
  int derivation = 0;             // two terms that were made the same way have the same
};
using Terms = std::vector<Term>;

// Names derivations by numbers: both orders of a sum or product have the same one.
class Derivations {
 public:
  int of_number(std::int64_t number) { return name({"", number, 0}); }
  int of_operation(char op, int left, int right) {
    if (op == '+' || op == '*') std::tie(left, right) = std::minmax({left, right});
    return name({std::string(1, op), left, right});
  }
  // Of an equation that is none of the problem's.
  int of_text(std::string_view left) { return name({"=" + std::string(left), 0, 0}); }

 private:
  using Made = std::tuple<std::string, std::int64_t, std::int64_t>;

  int name(Made made) {
    return names_.emplace(std::move(made), static_cast<int>(names_.size())).first->second;
  }

  std::map<Made, int> names_;
};

// Removes a term of this value, the newest one. Its derivation tells equal values apart.
std::optional<Term> take_term(Terms& terms, const Rational& value) {
  for (auto term = terms.rbegin(); term != terms.rend(); ++term) {
    if (!(term->value == value)) continue;
    Term taken = *term;
    terms.erase(std::next(term).base());
    return taken;
  }
  return std::nullopt;
}

class Search {
 public:
  explicit Search(const Problem& problem) : target_(problem.target) {
    Terms numbers;
    for (const std::int64_t number : problem.numbers)
      numbers.push_back({number, Rational(number), derivations_.of_number(number)});
    path_.push_back(std::move(numbers));
  }

  // `listed` are the values behind the equation: in a demonstration those that are left.
  void step(const Equation& equation, const std::vector<Rational>& listed) {
    ++steps;
    slips += equation.is_right() ? 0 : 1;
    const std::optional<Next> next = next_of(equation, listed);
    if (!next) {
      strays += equation.value ? 1 : 0;
      others_.push_back(derivations_.of_text(equation.left));
      return;
    }
    if (ended_ || next->depth + 1 < path_.size()) {
      if (has_begun()) end_attempt();
      backtracks += next->depth > 0 ? 1 : 0;
      path_.resize(next->depth + 1);
      others_.clear();
      ended_ = false;
    }
    path_.push_back(next->terms);
    if (path_.back().size() == 1) end_attempt();
  }

  // A mark behind an equation: the attempt has ended.
  void mark(bool claims_hit) {
    if (has_begun() || !others_.empty()) end_attempt();
    if (!ended_ || !claims_hit) return;
    ++claims;
    true_claims += last_hits_ ? 1 : 0;
  }

  double attempts = 0, new_attempts = 0, after_miss = 0, right_after_miss = 0, backtracks = 0;
  double steps = 0, slips = 0, strays = 0, claims = 0, true_claims = 0, hits = 0;
  double right_first = kNoTrait, nearest = kNoTrait;

 private:
  struct Next {
    std::size_t depth = 0;  // the place in the path that it goes on from
    Terms terms;            // after it
  };

  // Where the equation goes on: from the values of now, or else from the latest ones before that
  // have its operands. Of several, those count whose other values are the listed ones.
  std::optional<Next> next_of(const Equation& equation, const std::vector<Rational>& listed) {
    std::optional<Next> first;
    for (std::size_t depth = path_.size(); depth-- > 0;) {
      if (!has_an_operand(path_[depth], equation)) continue;  // before anything is copied
      for (const bool single : {true, false}) {
        std::optional<Terms> terms =
            single ? after_single(path_[depth], equation) : after_all(path_[depth], equation);
        if (!terms) continue;
        terms->back().value = equation.written.value_or(terms->back().value);
        if (is_listed(*terms, listed)) return Next{depth, std::move(*terms)};
        if (!first) first = Next{depth, std::move(*terms)};
      }
    }
    return first;
  }

  static bool has_an_operand(const Terms& terms, const Equation& equation) {
    const auto has = [&](const Rational& value) {
      return std::ranges::any_of(terms, [&](const Term& term) { return term.value == value; });
    };
    return (equation.single && has(equation.single->left)) ||
           (!equation.operations.empty() && has(equation.operations[0].left));
  }

  std::optional<Terms> after_single(const Terms& terms, const Equation& equation) {
    return equation.single ? after(terms, {*equation.single}) : std::nullopt;
  }
  std::optional<Terms> after_all(const Terms& terms, const Equation& equation) {
    return equation.operations.empty() ? std::nullopt : after(terms, equation.operations);
  }

  // The terms after some operations; nullopt if an operand is not there.
  std::optional<Terms> after(Terms terms, const std::vector<Operation>& operations) {
    for (const Operation& o : operations) {
      const std::optional<Term> left = take_term(terms, o.left);
      const std::optional<Term> right = left ? take_term(terms, o.right) : std::nullopt;
      if (!right) return std::nullopt;
      Term result{o.left, left->truth,
                  derivations_.of_operation(o.op, left->derivation, right->derivation)};
      if (result.value.apply(o.op, o.right) != Rational::Status::ok) return std::nullopt;
      if (result.truth &&
          (!right->truth || result.truth->apply(o.op, *right->truth) != Rational::Status::ok))
        result.truth.reset();
      terms.push_back(result);
    }
    return terms;
  }

  static bool is_listed(const Terms& terms, const std::vector<Rational>& listed) {
    return listed.size() + 1 == terms.size() &&
           std::is_permutation(
               terms.begin(), terms.end() - 1, listed.begin(),
               [](const auto& a, const auto& b) { return value_of(a) == value_of(b); });
  }
  static const Rational& value_of(const Term& term) { return term.value; }
  static const Rational& value_of(const Rational& value) { return value; }

  // Whether the path is that of an attempt that has not ended.
  bool has_begun() const { return !ended_ && path_.size() > 1; }

  void end_attempt() {
    const Terms left = has_begun() ? path_.back() : Terms();  // none: it had only other equations
    const bool is_whole = left.size() == 1;
    const std::optional<Rational> value = is_whole ? left[0].truth : std::nullopt;
    last_hits_ = value && *value == target_;
    if (value) note_distance(*value);
    std::vector<int> made = is_whole ? std::vector<int>() : others_;
    for (const Term& term : left) made.push_back(term.derivation);
    std::sort(made.begin(), made.end());
    if (tried_.insert(std::move(made)).second) ++new_attempts;
    others_.clear();
    ended_ = true;
    ++attempts;
    if (attempts == 1) {
      right_first = last_hits_ ? 1 : 0;
    } else if (hits == 0) {
      ++after_miss;
      right_after_miss += last_hits_ ? 1 : 0;
    }
    hits += last_hits_ ? 1 : 0;
  }

  void note_distance(Rational value) {
    if (value.apply('-', target_) != Rational::Status::ok) return;
    nearest = std::fmin(nearest, std::fabs(to_double(value)));  // of a number and NaN, the number
  }

  Rational target_;
  Derivations derivations_;
  std::vector<Terms> path_;  // the values after each step of the attempt; first the problem's
  std::vector<int> others_;  // equations of the attempt that do not combine these values
  bool ended_ = false;
  bool last_hits_ = false;
  std::set<std::vector<int>> tried_;
};

// The numbers behind an equation, which are removed from the front of `text`.
std::vector<Rational> take_listed(std::string_view& text) {
  std::vector<Rational> out;
  while (!text.empty() && text[0] == ' ') {
    std::string_view rest = text.substr(1);
    const std::optional<Rational> value = take_number(rest);
    if (!value) break;
    out.push_back(*value);
    text = rest;
  }
  return out;
}

}  // namespace

std::array<double, kTraits.size()> count_traits(const Problem& problem,
                                                std::string_view completion) {
  Search search(problem);
  const std::string plain = with_plain_operators(before_answer(completion));
  const std::string_view text = plain;
  EquationReader equations(text);
  while (const std::optional<Equation> equation = equations.next()) {
    std::string_view behind = text.substr(equation->end);
    search.step(*equation, take_listed(behind));
    behind.remove_prefix(std::min(behind.find_first_not_of(' '), behind.size()));
    const bool is_unequal = behind.substr(0, 2) == "!=";
    if (!behind.empty() && (behind[0] == '?' || (behind[0] == '!' && !is_unequal)))
      search.mark(behind[0] == '!');
  }
  const auto answer = find_answer(completion);
  const bool answers = answer && !answer->empty() && search.attempts > 0;
  return {search.attempts,
          search.new_attempts,
          trait_share(search.attempts - search.new_attempts, search.attempts),
          search.right_first,
          search.after_miss,
          trait_share(search.right_after_miss, search.after_miss),
          search.backtracks,
          search.steps,
          trait_share(search.slips, search.steps),
          trait_share(search.strays, search.steps),
          search.claims,
          trait_share(search.true_claims, search.claims),
          answers ? (search.hits == 0 && search.claims == 0 ? 1.0 : 0.0) : kNoTrait,
          search.nearest};
}

}  // namespace tinyzero::countdown
