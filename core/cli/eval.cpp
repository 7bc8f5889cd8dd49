// eval: accuracy of a run or a model folder on held-out problems.

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/eval/evaluate.h"
#include "core/rollout/cpu/engine.h"
#include "core/text/prompt.h"

namespace tinyzero {
namespace {

Json report_json(const Subject& subject, const EvalSet& set, const EvalReport& r, const std::string& split) {
  Json out = {{"model", subject.folder.string()},
              {"task", subject.task},
              {"split", split},
              {"problems", r.problems},
              {"keys", r.keys},
              {"problem_set", set.fingerprint},
              {"samples", r.samples},
              {"accuracy", r.accuracy()},
              {"accuracy_low", r.accuracy_interval.low},
              {"accuracy_high", r.accuracy_interval.high},
              {"greedy", r.greedy},
              {"length", r.length},
              {"truncated", r.truncated},
              {"failed", r.failed}};
  Json passes = Json::object(), difficulty = Json::object(), reasons = Json::object();
  for (std::size_t i = 0; i < r.pass_at.size(); ++i) passes[std::to_string(1 << i)] = r.pass_at[i];
  for (const auto& [bucket, counts] : r.by_difficulty)
    difficulty[std::to_string(bucket)] = {{"accuracy", counts.first / counts.second}, {"completions", counts.second}};
  for (const auto& [reason, count] : r.reasons) reasons[reason] = count / r.total;
  out["pass_at"] = passes;
  out["by_difficulty"] = difficulty;
  out["reasons"] = reasons;
  return out;
}

void print_report(const Subject& subject, const EvalSet& set, const EvalReport& r, const std::string& split) {
  fmt::print("{} on {} · {} split · {:.0f} problems ({:.0f} different) · set {}\n", subject.folder.string(), subject.task, split,
             r.problems, r.keys, set.fingerprint);
  fmt::print("  accuracy   {:5.1f} % [{:.1f}, {:.1f}]   sampled, Wilson 95 %\n", 100 * r.accuracy(), 100 * r.accuracy_interval.low,
             100 * r.accuracy_interval.high);
  fmt::print("  greedy     {:5.1f} %\n", 100 * r.greedy);
  for (std::size_t i = 1; i < r.pass_at.size(); ++i) fmt::print("  pass@{:<5} {:5.1f} %\n", 1 << i, 100 * r.pass_at[i]);
  fmt::print("  length     {:5.1f} tokens · truncated {:.1f} % · not judged {:.1f} %\n", r.length, 100 * r.truncated, 100 * r.failed);
  for (const auto& [bucket, counts] : r.by_difficulty)
    fmt::print("  difficulty {:<3} {:5.1f} % of {:.0f}\n", bucket, 100 * counts.first / counts.second, counts.second);
  for (const auto& [reason, count] : r.reasons) fmt::print("  {:5.1f} %  {}\n", 100 * count / r.total, reason);
}

}  // namespace

int eval_command(const GlobalOptions& global, const EvalCommandOptions& options) {
  const Subject subject = find_subject(options.target, options.task, options.settings, options.max_tokens);
  if (subject.task.empty())
    throw Error("--task is missing: " + options.target + " is a model folder, which has no task of its own", "add --task NAME");
  const Task task = Task::open(PluginCatalog::scan(global.plugin_folders), subject.task, &subject.settings);
  const Model model = load_model(subject.folder);
  const Tokenizer tokenizer = Tokenizer::load(subject.folder);
  const EvalSet set = draw_eval_set(task, split_from_name(options.split), static_cast<std::size_t>(options.problems));
  CpuEngine engine(model, {});
  const EvalReport report =
      evaluate(engine, tokenizer, model.config.eos, resolve_framing(subject.prompt_template, tokenizer), task, set,
               {options.samples, options.temperature, subject.max_tokens, static_cast<std::uint64_t>(options.seed), 0, true});
  if (options.json) fmt::print("{}\n", json_line(report_json(subject, set, report, options.split)));
  else print_report(subject, set, report, options.split);
  return 0;
}

}  // namespace tinyzero
