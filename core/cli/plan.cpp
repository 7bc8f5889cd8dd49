// plan: what a run will need, by arithmetic and by a short measurement on this machine. Writes nothing.

#include "core/cli/plan.h"

#include <fmt/format.h>

#include <cmath>

#include "core/cli/options.h"
#include "core/kernels/kernels.h"

namespace tinyzero {
namespace {

std::string counted(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

// "12,345,678".
std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::int64_t at = static_cast<std::int64_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string megabytes(std::int64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

std::string duration(double seconds) {
  if (seconds < 1) return fmt::format("{:.1f} ms", 1000 * seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string part_line(const char* name, std::int64_t times, double seconds, const std::string& what) {
  return fmt::format("  {:<12} {:>7} x {:>9} = {:>9}{}", name, times, duration(seconds), duration(static_cast<double>(times) * seconds),
                     what);
}

// What ends RL, behind the tokens of a step.
std::string length_text(const Experiment& e, const RunArithmetic& a) {
  if (e.train.budget_tokens > 0) return fmt::format("a budget of {} tokens ends the run", grouped(std::llround(e.train.budget_tokens)));
  if (e.train.budget_seconds > 0) return fmt::format("a budget of {} ends the run", duration(e.train.budget_seconds));
  return fmt::format("x {} = {} in the run", counted(e.train.steps, "step"), grouped(a.run_tokens));
}

void print_plan(const RunParts& parts, const RunProbe& probe) {
  const Experiment& e = parts.experiment;
  const std::int64_t steps = probe.steps(e.train);
  const RunArithmetic a = arithmetic_of(parts, steps);
  fmt::print("{} · {} · {} · {} · {}\n", parts.task.about().id, e.algorithm.use, model_label(parts), counted(e.general.threads, "thread"),
             kernels().name);
  for (const std::string& line : arithmetic_lines(parts)) fmt::print("  {}\n", line);
  fmt::print("measured\n");
  if (e.warm_start.steps > 0) fmt::print("{}\n", part_line("warm start", e.warm_start.steps, probe.warm_start, ""));
  if (e.train.steps > 0) {
    fmt::print("{}\n", part_line("rollout", steps, probe.rollout, a.rounds > 1 ? "   one round of sampling" : ""));
    fmt::print("{}\n", part_line("update", steps, probe.update, "   with every problem of a step teaching"));
  }
  fmt::print("{}\n", part_line("evaluation", a.evaluations, probe.evaluation, ""));
  fmt::print("  {:<12} about {}; less as completions learn to end before the limit\n", "time", duration(probe.seconds(e, a)));
  fmt::print("  {:<12} {} at its peak, with the program, LibTorch and activations\n", "memory", megabytes(probe.peak_bytes));
}

}  // namespace

std::vector<std::string> arithmetic_lines(const RunParts& parts) {
  const Experiment& e = parts.experiment;
  const RunArithmetic a = arithmetic_of(parts, e.train.steps);
  const RunMemory m = memory_of(parts);
  std::vector<std::string> lines;
  if (e.warm_start.steps > 0) {
    lines.push_back(fmt::format("warm start  {} x {} = {}", counted(e.warm_start.steps, "step"),
                                counted(e.warm_start.batch, "demonstration"), grouped(a.demonstrations)));
  }
  if (e.train.steps > 0) {
    lines.push_back(fmt::format("step        {} x {} = {}; {} of {} each", counted(e.rollout.prompts, "problem"),
                                counted(e.rollout.samples, "sample"), counted(a.completions, "completion"), counted(a.updates, "update"),
                                a.update_completions));
    lines.push_back(fmt::format("tokens      {} x {}{} = {} a step at most; {}", counted(a.completions, "completion"), e.rollout.max_tokens,
                                a.rounds > 1 ? fmt::format(" x {} rounds", a.rounds) : "", grouped(a.step_tokens), length_text(e, a)));
  }
  const std::string times = e.train.has_budget() ? "" : fmt::format("{} x ", a.evaluations);
  lines.push_back(fmt::format("evaluation  {}{} x ({} + greedy) = {} completions{}; {} different problems", times,
                              counted(static_cast<std::int64_t>(parts.held_out.items.size()), "problem"), counted(e.eval.samples, "sample"),
                              grouped((e.train.has_budget() ? 1 : a.evaluations) * a.evaluation_completions),
                              e.train.has_budget() ? " each time" : "", parts.held_out.keys));
  lines.push_back(
      fmt::format("memory      weights {} · optimizer {} · gradients {} · decoder {} · caches {}{} = {}, and on top of it "
                  "LibTorch and activations of about {}",
                  megabytes(m.weights), megabytes(m.optimizer), megabytes(m.gradients), megabytes(m.decoder), megabytes(m.caches),
                  m.side_models > 0 ? " · side models " + megabytes(m.side_models) : "", megabytes(m.total()),
                  megabytes(activation_bytes(parts, longest_prompt(parts) + e.rollout.max_tokens))));
  return lines;
}

Json arithmetic_json(const RunParts& parts) {
  const RunArithmetic a = arithmetic_of(parts, parts.experiment.train.steps);
  const RunMemory m = memory_of(parts);
  return {{"demonstrations", a.demonstrations},
          {"completions_a_step", a.completions},
          {"rounds_a_step", a.rounds},
          {"updates_a_step", a.updates},
          {"completions_an_update", a.update_completions},
          {"tokens_a_step", a.step_tokens},
          {"tokens", a.run_tokens},
          {"evaluations", a.evaluations},
          {"completions_an_evaluation", a.evaluation_completions},
          {"bytes",
           {{"weights", m.weights},
            {"optimizer", m.optimizer},
            {"gradients", m.gradients},
            {"decoder", m.decoder},
            {"caches", m.caches},
            {"side_models", m.side_models},
            {"total", m.total()},
            {"activations", activation_bytes(parts, longest_prompt(parts) + parts.experiment.rollout.max_tokens)}}}};
}

int plan_command(const GlobalOptions& global, const ConfigOptions& options) {
  RunParts parts = RunParts::open(Experiment::load(options.config, options.overrides), PluginCatalog::scan(global.plugin_folders));
  const RunProbe probe = probe_run(parts);
  if (!options.json) {
    print_plan(parts, probe);
    return 0;
  }
  Json out = arithmetic_json(parts);
  out["seconds"] = {{"warm_start_step", probe.warm_start},
                    {"rollout", probe.rollout},
                    {"update", probe.update},
                    {"evaluation", probe.evaluation},
                    {"run", probe.seconds(parts.experiment, arithmetic_of(parts, probe.steps(parts.experiment.train)))}};
  out["peak_bytes"] = probe.peak_bytes;
  fmt::print("{}\n", json_line(out));
  return 0;
}

}  // namespace tinyzero
