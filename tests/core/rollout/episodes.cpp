// From problems to prompts, and from completions to verdicts.

#include "core/rollout/episodes.h"

#include <doctest/doctest.h>

#include "core/text/prompt.h"
#include "core/text/tokenizer.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/episodes");

namespace {

Episode answered(const Tokenizer& tokenizer, std::int64_t prompt, const std::string& text) {
  Episode episode;
  episode.prompt = prompt;
  episode.tokens = tokenizer.encode_prompt(text);
  return episode;
}

}  // namespace

TEST_CASE("a prompt is the framed problem in tokens, with its number of samples") {
  const Tokenizer tokenizer = Tokenizer::make(true);
  const Task task = open_countdown();
  const auto items = draw_first(task, 3, 4);
  for (const std::string framing : {"bare", "base"}) {
    const auto prompts = make_prompts(tokenizer, framing, items, 7);
    REQUIRE(prompts.size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      CHECK(prompts[i].ids == tokenizer.encode_prompt(frame_prompt(items[i].prompt, framing)));
      CHECK(prompts[i].samples == 7);
      CHECK(prompts[i].lengths.empty());
    }
  }
}

TEST_CASE("a completion is judged as an answer to its own problem, in order") {
  const Tokenizer tokenizer = Tokenizer::make(true);
  const Task task = open_task("arithmetic");
  const auto items = draw_first(task, 5, 2);
  std::vector<std::string> solutions;
  for (const Item& item : items) solutions.push_back(task.solve(item.state).value());
  const auto scored =
      score_episodes(tokenizer, task, items,
                     {answered(tokenizer, 1, solutions[1]), answered(tokenizer, 0, solutions[0]),
                      answered(tokenizer, 0, "no answer"), answered(tokenizer, 1, solutions[1])});
  REQUIRE(scored.size() == 4);
  CHECK(scored[0].item == 1);
  CHECK(scored[0].text == solutions[1]);
  CHECK(scored[0].right);
  CHECK(scored[1].item == 0);
  CHECK(scored[1].right);
  CHECK_FALSE(scored[2].right);
  CHECK(scored[2].verdict.reward < scored[1].verdict.reward);
  CHECK(scored[3].episode.tokens == tokenizer.encode_prompt(solutions[1]));
}

TEST_CASE("no completions have no verdicts") {
  const Tokenizer tokenizer = Tokenizer::make(true);
  const Task task = open_countdown();
  CHECK(score_episodes(tokenizer, task, draw_first(task, 1, 1), {}).empty());
}
