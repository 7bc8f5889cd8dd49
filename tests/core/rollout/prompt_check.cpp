// What engines refuse before they compute anything.

#include "core/rollout/prompt_check.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/rollout/cpu/engine.h"
#include "support/rollout.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/prompt_check");

namespace {

ModelConfig config() {
  ModelConfig c;
  c.vocab = 61;
  c.context = 200;
  return c;
}

void check(const std::vector<Prompt>& prompts, const GenerateHooks& hooks = {}) {
  check_call(config(), prompts, some_sampling(), hooks);
}

}  // namespace

TEST_CASE("an engine refuses bad prompts with both values") {
  const Model model = small_decoder();
  CpuEngine engine(model, {});
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {}}}, some_sampling()),
                       doctest::Contains("empty prompt"), Error);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = {61}}}, some_sampling()),
                       doctest::Contains("token id 61 is outside the model's vocabulary of 61"),
                       Error);
  CHECK_THROWS_WITH_AS(engine.generate({{.ids = Ids(180, 1)}}, some_sampling()),
                       doctest::Contains("need 220 positions, the model has 200"), Error);
  for (const std::int64_t samples : {0, -1})
    CHECK_THROWS_WITH_AS(engine.generate({{.ids = {1}, .samples = samples}}, some_sampling()),
                         samples == 0 ? "a prompt of 0 samples" : "a prompt of -1 samples", Error);
  CHECK(engine.generate({}, some_sampling()).empty());
}

TEST_CASE("ids must be in the vocabulary, and leave room for what follows them") {
  CHECK_NOTHROW(check_ids(config(), Ids(160, 60), 40));
  CHECK_THROWS_AS(check_ids(config(), Ids(161, 60), 40), Error);
  CHECK_THROWS_AS(check_ids(config(), {0, -1}, 0), Error);
  CHECK_THROWS_AS(check_ids(config(), {}, 0), Error);
}

TEST_CASE("lengths are fixed for all samples or for none, within the limit") {
  const Prompt free{.ids = {1}, .samples = 2}, fixed{.ids = {1}, .samples = 2, .lengths = {1, 40}};
  CHECK_FALSE(lengths_are_fixed({}));
  CHECK_FALSE(lengths_are_fixed({free}));
  CHECK(lengths_are_fixed({fixed}));
  CHECK_NOTHROW(check({free, free}));
  CHECK_NOTHROW(check({fixed, fixed}));
  CHECK_THROWS_WITH_AS(check({fixed, free}), "a prompt of 2 samples has 0 fixed lengths", Error);
  for (const std::int64_t length : {0, 41}) {
    const std::string said = "a fixed length of " + std::to_string(length) + " tokens is not in 1";
    CHECK_THROWS_WITH_AS(check({{.ids = {1}, .lengths = {length}}}),
                         doctest::Contains(said.c_str()), Error);
  }
}

TEST_CASE("tokens can be told for a single completion") {
  const GenerateHooks hooks{.on_token = [](std::int32_t) {}};
  const Prompt one{.ids = {1}}, two{.ids = {1}, .samples = 2};
  CHECK_NOTHROW(check({one}, hooks));
  CHECK_THROWS_AS(check({}, hooks), Error);
  CHECK_THROWS_AS(check({two}, hooks), Error);
  CHECK_THROWS_AS(check({one, one}, hooks), Error);
}

TEST_CASE("a critic draws no tokens") {
  ModelConfig critic = config();
  CHECK_NOTHROW(check_draws_tokens(critic));
  critic.value_head = true;
  CHECK_THROWS_WITH_AS(check_draws_tokens(critic), doctest::Contains("critic"), Error);
}
