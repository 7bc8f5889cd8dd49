// One worker's share of a call: prompts from a common queue, and slots that are refilled.

#include "core/rollout/cpu/generation.h"

#include <doctest/doctest.h>

#include "support/rollout.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cpu/generation");

namespace {

// Runs one worker alone on a call, from a queue that begins at `first`.
Generation::Counts run_alone(GenerateCall& call, const Model& model, std::int64_t wave) {
  const Kernels& table = kernels("scalar");
  Team team(1);
  DecodeWeights weights(model.config, model.layout, table);
  weights.pack(model.weights.data(), team);
  RopeTable rope(model.config);
  rope.ensure(model.config.context);
  LapClock clock;
  DecodeWorker worker({.config = model.config, .weights = weights, .rope = rope, .kernels = table},
                      {.prompts = Generation::prompts_at_once(wave),
                       .prompt_length = 160,
                       .slots = wave,
                       .length = call.sampling.max_tokens,
                       .rows = wave + Generation::kPromptRows},
                      team, clock);
  for (const Prompt& prompt : call.prompts) call.episodes.emplace_back(prompt.samples);
  Generation generation(call, worker, wave);
  generation.run();
  return generation.counts();
}

}  // namespace

TEST_CASE("a worker alone does the whole queue, with full slots while it can") {
  const Model model = small_decoder();
  const Sampling sampling{.max_tokens = 4};
  const std::vector<Prompt> prompts(3, Prompt{.ids = {1, 2, 3}, .samples = 4});
  const GenerateHooks none;
  GenerateCall call{.prompts = prompts, .sampling = sampling, .hooks = none, .episodes = {}};
  const auto counts = run_alone(call, model, 4);
  CHECK(counts.tokens == 3 * 4 * 4);
  CHECK(counts.prompt_tokens == 3 * 3);
  // The first token of a completion is drawn from its prompt's last row: 3 of 4 tokens need a row.
  CHECK(counts.used_slots == 3 * 4 * 3);
  CHECK(counts.passes >= 3 * 3);
  CHECK(counts.passes <= 3 * 3 + 3);
}

TEST_CASE("a long prompt is computed in pieces, while others are decoded") {
  const Model model = small_decoder();
  const Sampling sampling{.max_tokens = 8};
  const std::vector<Prompt> prompts = {{.ids = {1}}, {.ids = Ids(150, 5)}};
  const GenerateHooks none;
  GenerateCall call{.prompts = prompts, .sampling = sampling, .hooks = none, .episodes = {}};
  const auto counts = run_alone(call, model, 2);
  CHECK(counts.prompt_tokens == 151);
  CHECK(call.episodes[1][0].tokens.size() == 8);
  // One pass for the first prompt, 3 for the second beside 7 tokens of the first completion, 7
  // more.
  CHECK(counts.passes == 1 + 3 + 7);
}

TEST_CASE("a worker takes nothing that another has taken") {
  const Model model = small_decoder();
  const Sampling sampling{.max_tokens = 2};
  const std::vector<Prompt> prompts(3, Prompt{.ids = {1, 2}});
  const GenerateHooks none;
  GenerateCall call{
      .prompts = prompts, .sampling = sampling, .hooks = none, .next_prompt = 2, .episodes = {}};
  CHECK(run_alone(call, model, 4).tokens == 2);
  CHECK(call.episodes[0][0].tokens.empty());
  CHECK(call.episodes[2][0].tokens.size() == 2);
}

TEST_CASE("a wish to stop ends the work before the next pass") {
  const Model model = small_decoder();
  StopRequest wish{1};
  const Sampling sampling;
  const std::vector<Prompt> prompts = {{.ids = {1}}};
  const GenerateHooks hooks{.stop = &wish};
  GenerateCall call{.prompts = prompts, .sampling = sampling, .hooks = hooks, .episodes = {}};
  CHECK_THROWS_AS(run_alone(call, model, 1), Interrupted);
}
