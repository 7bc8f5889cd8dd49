// `algorithm check` passes what is right, and finds each fault of
// tests/support/faulty_algorithm.cpp by the check that is meant for it.

#include "core/algorithm/check.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/config/overrides.h"
#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check");

namespace {

// All but the settings, whose check tries the other faults, too.
std::vector<std::string> one_fault_checks() {
  std::vector<std::string> names = algorithm_check_names();
  std::erase(names, "settings");
  return names;
}

}  // namespace

TEST_CASE("the algorithms of this repository pass, in all their variants") {
  for (const char* name : {"grpo", "ppo", "prime", "raft"})
    CHECK(failures(built_in(name, {})) == std::vector<std::string>{});
  for (const char* variant : {"grpo", "dr_grpo", "rloo", "reinforce_pp", "reinforce_pp_baseline",
                              "dapo", "gspo", "cispo"}) {
    CAPTURE(variant);
    CHECK(failures(built_in("grpo", {std::string("variant=") + variant})) ==
          std::vector<std::string>{});
  }
}

TEST_CASE("and with typical options") {
  const std::pair<std::string, std::vector<std::string>> kUses[] = {
      {"ppo", {"kl=0.01", "kl_in=loss", "kl_estimator=k3"}},
      {"ppo", {"kl=0.01", "kl_target=0.1"}},
      {"ppo", {"entropy=0.01", "lambda=0.95", "gamma=0.99", "critic_warmup=5"}},
      {"prime", {"reference=policy", "update=after", "granularity=whole"}},
      {"prime", {"kl=0.01", "kl_in=reward", "entropy_target=0.5"}},
      {"grpo", {"kl=0.01", "reference_every=1", "dual_clip=3", "ratio=sequence"}},
      {"raft", {"variant=raft_pp", "keep=all", "aggregation=sequence"}},
  };
  for (const auto& [name, settings] : kUses) {
    CAPTURE(name);
    CAPTURE(settings[0]);
    CHECK(failures(built_in(name, settings), one_fault_checks()) == std::vector<std::string>{});
  }
}

TEST_CASE("every fault is found by its check, and a sane algorithm has none") {
  CHECK(failures(faulty({}), one_fault_checks()) == std::vector<std::string>{});
  const std::pair<std::string, std::string> kFaults[] = {
      {"fault=local_mean", "micro_batches"},
      {"fault=masked", "masked"},
      {"fault=order", "order"},
      {"fault=sign", "teaches"},
      {"fault=entropy", "silent"},
      {"fault=detached", "gradient"},
      {"fault=state", "threads"},
      {"fault=state", "deterministic"},
      {"fault=guard", "gradient"},
      {"nan_at=1", "extremes"},
      {"nan_at=3", "extremes"},
  };
  for (const auto& [setting, check] : kFaults) {
    CAPTURE(setting);
    const std::vector<std::string> found = failures(faulty({setting}), one_fault_checks());
    CHECK(std::find(found.begin(), found.end(), check) != found.end());
    if (!setting.starts_with("nan_at"))
      CHECK(found.size() <= 5);  // a loss that is not a number equals nothing
  }
}

TEST_CASE("a crash and an endless loop are faults of their own checks") {
  CHECK(run_algorithm_check("deterministic", faulty({"fault=crash"}))
            .detail.find("was ended by signal 6") != std::string::npos);
  CHECK(run_algorithm_check("order", faulty({"fault=loop"}, 1)).detail ==
        "the algorithm's code ran longer than 1 s");
  CHECK(run_algorithm_check("file", faulty({"fault=crash"})).grade == Grade::pass);
}

TEST_CASE("wrong usage is told from a fault") {
  CHECK_THROWS_AS(check_algorithm_opens(faulty({"fualt=none"})), Error);
  CHECK_THROWS_WITH_AS(check_algorithm_opens(built_in("grpo", {"variant=ppo"})),
                       doctest::Contains("no variant"), Error);
  CHECK_NOTHROW(check_algorithm_opens(faulty({"fault=crash"})));
  CHECK_THROWS_AS(run_algorithm_check("ordr", faulty({})), Failure);
}
