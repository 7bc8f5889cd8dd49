// traits: what a run's completions did, counted anew from its episodes.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/cli/completion_text.h"
#include "core/cli/episode_states.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/task_state.h"
#include "core/cli/terminal.h"
#include "core/config/experiment.h"
#include "core/run/episode_file.h"
#include "core/run/run_folder.h"
#include "core/task/open_task.h"
#include "core/task/traits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kColumns = 6;     // steps in the table, at most
constexpr std::size_t kTogether = 512;  // completions that are counted in one call

struct TraitsOptions {
  std::string run;
  std::optional<std::int64_t> step;
  bool json = false;
};

struct StepTraits {
  std::int64_t step = 0;
  std::int64_t completions = 0;
  std::vector<TraitMean> means;
};

StepTraits count_step(const Task& task, EpisodeStates& states, std::int64_t step,
                      const fs::path& file) {
  TraitMeans means(task.about().traits);
  std::vector<std::pair<std::string, std::string>> texts;  // state and completion
  const auto count = [&] {
    std::vector<Answer> answers;
    for (const auto& [state, completion] : texts) answers.push_back({state, completion});
    for (const TraitRow& row : task.count_traits(answers)) means.add(row);
    texts.clear();
  };
  StepTraits out{.step = step, .completions = 0, .means = {}};
  EpisodeReader lines(file);
  for (std::string line; lines.next(line); ++out.completions) {
    const Json episode = parse_json(line, lines.place());
    texts.emplace_back(states.of(episode, step, lines.place()), text_field(episode, "completion"));
    if (texts.size() == kTogether) count();
  }
  count();
  out.means = means.means();
  return out;
}

// The steps to count: the one that is asked for, all of them for machines, and a few spread over
// the run for people.
std::vector<std::int64_t> chosen_steps(const std::map<std::int64_t, fs::path>& files,
                                       const TraitsOptions& options, const fs::path& run) {
  if (options.step) {
    if (files.count(*options.step) == 0)
      throw Error(fmt::format("{} has no episodes of step {}", run.string(), *options.step),
                  files.empty()
                      ? "no step of RL is done"
                      : fmt::format("it has {} from {} to {}", counted(std::ssize(files), "step"),
                                    files.begin()->first, files.rbegin()->first));
    return {*options.step};
  }
  std::vector<std::int64_t> all, out;
  for (const auto& [step, file] : files) all.push_back(step);
  const std::size_t columns = options.json ? all.size() : std::min(kColumns, all.size());
  for (std::size_t i = 0; i < columns; ++i)
    out.push_back(all[columns == 1 ? 0 : i * (all.size() - 1) / (columns - 1)]);
  return out;
}

Json json_of(const StepTraits& counted) {
  Json traits = Json::object();
  for (const TraitMean& trait : counted.means) traits[trait.name] = trait.mean;
  return {{"step", counted.step}, {"completions", counted.completions}, {"traits", traits}};
}

void print_table(const Task& task, const std::vector<StepTraits>& steps) {
  std::size_t label = 0;
  for (const TaskTrait& trait : task.about().traits) label = std::max(label, trait.name.size());
  print("{:<{}}", "step", label);
  for (const StepTraits& step : steps) print("{:>9}", step.step);
  print("\n");
  for (const TaskTrait& trait : task.about().traits) {
    print("{:<{}}", trait.name, label);
    for (const StepTraits& step : steps) {
      const auto found = std::ranges::find(step.means, trait.name, &TraitMean::name);
      print("{:>9}", found == step.means.end() ? "-" : fmt::format("{:.3f}", found->mean));
    }
    print("   {}\n", trait.doc);
  }
}

int run_traits(const GlobalOptions& global, const TraitsOptions& options) {
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  const Experiment experiment = Experiment::load(folder.config(), {});
  const PluginChoice& choice = stepped_task(experiment);
  const Task task = open_task(scan_plugins(global), choice.use, &choice.settings);
  check_counts_traits(task);
  const auto files = episode_files(folder.path());
  if (files.empty())
    throw Error(folder.path().string() + " has no episodes: no step of RL is done",
                "look again later");
  EpisodeStates states(experiment, task);
  std::vector<StepTraits> counted_steps;
  for (const std::int64_t step : chosen_steps(files, options, folder.path())) {
    counted_steps.push_back(count_step(task, states, step, files.at(step)));
    if (options.json) print_json(json_of(counted_steps.back()));
  }
  if (!task.traits_fault().empty()) throw Failure(task.traits_fault());
  if (options.json) return 0;
  print("{} · means over the completions of a step\n\n", task.about().id);
  print_table(task, counted_steps);
  return 0;
}

}  // namespace

void add_traits(const Commands& commands) {
  commands.add<TraitsOptions>(
      "traits", "What a run's completions did, step by step, as its task counts it", run_traits,
      [](CLI::App& c, TraitsOptions& o) {
        c.add_option("run", o.run, "run folder")->required();
        c.add_option("--step", o.step, "only this step of RL; default: a few of all");
        c.add_flag("--json", o.json, "print JSON for machines, one object for each step");
      });
}

}  // namespace tinyzero
