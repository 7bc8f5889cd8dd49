// What does not count is not heard: masked tokens, and episodes without advantage.

#include <doctest/doctest.h>

#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check_silence");

// The host trusts zero_advantage_is_no_gradient(): a warm-up that claims it, and yet has an entropy
// bonus or KL in the loss, claims too much.
TEST_CASE("while PPO warms its critic up, nothing moves the policy") {
  for (const char* extra : {"entropy=0.01", "entropy_target=1", "kl=0.01"}) {
    const std::string setting = extra;
    CAPTURE(setting);
    std::vector<std::string> settings = {"critic_warmup=5", setting};
    if (setting.starts_with("kl="))
      settings.insert(settings.end(), {"kl_in=loss", "kl_estimator=k3"});
    CHECK(failures(built_in("ppo", settings), {"silent", "gradient", "teaches"}) ==
          std::vector<std::string>{});
  }
}

TEST_CASE("a masked token or an episode without advantage that is heard is named") {
  CHECK(failure("masked", faulty({"fault=masked"})).find("whose mask is 0") != std::string::npos);
  CHECK(failure("silent", faulty({"fault=entropy"})).find("in an episode without advantage") !=
        std::string::npos);
}

TEST_CASE("an algorithm that promises no silence is not held to it") {
  const CheckResult result = run_algorithm_check("silent", built_in("grpo", {"kl=0.1"}));
  CHECK(result.grade == Grade::skip);
  CHECK(result.detail.find("zero_advantage_is_no_gradient() is false") != std::string::npos);
}
