// libFuzzer target: a built-in task's verdicts and traits on any completion and any state. Built
// for each task by run.sh, which names its source and class. A finding is a crash, a sanitizer's
// report, a hang, or a verdict or trait that breaks a promise below.

#include TASK_SOURCE

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

// The task as it scores with `scorer`, with problems of every level.
TASK_CLASS task_of(const char* scorer) {
  TASK_CLASS::Settings settings;
  tinyzero::SettingsTable table;
  settings.describe(table);
  table.find("scorer")->assign({{}, {}, {scorer}});
  return TASK_CLASS(settings);
}

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void judge(const TASK_CLASS& task, std::string_view state, std::string_view completion) {
  const tinyzero::Verdict first = task.verify(state, completion),
                          second = task.verify(state, completion);
  require(std::isfinite(first.reward) && first.reward >= 0 && first.reward <= 1,
          "rewards lie in 0 to 1");
  require(first.reason < TASK_CLASS::reasons.size(), "reasons are declared");
  require(first.reward == second.reward && first.reason == second.reason,
          "the same answer has the same verdict");
  require(first.reward < 1 || first.outcome == tinyzero::Outcome::scored,
          "only scored answers are right");
  const auto counted = task.count_traits(state, completion),
             again = task.count_traits(state, completion);
  for (std::size_t i = 0; i < counted.size(); ++i) {
    require(!std::isinf(counted[i]) && !(counted[i] < 0), "traits are finite and not negative");
    require(counted[i] == again[i] || std::isnan(counted[i]),
            "the same completion has the same traits");
  }
}

}  // namespace

// The first byte: scorer, and whether the text is a completion for a drawn problem, or a state and
// a completion with a NUL between.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TASK_CLASS kStrict = task_of("strict"), kTinyzero = task_of("tinyzero");
  if (size == 0) return 0;
  const TASK_CLASS& task = (data[0] & 1) != 0 ? kStrict : kTinyzero;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 2) != 0) {
    const tinyzero::Item item = task.draw({1, data[0]});
    judge(task, item.state, text);
    const auto solution = task.solve(item.state);
    require(solution && task.verify(item.state, *solution).reward == 1,
            "a drawn problem's solution is right");
    return 0;
  }
  const std::size_t nul = text.find('\0');
  try {
    judge(task, text.substr(0, nul),
          nul == std::string_view::npos ? std::string_view() : text.substr(nul + 1));
  } catch (const tinyzero::BadState&) {  // what damaged states are for
  }
  return 0;
}
