#include "core/cli/episode_states.h"

#include "core/base/error.h"
#include "core/cli/completion_text.h"
#include "core/cli/task_state.h"
#include "core/task/stream.h"

namespace tinyzero {

bool imitates_demonstrations(const Experiment& experiment) {
  return experiment.train.imitate && experiment.demonstrations;
}

const PluginChoice& stepped_task(const Experiment& experiment) {
  return imitates_demonstrations(experiment) ? *experiment.demonstrations : experiment.task;
}

std::string EpisodeStates::of(const Json& episode, std::int64_t step, const std::string& where) {
  if (episode.contains("state")) return state_text(episode, where);
  const std::string key = text_field(episode, "key"), prompt = text_field(episode, "prompt");
  const Item* item = drawn(step, episode.value("problem", std::int64_t{-1}));
  if (item != nullptr && item->key == key && item->prompt == prompt) return item->state;
  throw Error(where +
                  " is of an older program, which did not store the states of problems, and "
                  "the problem that the task draws there now is another one",
              "the problems of a run with a curriculum cannot be drawn again");
}

const Item* EpisodeStates::drawn(std::int64_t step, std::int64_t problem) {
  const std::int64_t prompts = experiment_.rollout.prompts;
  if (problem < 0) return nullptr;
  const std::int64_t round = problem / prompts;
  auto [items, is_new] = rounds_.try_emplace({step, round});
  if (is_new)
    items->second = draw_step(task_, nullptr, experiment_.general.seed, step, prompts, round);
  return &items->second[problem % prompts];
}

}  // namespace tinyzero
