// @NAME@: write a few digits in reverse order. A small task that works: change it into yours.
//
// A problem is drawn from (seed, index) alone; an answer is judged from the problem's state alone.
// Decide what makes two problems the same (key), what verify needs (state), and which reasons
// explain a reward (reasons).

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinyzero/answer.h"
#include "tinyzero/task.h"

namespace {

using namespace tinyzero;

// The digits with the separator between them.
std::string joined(const std::vector<std::int64_t>& digits, const char* separator) {
  std::string out;
  for (const std::int64_t digit : digits)
    out += (out.empty() ? "" : separator) + std::to_string(digit);
  return out;
}

struct Task {
  // The settings of an experiment's YAML. Names, ranges and texts become help and error messages.
  struct Settings {
    std::int64_t digits = 5;
    double slip = 0.5;
    void describe(SettingsTable& t) {
      t.add("digits", digits, "how many digits a problem has").between(2, 20);
      t.add("slip", slip, "chance that a demonstration swaps two digits").between(0, 1);
    }
  };

  static constexpr About about{
      "@NAME@", "write digits in reverse order", "0.1.0",
      "Write the digits in reverse order, separated by single blanks, between <answer> and "
      "</answer>."};
  static constexpr std::array parts{"correct"};  // names of the reward components
  static constexpr std::array reasons{"correct", "no answer", "wrong order"};
  enum Reason { correct, no_answer, wrong_order };

  explicit Task(const Settings& settings) : settings_(settings) {}

  // Pure: the draw is the only source of randomness.
  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    std::vector<std::int64_t> digits(settings_.digits);
    for (std::int64_t& digit : digits) digit = rng.between(0, 9);
    Item item;
    item.prompt = "reverse " + joined(digits, " ");
    item.key = joined(digits, " ");
    item.state = "{\"digits\":[" + joined(digits, ",") + "]}";
    item.difficulty = settings_.digits;
    return item;
  }

  // Pure, exact, and in time proportional to the answer, which may hold any bytes.
  Verdict verify(std::string_view state, std::string_view completion) const {
    const std::string expected = reversed(state);
    const auto answer = find_answer(completion);
    if (!answer) return Verdict::unparsable(no_answer);
    if (*answer != expected) return Verdict::wrong(wrong_order);
    return Verdict::right();
  }

  // Optional: an answer that earns the full reward.
  std::optional<std::string> solve(std::string_view state) const {
    return "<answer>" + reversed(state) + "</answer>";
  }

  // Optional: what a fallible person would write. The warm start teaches a new model to imitate it.
  std::string demonstrate(std::string_view state, Rng& rng) const {
    std::vector<std::int64_t> digits = digits_of(state);
    std::reverse(digits.begin(), digits.end());
    if (rng.chance(settings_.slip))
      std::swap(digits[rng.below(digits.size())], digits[rng.below(digits.size())]);
    return "<answer>" + joined(digits, " ") + "</answer>";
  }

 private:
  static std::vector<std::int64_t> digits_of(std::string_view state) {
    std::vector<std::int64_t> digits = StateReader(state).integers("digits");
    if (digits.empty()) throw BadState("\"digits\" is empty");
    return digits;
  }
  static std::string reversed(std::string_view state) {
    std::vector<std::int64_t> digits = digits_of(state);
    std::reverse(digits.begin(), digits.end());
    return joined(digits, " ");
  }

  Settings settings_;
};

}  // namespace

TINYZERO_TASK(Task, "@NAME@")
