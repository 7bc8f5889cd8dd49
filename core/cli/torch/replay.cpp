// replay: a step of a run again, token by token, and another algorithm's update on its episodes.

#include "core/cli/delegated/replay.h"

#include <optional>

#include "core/base/file.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/cli/torch/replay_text.h"
#include "core/cli/torch/replayed_tokens.h"
#include "core/rollout/episodes.h"
#include "core/run/episode_choice.h"
#include "core/train/records.h"
#include "core/train/replay.h"

namespace tinyzero {
namespace {

// Which algorithm updates per second time, beside the run's own update.
struct Second {
  std::string name;
  ConfiguredAlgorithm algorithm;
  bool is_other = false;  // it has another name, or settings of its own
};

Second open_second(const OpenedRun& run, const PluginCatalog& catalog,
                   const ReplayOptions& options) {
  const auto& own = run.experiment.algorithm;
  const bool is_other = !options.algorithm.empty() || !options.settings.empty();
  const Node words = settings_from_words(options.settings);
  const std::string name = options.algorithm.empty() ? own.use : options.algorithm;
  return {.name = name,
          .algorithm = open_algorithm(catalog, name, is_other ? &words : &own.settings),
          .is_other = is_other};
}

// Completions of the step, worst first.
std::vector<std::size_t> worst_of(const SampledStep& sampled, std::int64_t most) {
  FirstEpisodes<std::size_t> worst(EpisodeOrder::worst, most);
  for (std::size_t i = 0; i < sampled.completions.size(); ++i) {
    const ScoredCompletion& c = sampled.completions[i];
    worst.add({c.verdict.reward, std::ssize(c.episode.tokens), static_cast<std::int64_t>(i)}, i);
  }
  return worst.take();
}

// Records of the worst completions with their tokens.
Json worst_records(const OpenedRun& run, const ReplayOptions& options, const SampledStep& sampled,
                   const ReplayedTokens& tokens) {
  Json out = Json::array();
  if (options.worst == 0) return out;
  for (const std::size_t i : worst_of(sampled, options.worst)) {
    out.push_back(episode_record(options.step, sampled, i, run.task));
    out.back()["by_token"] = tokens.of(i);
  }
  return out;
}

}  // namespace

int run_replay(const GlobalOptions& global, const ReplayOptions& options) {
  if (!options.batch.empty()) check_replaceable(options.batch);  // before the work
  const PluginCatalog catalog = scan_plugins(global);
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  OpenedRun run = OpenedRun::open_run(folder.path(), catalog);
  const Second second = open_second(run, catalog, options);
  Replay replay(run, folder, options.step);
  const SampledStep& sampled = replay.sampled();
  const ReplayedUpdate own = replay.update(*run.algorithm.algorithm, run.experiment.algorithm.use);
  std::optional<ReplayedUpdate> other;  // the tokens of the run's own update alone need none
  if (options.worst == 0 || second.is_other)
    other = replay.update(*second.algorithm.algorithm, second.name);
  if (!options.batch.empty())
    write_file_atomically(options.batch,
                          json_line(batch_to_json(other.value_or(own).batch)) + "\n");
  const ReplayedUpdate* const shown = other ? &*other : nullptr;
  const ReplayedTokens tokens(run, sampled, own, shown);
  const ReplayResult result{.step = options.step,
                            .sampled = sampled,
                            .own = own,
                            .other = shown,
                            .worst = worst_records(run, options, sampled, tokens)};
  if (options.json) print_json(replay_json(result));
  else print_replay(result);
  return 0;
}

}  // namespace tinyzero
