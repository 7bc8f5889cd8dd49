// replay: another algorithm's update on the recorded episodes of a run.

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/train/replay.h"

namespace tinyzero {
namespace {

double value_of(const Metrics& metrics, const char* name) {
  const auto found = metrics.values().find(name);
  return found != metrics.values().end() ? found->second.value() : 0.0;
}

Json update_json(const ReplayedUpdate& u) {
  Json metrics = Json::object();
  for (const auto& [name, mean] : u.learned.metrics.values()) metrics[name] = mean.value();
  return {{"algorithm", u.algorithm},
          {"episodes", u.episodes},
          {"begun", u.begun},
          {"metrics", metrics},
          {"advantage", u.advantage.abs().mean().item<double>()},
          {"change", u.change.norm().item<double>()},
          {"right", u.right},
          {"wrong", u.wrong}};
}

void print_updates(std::int64_t step, const SampledStep& sampled, const ReplayedUpdate& own, const ReplayedUpdate& other,
                   const ReplayComparison& c) {
  fmt::print("step {} · {} completions of {} problems, sampled again as recorded\n\n", step, sampled.completions.size(),
             sampled.items.size());
  fmt::print("{:<44} {:>12} {:>12}\n", "", own.algorithm, other.algorithm);
  const auto row = [](const char* name, double a, double b) { fmt::print("{:<44} {:>12.5g} {:>12.5g}\n", name, a, b); };
  row("episodes in the update", static_cast<double>(own.episodes), static_cast<double>(other.episodes));
  row("advantage of a token, mean magnitude", own.advantage.abs().mean().item<double>(), other.advantage.abs().mean().item<double>());
  row("loss", value_of(own.learned.metrics, "loss"), value_of(other.learned.metrics, "loss"));
  row("norm of the gradient", value_of(own.learned.metrics, "gradient_norm"), value_of(other.learned.metrics, "gradient_norm"));
  row("norm of the change of all weights", own.change.norm().item<double>(), other.change.norm().item<double>());
  row("log-prob of a token of a right completion", own.right, other.right);
  row("log-prob of a token of another completion", own.wrong, other.wrong);
  fmt::print("\nadvantages: correlation {:.3f}, opposite signs at {:.1f} % of the tokens\n", c.advantage_correlation,
             100 * c.opposite_signs);
  fmt::print("changes of the weights: cosine {:.3f}, norm {:.2f} times that of {}\n", c.change_cosine, c.change_ratio, own.algorithm);
  for (const ReplayedUpdate* u : {&own, &other}) {
    for (const std::string& name : u->begun)
      fmt::print("{}: its model {} is new here, a copy of the policy before the step\n", u->algorithm, name);
  }
}

}  // namespace

int replay_command(const GlobalOptions& global, const ReplayOptions& options) {
  const PluginCatalog catalog = PluginCatalog::scan(global.plugin_folders);
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  RunParts parts = RunParts::open(Experiment::load(folder.config(), {}), catalog);
  const Node words = settings_from_words(options.settings);
  const std::string name = options.algorithm.empty() ? parts.experiment.algorithm.use : options.algorithm;
  const ConfiguredAlgorithm other =
      open_algorithm(catalog, name, options.algorithm.empty() && options.settings.empty() ? &parts.experiment.algorithm.settings : &words);
  Replay replay(parts, folder, options.step);
  const ReplayedUpdate own = replay.update(*parts.algorithm.algorithm, parts.experiment.algorithm.use);
  const ReplayedUpdate second = replay.update(*other.algorithm, name);
  if (!options.batch.empty()) write_file_atomically(options.batch, json_line(batch_to_json(second.batch)) + "\n");
  const ReplayComparison comparison = compare(own, second);
  if (options.json) {
    fmt::print("{}\n", json_line({{"step", options.step},
                                  {"completions", replay.sampled().completions.size()},
                                  {"own", update_json(own)},
                                  {"other", update_json(second)},
                                  {"advantage_correlation", comparison.advantage_correlation},
                                  {"opposite_signs", comparison.opposite_signs},
                                  {"change_cosine", comparison.change_cosine},
                                  {"change_ratio", comparison.change_ratio}}));
  } else {
    print_updates(options.step, replay.sampled(), own, second, comparison);
  }
  return 0;
}

}  // namespace tinyzero
