// Judging answers that are one number, exactly: for tasks that ask for the value of something.
//
// The answer (answer.h) is right if it is the number's one canonical form: an integer without
// leading zeros, plus sign or "-0", or a fraction p/q in lowest terms where the number is not an
// integer. Expressions are never evaluated. An integer or fraction with the right value in another
// form (6/4 for 3/2) is not right, and the verdict says so.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"
#include "tinyzero/item.h"
#include "tinyzero/python_scorer.h"
#include "tinyzero/rational.h"
#include "tinyzero/settings.h"

namespace tinyzero {

inline constexpr std::array kNumberParts{"correct", "format"};
inline constexpr std::array kNumberReasons{"correct",      "no answer",
                                           "blank answer", "not a number",
                                           "wrong value",  "right value, wrong form"};

// The settings of the rule and the rule itself. A task keeps one among its settings and calls
// `describe` from theirs.
struct NumberScorer {
  std::string scorer = "strict";
  std::string framing = "base";
  double format_reward = 0.1;

  void describe(SettingsTable& t) {
    t.add("scorer", scorer,
          "strict: exact; tinyzero: the score of TinyZero's own scorer, quirks included")
        .one_of({"strict", "tinyzero"});
    t.add("framing", framing, "the framing of the prompt, which TinyZero's scorer looks for")
        .one_of({"base", "qwen", "other"})
        .only_when("scorer", "tinyzero");
    t.add("format_reward", format_reward,
          "reward of an answer that is not right; 0: only right answers count")
        .between(0, 0.99);
  }

  // A verdict with the reasons and parts above. Linear in the length of the completion.
  Verdict judge(std::string_view completion, const Rational& truth) const {
    return scorer == "strict" ? strict(completion, truth) : tinyzero(completion, truth);
  }

 private:
  enum Reason : std::uint32_t {
    kCorrect,
    kNoAnswer,
    kBlankAnswer,
    kNotANumber,
    kWrongValue,
    kWrongForm
  };

  static constexpr std::size_t kFormatPart = 1;  // index of "format" in kNumberParts

  Verdict verdict(Reason reason) const {
    if (reason == kNoAnswer || reason == kBlankAnswer) return Verdict::unparsable(reason);
    Verdict verdict = reason == kCorrect      ? Verdict::right()
                      : reason == kNotANumber ? Verdict::unparsable(reason, format_reward)
                                              : Verdict::wrong(reason, format_reward);
    verdict.parts[kFormatPart] = 1;
    return verdict;
  }

  // Removes "-?(0|[1-9][0-9]*)" from the front of `text`; false if there is none.
  static bool take_integer(std::string_view& text) {
    const auto is_digit = [&](std::size_t i) { return i < text.size() && is_ascii_digit(text[i]); };
    std::size_t end = !text.empty() && text[0] == '-' ? 1 : 0;
    const std::size_t first = end;
    while (is_digit(end)) ++end;
    if (end == first || (text[first] == '0' && end > first + 1)) return false;
    text.remove_prefix(end);
    return true;
  }
  static bool is_number(std::string_view text) {
    if (!take_integer(text)) return false;
    if (text.empty()) return true;
    if (text[0] != '/') return false;
    text.remove_prefix(1);
    return !text.empty() && text[0] != '-' && take_integer(text) && text.empty();
  }

  // The product of a decimal number and a factor below 2^63, in groups of 18 digits, the lowest
  // group first.
  static std::vector<std::uint64_t> times(std::string_view digits, std::uint64_t factor) {
    constexpr std::size_t kDigits = 18;
    constexpr std::uint64_t kGroup = 1'000'000'000'000'000'000;
    std::vector<std::uint64_t> out;
    unsigned __int128 carry = 0;
    for (std::size_t end = digits.size(); end > 0 || carry > 0;) {
      const std::size_t begin = end - std::min(end, kDigits);
      std::uint64_t group = 0;
      for (const char c : digits.substr(begin, end - begin))
        group = 10 * group + static_cast<std::uint64_t>(c - '0');
      end = begin;
      carry += static_cast<unsigned __int128>(factor) * group;
      out.push_back(static_cast<std::uint64_t>(carry % kGroup));
      carry /= kGroup;
    }
    while (!out.empty() && out.back() == 0) out.pop_back();
    return out;
  }

  // Whether a text that is_number() accepts has the value `truth`, in lowest terms or not: p/q =
  // a/b if p b = q a. Linear in the length of the text. For a truth above 63 bits only the
  // canonical form is recognized.
  static bool has_value(std::string_view text, const Rational& truth) {
    const bool negative = text[0] == '-';
    if (negative) text.remove_prefix(1);
    const std::size_t slash = text.find('/');
    const std::string_view p = text.substr(0, slash);
    const std::string_view q = slash == std::string_view::npos ? "1" : text.substr(slash + 1);
    const Rational::Integer a = truth.numerator() < 0 ? -truth.numerator() : truth.numerator();
    const Rational::Integer b = truth.denominator();
    if (q == "0" || a > INT64_MAX || b > INT64_MAX) return false;
    const bool same_sign = a == 0 || negative == (truth.numerator() < 0);
    return same_sign && times(p, b) == times(q, a);
  }

  Verdict strict(std::string_view completion, const Rational& truth) const {
    const auto answer = find_answer(completion);
    if (!answer) return verdict(kNoAnswer);
    if (answer->empty()) return verdict(kBlankAnswer);
    if (*answer == to_string(truth)) return verdict(kCorrect);
    if (!is_number(*answer)) return verdict(kNotANumber);
    return verdict(has_value(*answer, truth) ? kWrongForm : kWrongValue);
  }

  // TinyZero's multiplication scorer, which also serves its arithmetic data: the last answer on one
  // line, read by Python's int.
  Verdict tinyzero(std::string_view completion, const Rational& truth) const {
    const auto searched = python::after_marker(completion, framing, /*knows_qwen=*/false);
    const auto answer = searched ? python::last_answer(*searched) : std::nullopt;
    const auto integer = answer ? python::integer(*answer) : std::nullopt;
    if (!integer) return verdict(kNoAnswer);
    return verdict(*integer == to_string(truth) ? kCorrect : kWrongValue);
  }
};

}  // namespace tinyzero
