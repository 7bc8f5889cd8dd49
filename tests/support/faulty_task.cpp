// A task with the faults that authors make, for `task check`.

#include <cstdio>

#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"
#include "tinyzero/task.h"

using namespace tinyzero;

namespace {

struct Faulty {
  struct Settings {
    std::string fault = "none";
    void describe(SettingsTable& t) {
      t.add("fault", fault, "what is wrong")
          .one_of({"none", "loops", "prints", "reason", "infinite", "forgets", "adds", "pays_nan",
                   "pays_any", "pays_form"});
    }
  };
  static constexpr About about{"faulty", "has faults", "1.0.0", "Write the next number."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct", "wrong"};

  explicit Faulty(const Settings& settings) : settings_(settings) {}

  Item draw(Draw draw) const {
    const bool adds = settings_.fault == "adds";
    Rng rng(adds ? draw.seed + draw.index : draw.seed, {adds ? 0 : draw.index});
    const std::string number = std::to_string(rng.below(100000));
    return {number, number, "{\"n\":" + number + "}", 1, 0};
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    if (settings_.fault == "prints") {
      std::puts("noise");
      std::fflush(stdout);
    }
    for (volatile bool forever = true; settings_.fault == "loops" && forever;) {
    }
    const auto answer = find_answer(completion);
    const bool is_number = answer && !answer->empty() && is_ascii_digit(answer->front());
    if (settings_.fault == "pays_nan" && answer == "nan") return Verdict::right();
    if (settings_.fault == "pays_any" && is_number) return Verdict::right();
    if (settings_.fault == "pays_form" && is_number && *answer != next(state))
      return Verdict::wrong(1, 0.5);
    const bool right = answer == next(state);
    return {right ? 1.0 : 0.0,
            Outcome::scored,
            right                         ? 0u
            : settings_.fault == "reason" ? 2u
                                          : 1u,
            {},
            {}};
  }

  static constexpr std::array traits{Trait{"length", "characters"}};
  std::array<double, 1> count_traits(std::string_view, std::string_view completion) const {
    static double calls = 0;
    if (settings_.fault == "infinite") return {1 / static_cast<double>(completion.size())};
    return {static_cast<double>(completion.size()) + (settings_.fault == "forgets" ? ++calls : 0)};
  }

  std::optional<std::string> solve(std::string_view state) const {
    return "<answer>" + next(state) + "</answer>";
  }

 private:
  static std::string next(std::string_view state) {
    return std::to_string(StateReader(state).integer("n") + 1);
  }

  Settings settings_;
};

}  // namespace

TINYZERO_TASK(Faulty, "faulty")
