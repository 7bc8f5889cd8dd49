#include "core/cli/torch/gpu_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cli/torch/arithmetic_text.h"
#include "core/config/experiment.h"
#include "core/forecast/gpu.h"
#include "core/forecast/memory.h"
#include "core/train/probe.h"

namespace tinyzero {
namespace {

// "989 TFLOP/s in bf16 and 3.35 TB/s".
std::string roofs_text(const Gpu& gpu) {
  return fmt::format("{:.0f} TFLOP/s in bf16 and {:.2f} TB/s", gpu.flops / 1e12,
                     gpu.bandwidth / 1e12);
}

std::string row(const std::string& name, double bytes, const std::string& what) {
  return fmt::format("  {:<12} {:>9}   {}\n", name, gigabytes(bytes), what);
}

std::string weights_row(const RunShape& shape, const GpuMemory& m) {
  const double whole = static_cast<double>(shape.model->layout.size()) / 1e6;
  const double learning = static_cast<double>(shape.learning()) / 1e6;
  const std::string adapter =
      shape.adapter_values > 0 ? fmt::format(", {:.1f}M x 4 of the adapter", learning) : "";
  return row("weights", m.weights,
             fmt::format("{:.0f}M x (4 in f32 to learn + 2 in bf16 to sample){}", whole, adapter)) +
         row("gradients", m.gradients, fmt::format("{:.0f}M x 4", learning));
}

// "" if the algorithm has no auxiliary models.
std::string auxiliary_row(const RunShape& shape, const GpuMemory& m) {
  std::string names;
  for (const AuxiliaryModel& model : shape.own_auxiliary_models())
    names += (names.empty() ? "" : ", ") + model.name;
  if (names.empty()) return "";
  return row("auxiliary models", m.auxiliary_models,
             names + ": 4 a weight, and 4 a number that learns");
}

std::string memory_table(const RunShape& shape, const Gpu& gpu, const GpuMemory& m) {
  const Experiment& e = shape.experiment;
  const std::int64_t at_once = e.rollout.wave > 0 ? e.rollout.wave : kSequencesAtOnce;
  std::string out = "memory\n" + weights_row(shape, m) + auxiliary_row(shape, m);
  out += row("sampling", m.caches,
             fmt::format("keys, values and logits of {} sequences at once of {} + {} tokens",
                         at_once, shape.longest_prompt, e.rollout.max_tokens));
  out +=
      row("learning", m.activations,
          fmt::format(
              "activations of {} tokens{}, and a chunk of logits; sampling and learning take turns",
              std::max(e.train.micro_batch, shape.longest()),
              e.train.recompute ? ", layers recomputed" : ""));
  out += row("program", m.program, "CUDA and its libraries, assumed");
  out += row("total", m.total(),
             fmt::format("of {}: {}", gigabytes(gpu.bytes),
                         m.total() <= gpu.bytes ? "fits" : "does not fit"));
  return out + row("beside it", m.host,
                   "of the computer's memory: weights, gradients and moments, and the program");
}

std::string remedies_text(const RunShape& shape, const Gpu& gpu) {
  std::string out;
  const std::vector<Remedy> remedies = gpu_remedies(shape, gpu);
  for (const Remedy& remedy : remedies)
    out += fmt::format("  fits with    {:>9}   {}\n", gigabytes(remedy.bytes), remedy.settings);
  if (!remedies.empty()) return out;
  out = "  no train.recompute, train.micro_batch, rollout.wave or lora.rank makes it fit\n";
  if (shape.own_auxiliary_models().empty()) return out;
  return out + fmt::format(
                   "  auxiliary models take {}: an algorithm without them, or a KL of 0, "
                   "saves that\n",
                   gigabytes(gpu_memory(shape).auxiliary_models));
}

// Seconds at the peaks, and at the assumed share of them.
std::string time_row(const std::string& name, double seconds, const std::string& what) {
  return fmt::format("  {:<22} {:>10} {:>10}{}\n", name, time_text(seconds),
                     time_text(seconds / kAssumedShare), what);
}

std::string step_rows(const Experiment& e, const GpuTime& t) {
  std::string out =
      time_row("decoding", t.decode,
               "   a token reads weights and caches, or 2 operations a weight and sequence") +
      time_row("prompts", t.prefill, "   2 operations a weight");
  if (t.read > 0) out += time_row("reading", t.read, "   2 operations a weight and model");
  out += time_row("learning", t.learn,
                  e.train.recompute ? "   8 operations a weight and model (frozen ones 6)"
                                    : "   6 operations a weight and model (frozen ones 4)");
  out += time_row("optimizer", t.optimizer,
                  "   weights there and gradients back over PCIe 4.0, 28 bytes a number that "
                  "learns in the computer's memory");
  return out + time_row("a step", t.step(), "   one round of sampling");
}

double run_seconds(const Experiment& e, const RunArithmetic& a, const GpuTime& t) {
  return static_cast<double>(e.train.steps) * t.step() +
         static_cast<double>(a.evaluations) * t.evaluation;
}

std::string time_table(const RunShape& shape, const Gpu& gpu) {
  const Experiment& e = shape.experiment;
  const RunArithmetic a = arithmetic_of(shape, e.train.steps);
  const GpuTime t = gpu_time(shape, gpu);
  std::string out = fmt::format("time, with completions of {} tokens; peaks of {} ({})\n",
                                e.rollout.max_tokens, roofs_text(gpu), gpu.source);
  out += fmt::format("  {:<22} {:>10} {:>10}\n", "", "at them",
                     fmt::format("at {:.0f} %", 100 * kAssumedShare));
  out += step_rows(e, t);
  out += time_row(fmt::format("{} x evaluation", a.evaluations),
                  static_cast<double>(a.evaluations) * t.evaluation, "");
  if (e.train.has_budget()) return out;
  return out + time_row(fmt::format("{} steps, all in all", e.train.steps), run_seconds(e, a, t),
                        e.warm_start.steps > 0 ? "   without the warm start" : "");
}

Json memory_json(const RunShape& shape, const Gpu& gpu) {
  const GpuMemory m = gpu_memory(shape);
  Json out = {{"prediction", "on paper, not measured"},
              {"gpu", gpu.name},
              {"micro_batch", shape.experiment.train.micro_batch},
              {"prompt_tokens", shape.longest_prompt},
              {"bytes",
               {{"weights", m.weights},
                {"gradients", m.gradients},
                {"auxiliary_models", m.auxiliary_models},
                {"sampling", m.caches},
                {"learning", m.activations},
                {"program", m.program},
                {"total", m.total()},
                {"gpu", gpu.bytes},
                {"host", m.host}}},
              {"fits", m.total() <= gpu.bytes},
              {"remedies", Json::array()}};
  if (m.total() > gpu.bytes) {
    for (const Remedy& remedy : gpu_remedies(shape, gpu))
      out["remedies"].push_back({{"settings", remedy.settings}, {"bytes", remedy.bytes}});
  }
  return out;
}

}  // namespace

std::string gpu_text(const RunShape& shape, const Gpu& gpu) {
  const GpuMemory m = gpu_memory(shape);
  std::string out = memory_table(shape, gpu, m);
  if (m.total() > gpu.bytes) out += remedies_text(shape, gpu);
  if (gpu.flops > 0) out += time_table(shape, gpu);
  return out;
}

Json gpu_json(const RunShape& shape, const Gpu& gpu) {
  Json out = memory_json(shape, gpu);
  if (gpu.flops == 0) return out;
  const Experiment& e = shape.experiment;
  const GpuTime t = gpu_time(shape, gpu);
  const double all = run_seconds(e, arithmetic_of(shape, e.train.steps), t);
  out["seconds_at_peak"] = {{"decoding", t.decode},       {"prompts", t.prefill},
                            {"reading", t.read},          {"learning", t.learn},
                            {"optimizer", t.optimizer},   {"step", t.step()},
                            {"evaluation", t.evaluation}, {"run", all}};
  out["assumed_share"] = kAssumedShare;
  out["seconds_predicted"] = all / kAssumedShare;
  return out;
}

}  // namespace tinyzero
