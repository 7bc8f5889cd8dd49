#include "core/check/task_check.h"

#include "core/base/error.h"
#include "core/check/checks.h"

namespace tinyzero {

// Ids that OpenEnv's RFC 008 has, too, mean what they mean there: oracle_max, floor_gap,
// seed_control.
const std::vector<TaskCheck>& task_checks() {
  static const std::vector<TaskCheck> checks = {
      {"file", "package.library",
       "build a library again with this SDK; give a class in Python a docstring, and import little",
       check_file},
      {"settings", "package.settings",
       "refuse values that cannot be used with std::invalid_argument in the constructor",
       check_settings},
      {"draws", "runtime.seed_control",
       "let draw depend on nothing but its seed and index: no state, clock, locale or folder",
       check_draws},
      {"streams", "runtime.seed_streams",
       "mix seed and index with a hash, as Rng(seed, {index}) does, instead of adding them",
       check_streams},
      {"keys", "data.keys",
       "derive the key from what makes problems equal, and allow more different problems",
       check_keys},
      {"splits", "data.splits", "derive the key from the problem alone, never from the seed",
       check_splits},
      {"wordings", "data.near_duplicates",
       "name what such problems share as a group before the key (hold_out: wordings of data "
       "files)",
       check_wordings},
      {"solutions", "semantic.oracle_max", "let solver and verifier share one rule of the answer",
       check_solutions},
      {"demonstrations", "semantic.demonstrations",
       "draw the randomness of demonstrate from its Rng, and let some be right",
       check_demonstrations},
      {"cheats", "reward.cheats", "ask for an answer in a place of its own, and compare all of it",
       check_cheats},
      {"constants", "reward.constants",
       "refuse what is no answer before comparing, and balance how often each answer is right",
       check_constants},
      {"guesses", "semantic.floor_gap", "widen the answers, so that guessing is not worth learning",
       check_guesses},
      {"others", "reward.other_problem", "compare answers with the problem of the state",
       check_others},
      {"format", "reward.format", "lower the reward for form: a model learns it first and alone",
       check_format},
      {"verdicts", "runtime.verdicts",
       "let verify depend on nothing but state and completion, and stay within the declared range",
       check_verdicts},
      {"worker", "runtime.worker", "read files in the constructor, and print nothing",
       check_worker},
      {"traits", "semantic.traits", "count from state and completion alone, in linear time",
       check_traits},
      {"fuzz", "runtime.hostile_input",
       "expect any bytes in a completion, and check every field of a state", check_fuzz},
      {"speed", "runtime.speed", "look at each byte of a completion a few times at most",
       check_speed},
      {"threads", "runtime.threads", "keep no state between calls, or take away the flag reentrant",
       check_threads},
      {"leaks", "runtime.leaks", "free what a call allocates, and close what it opens",
       check_leaks},
  };
  return checks;
}

std::vector<std::string> task_check_names() {
  std::vector<std::string> names;
  for (const TaskCheck& check : task_checks()) names.emplace_back(check.name);
  return names;
}

const TaskCheck& find_task_check(const std::string& name) {
  for (const TaskCheck& check : task_checks()) {
    if (name == check.name) return check;
  }
  throw Failure("no check \"" + name + "\"");
}

CheckResult run_task_check(const std::string& name, const CheckOptions& options) {
  const TaskCheck& check = find_task_check(name);
  return run_check_forked("the check of the task's code", options.seconds,
                          [&] { return check.run(options); });
}

}  // namespace tinyzero
