// plan: what a run will need: on this machine, by arithmetic and by a short measurement, or on a
// GPU, by arithmetic alone. Writes nothing.

#include "core/cli/plan.h"

#include <fmt/format.h>

#include <cmath>

#include "core/base/memory.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/forecast/gpu.h"
#include "core/kernels/kernels.h"

namespace tinyzero {
namespace {

std::string counted(std::int64_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

// "12,345,678".
std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::int64_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

std::string megabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}
std::string gigabytes(double bytes) { return fmt::format("{:.1f} GB", bytes / 1e9); }

std::string duration(double seconds) {
  if (seconds < 1) return fmt::format("{:.1f} ms", 1000 * seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string part_line(const char* name, std::int64_t times, double seconds,
                      const std::string& what) {
  return fmt::format("  {:<12} {:>7} x {:>9} = {:>9}{}", name, times, duration(seconds),
                     duration(static_cast<double>(times) * seconds), what);
}

// What ends RL, behind the tokens of a step.
std::string length_text(const Experiment& e, const RunArithmetic& a) {
  if (e.train.budget_tokens > 0)
    return fmt::format("a budget of {} tokens ends the run",
                       grouped(std::llround(e.train.budget_tokens)));
  if (e.train.budget_seconds > 0)
    return fmt::format("a budget of {} ends the run", duration(e.train.budget_seconds));
  return fmt::format("x {} = {} in the run", counted(e.train.steps, "step"), grouped(a.run_tokens));
}

void print_plan(const OpenedRun& parts, const RunProbe& probe) {
  const Experiment& e = parts.experiment;
  const std::int64_t steps = probe.steps(e.train);
  const RunShape run = shape_of(parts);
  const RunArithmetic a = arithmetic_of(run, steps);
  print("{} · {} · {} · {} · {}\n", parts.task.about().id, e.algorithm.use, model_label(parts),
        counted(e.general.threads, "thread"), kernels().name);
  for (const std::string& line : arithmetic_lines(parts)) print("  {}\n", line);
  print("measured\n");
  if (e.warm_start.steps > 0)
    print("{}\n", part_line("warm start", e.warm_start.steps, probe.warm_start, ""));
  if (e.train.steps > 0) {
    print("{}\n", part_line("rollout", steps, probe.rollout,
                            a.rounds > 1 ? "   one round of sampling" : ""));
    print("{}\n",
          part_line("update", steps, probe.update, "   with every problem of a step teaching"));
  }
  print("{}\n", part_line("evaluation", a.evaluations, probe.evaluation, ""));
  print("  {:<12} about {}; less as completions learn to end before the limit\n", "time",
        duration(probe.seconds(e, a)));
  print("  {:<12} {} at its peak, with the program, LibTorch and activations\n", "memory",
        megabytes(probe.peak_bytes));
}

std::string share_column(double seconds) {
  return fmt::format("{:>10} {:>10}", duration(seconds), duration(seconds / kAssumedShare));
}

// "989 TFLOP/s in bf16 and 3.35 TB/s".
std::string roofs_text(const Gpu& gpu) {
  return fmt::format("{:.0f} TFLOP/s in bf16 and {:.2f} TB/s", gpu.flops / 1e12,
                     gpu.bandwidth / 1e12);
}

void print_gpu_memory(const RunShape& run, const Gpu& gpu, const GpuMemory& m) {
  const Experiment& e = run.experiment;
  const double whole = static_cast<double>(run.model->layout.size()) / 1e6,
               learning = static_cast<double>(run.learning()) / 1e6;
  const auto line = [](const char* name, double bytes, const std::string& what) {
    print("  {:<12} {:>9}   {}\n", name, gigabytes(bytes), what);
  };
  print("memory\n");
  line("weights", m.weights,
       fmt::format(
           "{:.0f}M x (4 in f32 to learn + 2 in bf16 to sample){}", whole,
           run.adapter_values > 0 ? fmt::format(", {:.1f}M x 4 of the adapter", learning) : ""));
  line("gradients", m.gradients, fmt::format("{:.0f}M x 4", learning));
  std::string sides;
  for (const AuxiliaryModel& side : run.own_auxiliary_models())
    sides += (sides.empty() ? "" : ", ") + side.name;
  if (!sides.empty())
    line("auxiliary models", m.auxiliary_models,
         sides + ": 4 a weight, and 4 a number that learns");
  line("sampling", m.caches,
       fmt::format("keys, values and logits of {} sequences at once of {} + {} tokens",
                   e.rollout.wave > 0 ? e.rollout.wave : kSequencesAtOnce, run.longest_prompt,
                   e.rollout.max_tokens));
  line("learning", m.activations,
       fmt::format(
           "activations of {} tokens{}, and a chunk of logits; sampling and learning take turns",
           std::max(e.train.micro_batch, run.longest()),
           e.train.recompute ? ", layers recomputed" : ""));
  line("program", m.program, "CUDA and its libraries, assumed");
  print("  {:<12} {:>9}   of {}: {}\n", "total", gigabytes(m.total()), gigabytes(gpu.bytes),
        m.total() <= gpu.bytes ? "fits" : "does not fit");
  line("beside it", m.host,
       "of the computer's memory: weights, gradients and moments, and the program");
}

void print_remedies(const RunShape& run, const Gpu& gpu) {
  const std::vector<Remedy> remedies = gpu_remedies(run, gpu);
  for (const Remedy& remedy : remedies)
    print("  fits with    {:>9}   {}\n", gigabytes(remedy.bytes), remedy.settings);
  if (remedies.empty())
    print("  no train.recompute, train.micro_batch, rollout.wave or lora.rank makes it fit\n");
  if (!run.own_auxiliary_models().empty() && remedies.empty())
    print("  auxiliary models take {}: an algorithm without them, or a KL of 0, saves that\n",
          gigabytes(gpu_memory(run).auxiliary_models));
}

void print_gpu_time(const RunShape& run, const Gpu& gpu) {
  const Experiment& e = run.experiment;
  const RunArithmetic a = arithmetic_of(run, e.train.steps);
  const GpuTime t = gpu_time(run, gpu);
  print("time, with completions of {} tokens; peaks of {} ({})\n", e.rollout.max_tokens,
        roofs_text(gpu), gpu.source);
  print("  {:<22} {:>10} {:>10}\n", "", "at them", fmt::format("at {:.0f} %", 100 * kAssumedShare));
  const auto line = [](const std::string& name, double seconds, const char* what) {
    print("  {:<22} {}{}\n", name, share_column(seconds), what);
  };
  line("decoding", t.decode,
       "   a token reads weights and caches, or 2 operations a weight and sequence");
  line("prompts", t.prefill, "   2 operations a weight");
  if (t.read > 0) line("reading", t.read, "   2 operations a weight and model");
  line("learning", t.learn,
       e.train.recompute ? "   8 operations a weight and model (frozen ones 6)"
                         : "   6 operations a weight and model (frozen ones 4)");
  line("optimizer", t.optimizer,
       "   weights there and gradients back over PCIe 4.0, 28 bytes a number that learns in the "
       "computer's memory");
  line("a step", t.step(), "   one round of sampling");
  line(fmt::format("{} x evaluation", a.evaluations),
       static_cast<double>(a.evaluations) * t.evaluation, "");
  if (e.train.has_budget()) return;
  line(fmt::format("{} steps, all in all", e.train.steps),
       static_cast<double>(e.train.steps) * t.step() +
           static_cast<double>(a.evaluations) * t.evaluation,
       e.warm_start.steps > 0 ? "   without the warm start" : "");
}

Json gpu_json(const RunShape& run, const Gpu& gpu) {
  const GpuMemory m = gpu_memory(run);
  Json out = {{"prediction", "on paper, not measured"},
              {"gpu", gpu.name},
              {"micro_batch", run.experiment.train.micro_batch},
              {"prompt_tokens", run.longest_prompt},
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
    for (const Remedy& remedy : gpu_remedies(run, gpu))
      out["remedies"].push_back({{"settings", remedy.settings}, {"bytes", remedy.bytes}});
  }
  if (gpu.flops == 0) return out;
  const GpuTime t = gpu_time(run, gpu);
  const RunArithmetic a = arithmetic_of(run, run.experiment.train.steps);
  const double all = static_cast<double>(run.experiment.train.steps) * t.step() +
                     static_cast<double>(a.evaluations) * t.evaluation;
  out["seconds_at_peak"] = {{"decoding", t.decode},       {"prompts", t.prefill},
                            {"reading", t.read},          {"learning", t.learn},
                            {"optimizer", t.optimizer},   {"step", t.step()},
                            {"evaluation", t.evaluation}, {"run", all}};
  out["assumed_share"] = kAssumedShare;
  out["seconds_predicted"] = all / kAssumedShare;
  return out;
}

// By shapes alone: the folder of the model may lack its weights.
int plan_on_gpu(const GlobalOptions& global, const PlanOptions& options) {
  const Gpu gpu = gpu_from_name(options.gpu);
  const OpenedRun parts =
      OpenedRun::load(options.config, options.overrides, scan_plugins(global), {.weights = false});
  for (const std::string& note : parts.notes) print(stderr, "note: {}\n", note);
  RunShape run = shape_of(parts);
  if (parts.chose_micro_batch) run.experiment.train.micro_batch = 0;  // by this machine's memory
  if (const std::int64_t tokens = gpu_micro_batch(run, gpu); tokens > 0)
    run.experiment.train.micro_batch = tokens;
  else run.experiment.train.micro_batch = run.longest();
  if (options.json) {
    print_json(gpu_json(run, gpu));
    return 0;
  }
  print("{} · {} · {} · {}\n", parts.task.about().id, parts.experiment.algorithm.use,
        model_label(parts), gpu.name);
  print(
      "  a prediction on paper: nothing of it was measured. With rollout.device=cuda "
      "train.device=cuda\n");
  for (const std::string& line : arithmetic_lines(run, parts.held_out.keys)) print("  {}\n", line);
  const GpuMemory m = gpu_memory(run);
  print_gpu_memory(run, gpu, m);
  if (m.total() > gpu.bytes) print_remedies(run, gpu);
  if (gpu.flops > 0) print_gpu_time(run, gpu);
  return 0;
}

}  // namespace

std::vector<std::string> arithmetic_lines(const RunShape& run, std::size_t held_out_keys) {
  const Experiment& e = run.experiment;
  const RunArithmetic a = arithmetic_of(run, e.train.steps);
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
  const std::string times = e.train.has_budget() ? "" : fmt::format("{} x ", a.evaluations);
  lines.push_back(
      fmt::format("evaluation  {}{} x ({} + greedy) = {} completions{}; {} different problems",
                  times, counted(run.held_out, "problem"), counted(e.eval.samples, "sample"),
                  grouped((e.train.has_budget() ? 1 : a.evaluations) * a.evaluation_completions),
                  e.train.has_budget() ? " each time" : "", held_out_keys));
  return lines;
}

std::vector<std::string> arithmetic_lines(const OpenedRun& parts) {
  const RunShape run = shape_of(parts);
  const RunMemory m = memory_of(run);
  std::vector<std::string> lines = arithmetic_lines(run, parts.held_out.keys);
  lines.push_back(fmt::format(
      "memory      program {} · weights {} · optimizer {} · gradients {} · decoder {}{} · sampling "
      "{} · learning {} · episodes {} = {}",
      megabytes(m.program), megabytes(m.weights), megabytes(m.optimizer), megabytes(m.gradients),
      megabytes(m.decoder),
      m.auxiliary_models > 0 ? " · auxiliary models " + megabytes(m.auxiliary_models) : "",
      megabytes(m.caches), megabytes(m.activations), megabytes(m.episodes), megabytes(m.total())));
  return lines;
}

Json arithmetic_json(const OpenedRun& parts) {
  const RunShape run = shape_of(parts);
  const RunArithmetic a = arithmetic_of(run, run.experiment.train.steps);
  const RunMemory m = memory_of(run);
  return {{"demonstrations", a.demonstrations},
          {"completions_a_step", a.completions},
          {"rounds_a_step", a.rounds},
          {"updates_a_step", a.updates},
          {"completions_an_update", a.update_completions},
          {"tokens_a_step", a.step_tokens},
          {"tokens", a.run_tokens},
          {"evaluations", a.evaluations},
          {"completions_an_evaluation", a.evaluation_completions},
          {"micro_batch", run.experiment.train.micro_batch},
          {"checkpoint_bytes", checkpoint_bytes_of(run)},
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

int plan_command(const GlobalOptions& global, const PlanOptions& options) {
  end_at_interrupt();
  if (!options.gpu.empty()) return plan_on_gpu(global, options);
  keep_freed_memory();
  OpenedRun parts = OpenedRun::load(options.config, options.overrides, scan_plugins(global));
  for (const std::string& note : parts.notes) print(stderr, "note: {}\n", note);
  const RunProbe probe = probe_run(parts);
  if (!options.json) {
    print_plan(parts, probe);
    return 0;
  }
  Json out = arithmetic_json(parts);
  out["seconds"] = {
      {"warm_start_step", probe.warm_start},
      {"rollout", probe.rollout},
      {"update", probe.update},
      {"evaluation", probe.evaluation},
      {"run", probe.seconds(parts.experiment,
                            arithmetic_of(shape_of(parts), probe.steps(parts.experiment.train)))}};
  out["peak_bytes"] = probe.peak_bytes;
  print_json(out);
  return 0;
}

}  // namespace tinyzero
