// The portable task with the C++ layer: for builds by other compilers, standards and standard
// libraries.
#include "tinyzero/task.h"
#include "problem.h"
#include "tinyzero/answer.h"

using namespace tinyzero;

struct Sum {
  struct Settings {
    std::int64_t most = 999;
    void describe(SettingsTable& t) { t.add("most", most, "largest number").between(1, 999); }
  };
  static constexpr About about{"portable", "add two numbers", "1.0.0", "For tests."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct", "no answer", "wrong value"};

  explicit Sum(const Settings& settings) : most_(settings.most) {
    if (most_ == 13) throw std::invalid_argument("most is 13");
  }

  Item draw(Draw draw) const {
    const auto a = portable_number(draw.seed, draw.index, 0) % (most_ + 1),
               b = portable_number(draw.seed, draw.index, 1) % (most_ + 1);
    const std::string left = std::to_string(a), right = std::to_string(b);
    return {left + "+" + right, left + "+" + right, "{\"a\":" + left + ",\"b\":" + right + "}",
            static_cast<double>(a + b), 0};
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    const StateReader reader(state);
    const auto answer = find_answer(completion);
    if (!answer) return {0, Outcome::unparsable, 1, {}, {}};
    if (*answer == "throw") throw 7;
    const bool right = *answer == std::to_string(reader.integer("a") + reader.integer("b"));
    return right ? Verdict{1, Outcome::scored, 0, {1}, {}} : Verdict{0, Outcome::scored, 2, {}, {}};
  }

 private:
  std::int64_t most_;
};

TINYZERO_TASK(Sum, "portable")
