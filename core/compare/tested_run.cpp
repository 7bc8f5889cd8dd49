#include "core/compare/tested_run.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/base/told_error.h"
#include "core/compare/metrics.h"
#include "core/eval/evaluate.h"
#include "core/rollout/episodes.h"
#include "core/run/checkpoint.h"
#include "core/train/evaluate_run.h"
#include "core/train/opened_run.h"
#include "core/train/rollout_engine.h"

namespace tinyzero {
namespace {

fs::path test_path(const fs::path& run) { return run / "test.json"; }

void write(const TestedRun& t, const fs::path& run) {
  const Json json = {{"selected_step", t.selected_step},
                     {"validation_accuracy", t.validation_accuracy},
                     {"test_accuracy", t.accuracy()},
                     {"test_greedy", t.greedy},
                     {"set", t.set},
                     {"samples", t.samples},
                     {"right", t.right},
                     {"cluster", t.cluster},
                     {"temperature", t.temperature},
                     {"length", t.length},
                     {"truncated", t.truncated},
                     {"traits", t.traits},
                     {"start_weights", t.start_weights},
                     {"first_update", t.first_update}};
  write_file_atomically(test_path(run), json_line(json) + "\n");
}

// The best evaluation, and the earliest of equals.
CurvePoint best_of(const RunMetrics& metrics, const fs::path& run) {
  if (metrics.curve.empty())
    throw Error(run.string() + "/metrics.jsonl holds no evaluation: the run has not ended");
  return *std::max_element(
      metrics.curve.begin(), metrics.curve.end(),
      [](const CurvePoint& a, const CurvePoint& b) { return a.accuracy < b.accuracy; });
}

constexpr double kTemperatures[] = {1, 0.8, 0.6, 0.4, 0.2, 0};  // shares of eval.temperature

// The temperature with the highest accuracy on the validation problems, the first of equals.
double best_temperature(Engine& engine, const OpenedRun& run, EvalOptions options) {
  const EvalSet set = draw_eval_set(run.task, Split::validation, run.experiment.eval.problems);
  options.greedy = false;
  double best = options.temperature, highest = -1;
  for (const double share : kTemperatures) {
    options.temperature = share * run.experiment.eval.temperature;
    const double accuracy = evaluate_run(engine, run, set, options).accuracy();
    if (accuracy > highest) best = options.temperature;
    highest = std::max(highest, accuracy);
  }
  return best;
}

std::vector<std::int64_t> clusters_of(const std::vector<Item>& items) {
  std::map<std::string, std::int64_t> numbers;
  std::vector<std::int64_t> out;
  for (const Item& item : items)
    out.push_back(numbers.emplace(item.key, std::ssize(numbers)).first->second);
  return out;
}

// Evaluates the weights of `run` on the test problems.
void evaluate_on_test(const OpenedRun& run, std::int64_t step, TestedRun& out) {
  const Experiment& e = run.experiment;
  const EvalSet set = draw_eval_set(run.task, Split::test, e.eval.problems);
  const auto engine = rollout_engine(run, [](const std::string&) {});
  std::vector<ScoredCompletion> completions;
  EvalOptions options = eval_options(run, step);
  if (e.eval.best_temperature) options.temperature = best_temperature(*engine, run, options);
  const EvalReport report = evaluate_run(*engine, run, set, options, &completions);
  out.set = set.fingerprint;
  out.samples = e.eval.samples;
  out.greedy = report.greedy;
  out.temperature = options.temperature;
  out.length = report.length;
  out.truncated = report.truncated;
  for (const TraitMean& trait : report.traits) out.traits[trait.name] = trait.mean;
  out.cluster = clusters_of(set.items);
  out.right.assign(set.items.size(), 0);
  for (const ScoredCompletion& c : completions) out.right[c.item] += c.right ? 1 : 0;
}

}  // namespace

double TestedRun::accuracy() const {
  const double total = std::ssize(right) * samples;
  const double sum = std::accumulate(right.begin(), right.end(), std::int64_t{0});
  return sum / total;
}

void test_run(const fs::path& folder, const PluginCatalog& catalog) {
  OpenedRun run = OpenedRun::open_run(folder, catalog);
  const CurvePoint best = best_of(read_run_metrics(folder), folder);
  const fs::path checkpoints = folder / "checkpoints";
  const fs::path selected = checkpoints / checkpoint_name(Phase::reinforce, best.step);
  const fs::path start = checkpoints / checkpoint_name(Phase::reinforce, 0);
  TestedRun out;
  out.selected_step = best.step;
  out.validation_accuracy = best.accuracy;
  out.start_weights = file_hash(start / "model.safetensors");
  const auto all = list_checkpoints(checkpoints);
  out.first_update = read_trainer_state(all.back()).first_update;
  read_checkpoint(selected, run.model, run.adapter.get());
  evaluate_on_test(run, best.step, out);
  write(out, folder);

  for (const fs::path& path : all) {
    if (path != selected && path != all.back()) remove_checkpoint(path);
  }
}

bool is_tested(const fs::path& run) { return fs::exists(test_path(run)); }

std::optional<TestedRun> read_tested_run(const fs::path& run) {
  const fs::path path = test_path(run);
  if (!is_tested(run)) return std::nullopt;
  const Json json = parse_json(read_file(path), path.string());
  try {
    TestedRun out;
    out.selected_step = json.at("selected_step").get<std::int64_t>();
    out.validation_accuracy = json.at("validation_accuracy").get<double>();
    out.set = json.at("set").get<std::string>();
    out.samples = json.at("samples").get<std::int64_t>();
    out.right = json.at("right").get<std::vector<std::int64_t>>();
    out.greedy = json.at("test_greedy").get<double>();
    // Older programs did not write these.
    out.cluster = json.value("cluster", out.cluster);
    out.temperature = json.value("temperature", 1.0);
    out.length = json.value("length", 0.0);
    out.truncated = json.value("truncated", 0.0);
    out.traits = json.value("traits", out.traits);
    out.first_update = json.value("first_update", out.first_update);
    out.start_weights = json.at("start_weights").get<std::string>();
    return out;
  } catch (const Json::exception& e) {
    throw Error(path.string() + " is damaged: " + json_words(e),
                "delete it: the run is then tested again");
  }
}

}  // namespace tinyzero
