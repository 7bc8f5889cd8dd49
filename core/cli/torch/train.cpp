// train: a new run from an experiment file, or a run that continues.

#include "core/cli/delegated/train.h"

#include <ATen/Version.h>
#include <fmt/format.h>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/torch/run_view.h"
#include "core/cli/torch/train_ranks.h"
#include "core/kernels/kernels.h"
#include "core/rollout/cuda/device.h"
#include "core/run/manifest.h"
#include "core/train/preflight.h"
#include "core/train/trainer.h"

namespace tinyzero {
namespace {

// The first signal asks the run to end, with a checkpoint; Ctrl-C after it ends the process at
// once. Of ranks that all have the signal, one says so.
const StopRequest& catch_signals(const Ranks& ranks, const fs::path& run) {
  if (!ranks.is_first()) return catch_interrupts({});
  const std::string resume = "tinyzero train --resume " + shell_word(run.string());
  return catch_interrupts(
      {fmt::format(
           "stopping: the run ends with a checkpoint as soon as it can, at the latest after "
           "this step{}; another Ctrl-C ends it at once",
           ranks.are_many() ? " or evaluation" : ""),
       "stopped at once; from the last checkpoint continue with: " + resume});
}

// A reader that goes away (`train | head`) does not end a run, and a file that may not grow is an
// error like a full disk.
void ignore_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

RunFacts facts_of(const OpenedRun& run, const fs::path& folder) {
  const Experiment& e = run.experiment;
  RunFacts facts;
  facts.task = run.task.about().id;
  facts.algorithm = e.algorithm.use;
  facts.model = model_label(run);
  facts.kernels = kernels().name;
  facts.threads = e.general.threads;
  facts.seed = e.general.seed;
  facts.folder = folder.string();
  return facts;
}

ManifestFacts manifest_facts(const OpenedRun& run, const std::string& config) {
  const fs::path start = run.experiment.model.path;
  const bool there = !start.empty() && fs::is_directory(start);
  ManifestFacts facts;
  facts.config = config;
  facts.tasks = run.task_libraries();
  facts.algorithm = run.algorithm.path;
  facts.torch = at::show_config();
  facts.problem_set = run.held_out.fingerprint;
  facts.settings = run.resolved();
  if (there) facts.model_files = model_hashes(start);
  return facts;
}

// Throws Error naming what changed since the run began, unless that is accepted.
void check_changes(const RunFolder& folder, const ManifestFacts& facts,
                   const TrainOptions& options) {
  const std::vector<Change> changes = manifest_changes(folder, facts);
  if (changes.empty()) return;
  if (options.accept_changes) return accept_changes(folder, facts, changes);
  std::string words = "the run " + options.resume + " would not continue as it began:";
  for (const Change& change : changes)
    words += fmt::format("\n  {} was {}, is {}", change.what, change.before, change.now);
  throw Error(words, "undo the changes, or continue with them: tinyzero train --resume " +
                         shell_word(options.resume) + " --accept-changes");
}

void warn_of_machine(const RunFolder& folder, Observer& view) {
  const std::string kernels_before = manifest_kernels(folder),
                    program_before = manifest_program(folder), program = program_hash();
  if (kernels_before != kernels().name) {
    view.warned(fmt::format(
        "this run began with {} kernels and continues with {}: right, but no longer the "
        "same bit for bit",
        kernels_before, kernels().name));
  }
  if (program_before != program) {
    view.warned(
        fmt::format("this run began with another build of the program (xxh3 {}) and continues with "
                    "this one ({}): it may no longer be the same bit for bit",
                    program_before, program));
  }
}

constexpr int kStoppedByAnother = 128 + SIGTERM;  // the exit code: another rank had the signal

// Runs to the end. An error that ends the run is in its log, too.
int train_to_the_end(Trainer& trainer, RunFolder& folder, const Ranks& ranks) {
  try {
    if (trainer.run()) return 0;
    return interrupt_code() != 0 ? interrupt_code() : kStoppedByAnother;
  } catch (const std::exception& e) {
    if (ranks.is_first()) folder.log("error: " + tell_error(e).what);
    throw;
  }
}

OpenedRun open_new(const GlobalOptions& global, const TrainOptions& options, Ranks& ranks) {
  const PluginCatalog catalog = scan_plugins(global);
  if (!options.planned)
    return OpenedRun::load(options.config, options.overrides, catalog, {.ranks = &ranks});
  return OpenedRun::open(Experiment::load(options.config, options.overrides), catalog,
                         {.check_idle_settings = false, .ranks = &ranks});
}

// The first rank's folder, and the others' for reading.
RunFolder folder_for(Ranks& ranks, const fs::path& path, const std::function<RunFolder()>& first) {
  std::optional<RunFolder> folder;
  ranks.together("the run's folder", [&] {
    if (ranks.is_first()) folder.emplace(first());
  });
  ranks.together("the run's folder", [&] {
    if (!ranks.is_first()) folder.emplace(RunFolder::open(path, RunFolder::Access::read));
  });
  return std::move(*folder);
}

std::unique_ptr<Observer> observer_for(const Ranks& ranks, RunFolder& folder,
                                       const TrainOptions& options) {
  if (!ranks.is_first()) return silent_observer();
  return std::make_unique<RunView>(folder,
                                   RunViewOptions{.quiet = options.quiet, .json = options.json});
}

void note_lock(const RunFolder& folder, Observer& view) {
  if (!folder.lock_note().empty()) view.noted("note        " + folder.lock_note());
}

// Ranks that learn on GPUs exchange between these, where that is possible.
void connect_gpus(Ranks& ranks, const Experiment& experiment, Observer& view) {
  if (!ranks.are_many() || experiment.train.device != "cuda") return;
  const bool direct = ranks.use_gpus();
  view.noted(std::string("ranks       gradients and weights go ") +
             (direct ? "from GPU to GPU (NCCL)" : "through the memory of the hosts"));
}

int train_new(const GlobalOptions& global, const TrainOptions& options, Ranks& ranks) {
  std::optional<OpenedRun> opened;
  ranks.together("opening the run", [&] { opened.emplace(open_new(global, options, ranks)); });
  OpenedRun& run = *opened;
  const fs::path path =
      options.run.empty() ? fs::path("runs") / run.experiment.name : fs::path(options.run);
  PreflightReport preflight;
  ManifestFacts facts;
  ranks.together("the checks before a run", [&] {
    preflight = check_start(run, path);
    facts = manifest_facts(run, options.config);
  });
  agree_on_run(ranks, run, facts);
  facts.settings = run.resolved();
  RunFolder folder = folder_for(ranks, path, [&] {
    RunFolder made = RunFolder::create(path, resolved_yaml(facts.settings));
    write_manifest(made, facts);
    return made;
  });
  const auto observer = observer_for(ranks, folder, options);
  Observer& view = *observer;
  view.started(facts_of(run, path));
  for (const std::string& note : run.notes) view.noted("note        " + note);
  note_lock(folder, view);
  connect_gpus(ranks, run.experiment, view);
  Trainer trainer(run, folder, view, catch_signals(ranks, path), std::move(preflight));
  return train_to_the_end(trainer, folder, ranks);
}

void check_resume_options(const TrainOptions& options) {
  if (options.config.empty() && options.overrides.empty() && options.run.empty()) return;
  throw Error(
      "--resume continues with the run's own settings: no experiment file, overrides or --run "
      "beside "
      "it",
      "give only --resume FOLDER");
}

RunFacts resumed_facts(const OpenedRun& run, const std::string& folder,
                       const std::optional<Checkpoint>& checkpoint) {
  RunFacts facts = facts_of(run, folder);
  if (!checkpoint) return facts;
  facts.resumed_phase = checkpoint->state.phase;
  facts.resumed_step = checkpoint->state.step;
  return facts;
}

int train_resumed(const GlobalOptions& global, const TrainOptions& options, Ranks& ranks) {
  check_resume_options(options);
  RunFolder folder = folder_for(ranks, options.resume, [&] {
    RunFolder there = RunFolder::open(options.resume);
    there.check_checkpoints();
    return there;
  });
  std::optional<OpenedRun> opened;
  ManifestFacts begun;
  PreflightReport preflight;
  ranks.together("opening the run", [&] {
    opened.emplace(OpenedRun::open_run(folder.path(), scan_plugins(global), &ranks));
    begun = manifest_facts(*opened, folder.config().string());
    if (ranks.is_first()) {
      if (!fs::exists(folder.manifest()))
        write_manifest(folder, begun);  // killed before it had one
      check_changes(folder, begun, options);
    }
    preflight = check_start(*opened, folder.path());
  });
  OpenedRun& run = *opened;
  agree_on_run(ranks, run, begun);
  const auto observer = observer_for(ranks, folder, options);
  Observer& view = *observer;
  std::optional<Checkpoint> checkpoint;
  ranks.together("reading the checkpoint", [&] {
    checkpoint = load_checkpoint(
        folder.checkpoints(), run.model, [&](const std::string& text) { view.warned(text); },
        run.adapter.get());
  });
  ranks.agree("newest checkpoint", checkpoint ? checkpoint->folder.filename().string() : "");
  view.started(resumed_facts(run, options.resume, checkpoint));
  warn_of_machine(folder, view);
  if (begun.model_files.is_null() && !run.experiment.model.path.empty())
    view.warned(fmt::format(
        "model.path {} is not there any more: the run continues from its own checkpoints",
        run.experiment.model.path));
  note_lock(folder, view);
  connect_gpus(ranks, run.experiment, view);
  Trainer trainer(run, folder, view, catch_signals(ranks, folder.path()), std::move(preflight));
  trainer.restore(checkpoint ? std::move(*checkpoint) : Checkpoint());
  return train_to_the_end(trainer, folder, ranks);
}

}  // namespace

int run_train(const GlobalOptions& global, const TrainOptions& options) {
  keep_freed_memory();
  ignore_signals();
  if (options.accept_changes && options.resume.empty())
    throw Error("--accept-changes is for --resume", "remove it, or add --resume FOLDER");
  if (options.config.empty() && options.resume.empty())
    throw Error("no experiment file", "for example: tinyzero train configs/countdown-grpo.yaml");
  return with_ranks(options.ranks, [&](Ranks& ranks) {
    return options.resume.empty() ? train_new(global, options, ranks)
                                  : train_resumed(global, options, ranks);
  });
}

}  // namespace tinyzero
