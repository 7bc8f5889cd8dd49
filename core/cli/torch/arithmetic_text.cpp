#include "core/cli/torch/arithmetic_text.h"

#include <fmt/format.h>

#include <cmath>

#include "core/cli/terminal.h"
#include "core/config/experiment.h"
#include "core/forecast/memory.h"
#include "core/train/opened_run.h"
#include "core/train/probe.h"

namespace tinyzero {
namespace {

// What ends RL, after the tokens of a step.
std::string length_text(const Experiment& e, const RunArithmetic& a) {
  if (e.train.budget_tokens > 0)
    return fmt::format("a budget of {} tokens ends the run",
                       grouped(std::llround(e.train.budget_tokens)));
  if (e.train.budget_seconds > 0)
    return fmt::format("a budget of {} ends the run", time_text(e.train.budget_seconds));
  return fmt::format("x {} = {} in the run", counted(e.train.steps, "step"), grouped(a.run_tokens));
}

std::string evaluation_line(const RunShape& shape, const RunArithmetic& a,
                            std::size_t held_out_keys) {
  const Experiment& e = shape.experiment;
  const bool has_budget = e.train.has_budget();  // nobody knows how many evaluations there will be
  const std::string times = has_budget ? "" : fmt::format("{} x ", a.evaluations);
  return fmt::format("evaluation  {}{} x ({} + greedy) = {} completions{}; {} different problems",
                     times, counted(shape.held_out, "problem"), counted(e.eval.samples, "sample"),
                     grouped((has_budget ? 1 : a.evaluations) * a.evaluation_completions),
                     has_budget ? " each time" : "", held_out_keys);
}

std::string memory_line(const RunMemory& m) {
  return fmt::format(
      "memory      program {} · weights {} · optimizer {} · gradients {} · decoder {}{} · sampling "
      "{} · learning {} · episodes {} = {}",
      megabytes(m.program), megabytes(m.weights), megabytes(m.optimizer), megabytes(m.gradients),
      megabytes(m.decoder),
      m.auxiliary_models > 0 ? " · auxiliary models " + megabytes(m.auxiliary_models) : "",
      megabytes(m.caches), megabytes(m.activations), megabytes(m.episodes), megabytes(m.total()));
}

}  // namespace

std::string megabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string gigabytes(double bytes) { return fmt::format("{:.1f} GB", bytes / 1e9); }

std::string time_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.1f} ms", 1000 * seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::vector<std::string> arithmetic_lines(const RunShape& shape, std::size_t held_out_keys) {
  const Experiment& e = shape.experiment;
  const RunArithmetic a = arithmetic_of(shape, e.train.steps);
  std::vector<std::string> lines;
  if (e.warm_start.steps > 0) {
    lines.push_back(fmt::format("warm start  {} x {} = {}", counted(e.warm_start.steps, "step"),
                                counted(e.warm_start.batch, "demonstration"),
                                grouped(a.demonstrations)));
  }
  if (e.train.steps > 0) {
    lines.push_back(fmt::format(
        "step        {} x {} = {}; {} of {} each", counted(e.rollout.prompts, "problem"),
        counted(e.rollout.samples, "sample"), counted(a.completions, "completion"),
        counted(a.updates, "update"), a.update_completions));
    lines.push_back(fmt::format("tokens      {} x {}{} = {} a step at most; {}",
                                counted(a.completions, "completion"), e.rollout.max_tokens,
                                a.rounds > 1 ? fmt::format(" x {} rounds", a.rounds) : "",
                                grouped(a.step_tokens), length_text(e, a)));
  }
  lines.push_back(evaluation_line(shape, a, held_out_keys));
  return lines;
}

std::vector<std::string> arithmetic_lines(const OpenedRun& run) {
  const RunShape shape = shape_of(run);
  std::vector<std::string> lines = arithmetic_lines(shape, run.held_out.keys);
  lines.push_back(memory_line(memory_of(shape)));
  return lines;
}

Json arithmetic_json(const OpenedRun& run) {
  const RunShape shape = shape_of(run);
  const RunArithmetic a = arithmetic_of(shape, shape.experiment.train.steps);
  const RunMemory m = memory_of(shape);
  return {{"demonstrations", a.demonstrations},
          {"completions_a_step", a.completions},
          {"rounds_a_step", a.rounds},
          {"updates_a_step", a.updates},
          {"completions_an_update", a.update_completions},
          {"tokens_a_step", a.step_tokens},
          {"tokens", a.run_tokens},
          {"evaluations", a.evaluations},
          {"completions_an_evaluation", a.evaluation_completions},
          {"micro_batch", shape.experiment.train.micro_batch},
          {"checkpoint_bytes", checkpoint_bytes_of(shape)},
          {"bytes",
           {{"program", m.program},
            {"weights", m.weights},
            {"optimizer", m.optimizer},
            {"gradients", m.gradients},
            {"decoder", m.decoder},
            {"auxiliary_models", m.auxiliary_models},
            {"sampling", m.caches},
            {"learning", m.activations},
            {"episodes", m.episodes},
            {"total", m.total()}}}};
}

}  // namespace tinyzero
