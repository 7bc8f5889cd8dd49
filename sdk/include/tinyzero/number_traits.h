// Traits of completions whose answer is one number, for tasks that use number_scorer.h:
//
//   static constexpr auto traits = kNumberTraits;
//   auto count_traits(std::string_view state, std::string_view completion) const {
//     return number_traits(completion, truth_of(state));
//   }
#pragma once

#include <array>
#include <cmath>
#include <string_view>

#include "tinyzero/answer.h"
#include "tinyzero/equations.h"
#include "tinyzero/rational.h"
#include "tinyzero/traits.h"

namespace tinyzero {

inline constexpr std::array kNumberTraits{
    Trait{"steps", "equations that are written before the answer"},
    Trait{"slips", "share of the steps that are computed wrong", "steps"},
    Trait{"follows", "where an answer follows steps: 1 if it is the result of the last, else 0"},
    Trait{"distance", "distance of the answer from the right value"}};

inline std::array<double, kNumberTraits.size()> number_traits(std::string_view completion,
                                                              const Rational& truth) {
  double steps = 0, slips = 0;
  std::optional<Rational> last;
  const std::string text_before = with_plain_operators(before_answer(completion));
  EquationReader equations(text_before);
  while (const std::optional<Equation> equation = equations.next()) {
    ++steps;
    slips += equation->is_right() ? 0 : 1;
    last = equation->written;
  }
  std::string_view text = find_answer(completion).value_or("");
  std::optional<Rational> answer = take_number(text);
  if (!text.empty()) answer.reset();
  double distance = kNoTrait;
  if (Rational apart; answer && (apart = *answer).apply('-', truth) == Rational::Status::ok)
    distance = std::fabs(to_double(apart));
  return {steps, trait_share(slips, steps),
          answer && last ? (*answer == *last ? 1.0 : 0.0) : kNoTrait, distance};
}

}  // namespace tinyzero
