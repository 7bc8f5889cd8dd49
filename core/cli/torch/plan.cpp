// plan: what a run will need on this machine, by arithmetic and by a short measurement, or on a GPU
// by arithmetic alone. Writes nothing.

#include "core/cli/delegated/plan.h"

#include <fmt/format.h>

#include "core/base/memory.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/cli/torch/arithmetic_text.h"
#include "core/cli/torch/gpu_text.h"
#include "core/cli/torch/ranks_text.h"
#include "core/config/experiment.h"
#include "core/forecast/gpu.h"
#include "core/forecast/memory.h"
#include "core/kernels/kernels.h"
#include "core/train/opened_run.h"
#include "core/train/probe.h"

namespace tinyzero {
namespace {

std::string phase_line(const char* name, std::int64_t times, double seconds,
                       const std::string& what) {
  return fmt::format("  {:<12} {:>7} x {:>9} = {:>9}{}", name, times, time_text(seconds),
                     time_text(static_cast<double>(times) * seconds), what);
}

void print_measured(const OpenedRun& run, const RunProbe& probe, const RunArithmetic& a) {
  const Experiment& e = run.experiment;
  const std::int64_t steps = probe.steps(e.train);
  print("measured\n");
  if (e.warm_start.steps > 0)
    print("{}\n", phase_line("warm start", e.warm_start.steps, probe.warm_start, ""));
  if (e.train.steps > 0) {
    print("{}\n", phase_line("rollout", steps, probe.rollout,
                             a.rounds > 1 ? "   one round of sampling" : ""));
    print("{}\n",
          phase_line("update", steps, probe.update, "   with every problem of a step teaching"));
  }
  print("{}\n", phase_line("evaluation", a.evaluations, probe.evaluation, ""));
  if (probe.overlaps)
    print("{}\n", phase_line("step", steps, probe.step(), "   sampling beside learning"));
  print("  {:<12} about {}; less as completions learn to end before the limit\n", "time",
        time_text(probe.seconds(e, a)));
  print("  {:<12} {} at its peak, with the program, LibTorch and activations\n", "memory",
        megabytes(probe.peak_bytes));
}

void print_plan(const OpenedRun& run, const RunProbe& probe) {
  const Experiment& e = run.experiment;
  const std::int64_t steps = probe.steps(e.train);
  const RunArithmetic a = arithmetic_of(shape_of(run), steps);
  print("{} · {} · {} · {} · {}\n", run.task.about().id, e.algorithm.use, model_label(run),
        counted(e.general.threads, "thread"), kernels().name);
  for (const std::string& line : arithmetic_lines(run)) print("  {}\n", line);
  print_measured(run, probe, a);
}

Json plan_json(const OpenedRun& run, const RunProbe& probe) {
  Json out = arithmetic_json(run);
  const RunArithmetic a = arithmetic_of(shape_of(run), probe.steps(run.experiment.train));
  out["seconds"] = {{"warm_start_step", probe.warm_start},
                    {"rollout", probe.rollout},
                    {"update", probe.update},
                    {"evaluation", probe.evaluation},
                    {"run", probe.seconds(run.experiment, a)}};
  out["peak_bytes"] = probe.peak_bytes;
  return out;
}

void print_run_notes(const OpenedRun& run) {
  for (const std::string& note : run.notes) print(stderr, "note: {}\n", note);
}

// By shapes alone: the folder of the model may lack its weights.
int plan_on_gpu(const GlobalOptions& global, const PlanOptions& options) {
  const Gpu gpu = gpu_from_name(options.gpu);
  const OpenedRun run =
      OpenedRun::load(options.config, options.overrides, scan_plugins(global), {.weights = false});
  print_run_notes(run);
  RunShape shape = shape_of(run);
  std::int64_t& micro_batch = shape.experiment.train.micro_batch;
  if (run.chose_micro_batch) micro_batch = 0;  // it was chosen by this machine's memory
  const std::int64_t tokens = gpu_micro_batch(shape, gpu);
  micro_batch = tokens > 0 ? tokens : shape.longest();
  if (options.json) {
    print_json(gpu_json(shape, gpu));
    return 0;
  }
  print("{} · {} · {} · {}\n", run.task.about().id, run.experiment.algorithm.use, model_label(run),
        gpu.name);
  print(
      "  a prediction on paper: nothing of it was measured. With rollout.device=cuda "
      "train.device=cuda\n");
  for (const std::string& line : arithmetic_lines(shape, run.held_out.keys)) print("  {}\n", line);
  print("{}", gpu_text(shape, gpu));
  return 0;
}

}  // namespace

int run_plan(const GlobalOptions& global, const PlanOptions& options) {
  end_at_interrupt();
  if (!options.gpu.empty()) return plan_on_gpu(global, options);
  keep_freed_memory();
  OpenedRun run = OpenedRun::load(options.config, options.overrides, scan_plugins(global));
  if (options.ranks > 1 && run.experiment.train.steps == 0)
    throw Error("plan --ranks predicts steps of RL, and train.steps is 0",
                "set it, or leave --ranks");
  if (!run.chose_shards) check_shards(run.experiment.train.shards, options.ranks);
  print_run_notes(run);
  const RunShape shape = shape_of(run);
  const RunProbe probe = probe_run(run);
  const std::vector<Link> links = links_for(options.link);
  const auto ranks = forecast_ranks(shape, run.chose_shards, options.ranks,
                                    {.rollout = probe.rollout,
                                     .update = probe.update,
                                     .tokens = probe.sampled,
                                     .overlaps = probe.overlaps},
                                    links);
  if (options.json) {
    Json out = plan_json(run, probe);
    if (options.ranks > 1) out["ranks"] = ranks_json(ranks, links);
    print_json(out);
  } else {
    print_plan(run, probe);
    if (options.ranks > 1) print("{}", ranks_text(ranks, links));
  }
  return 0;
}

}  // namespace tinyzero
