// The library itself: its file, settings, models and metrics.

#include <doctest/doctest.h>

#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check_library");

TEST_CASE("a sound library is described") {
  const CheckResult file = run_algorithm_check("file", built_in("ppo", {}));
  CHECK(file.grade == Grade::pass);
  CHECK(file.detail.starts_with("ppo · proximal policy optimization · LibTorch "));
  CHECK(run_algorithm_check("models", built_in("ppo", {})).detail == "critic (values, learns)");
  CHECK(run_algorithm_check("models", built_in("grpo", {})).detail == "no auxiliary models");
  CHECK(run_algorithm_check("models", built_in("prime", {})).detail ==
        "reward_model (log-probs, learns), reward_reference (log-probs, frozen)");
  CHECK(run_algorithm_check("metrics", built_in("ppo", {})).detail ==
        "clipped, value, value_clipped, value_explained");
}

TEST_CASE("an algorithm's metric must not have a name of the host's") {
  CHECK(failure("metrics", faulty({"metric=clip_share"})) == "");
  CHECK(failure("metrics", faulty({"metric=kl_reference"})) == "");  // of a building block
  for (const char* name : {"loss", "kl", "entropy", "gradient_norm", "logp_gap", "importance",
                           "reward", "accuracy", "length", "truncated", "failed", "mixed_groups",
                           "sampled", "kept", "learning_rate", "skipped", "policy_loss"})
    CHECK(failure("metrics", faulty({std::string("metric=") + name})) ==
          "the algorithm records a metric \"" + std::string(name) + "\", a name of the host's own");
  // Whatever the settings: those of `settings` try each of them.
  CHECK(failure("settings", faulty({"metric=reward"})).find("a metric \"reward\"") !=
        std::string::npos);
}

TEST_CASE("values at the edges of settings are tried, each in a process of its own") {
  const CheckResult sound = run_algorithm_check("settings", built_in("grpo", {}));
  CHECK(sound.grade == Grade::pass);
  CHECK(sound.detail.find("14 variants") != std::string::npos);
  const CheckResult settings = run_algorithm_check("settings", faulty({}));
  CHECK(settings.grade == Grade::fail);
  CHECK(settings.detail.find("fault: crash") != std::string::npos);
}
