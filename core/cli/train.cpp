// train: a new run from an experiment file, or a run that goes on.

#include <ATen/Version.h>
#include <fmt/format.h>

#include <csignal>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/run_view.h"
#include "core/kernels/kernels.h"
#include "core/rollout/cuda/device.h"
#include "core/run/manifest.h"
#include "core/train/trainer.h"

namespace tinyzero {
namespace {

// The first signal asks the run to end, with a checkpoint; the second ends the process at once.
const StopWish& catch_signals(const fs::path& run) {
  const std::string resume = "tinyzero train --resume " + shell_word(run.string());
  return catch_interrupts(
      {"stopping: the run ends with a checkpoint as soon as it can, at the latest after this step; "
       "once more ends it at once",
       "stopped at once; from the last checkpoint go on with: " + resume});
}

// A reader that goes away (`train | head`) does not end a run, and a file that may not grow is an
// error like a full disk.
void ignore_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

RunFacts facts_of(const OpenedRun& parts, const fs::path& folder) {
  const Experiment& e = parts.experiment;
  RunFacts facts;
  facts.task = parts.task.about().id;
  facts.algorithm = e.algorithm.use;
  facts.model = model_label(parts);
  facts.kernels = kernels().name;
  facts.threads = e.general.threads;
  facts.seed = e.general.seed;
  facts.folder = folder.string();
  return facts;
}

ManifestFacts manifest_facts(const OpenedRun& parts, const std::string& config) {
  const fs::path start = parts.experiment.model.path;
  const bool there = !start.empty() && fs::is_directory(start);
  return {config,
          parts.task.libraries(),
          parts.algorithm.path,
          at::show_config(),
          parts.held_out.fingerprint,
          parts.resolved(),
          there ? model_hashes(start) : Json()};
}

// Throws Error naming what changed since the run began, unless that is accepted.
void check_changes(const RunFolder& folder, const ManifestFacts& facts,
                   const TrainOptions& options) {
  const std::vector<Change> changes = manifest_changes(folder, facts);
  if (changes.empty()) return;
  if (options.accept_changes) return accept_changes(folder, facts, changes);
  std::string words = "the run " + options.resume + " would not go on as it began:";
  for (const Change& change : changes)
    words += fmt::format("\n  {} was {}, is {}", change.what, change.before, change.now);
  throw Error(words, "undo the changes, or go on with them: tinyzero train --resume " +
                         shell_word(options.resume) + " --accept-changes");
}

void warn_of_machine(const RunFolder& folder, RunView& view) {
  const std::string kernels_before = manifest_kernels(folder),
                    program_before = manifest_program(folder), program = program_hash();
  if (kernels_before != kernels().name) {
    view.warned(
        fmt::format("this run began with {} kernels and goes on with {}: right, but no longer the "
                    "same bit for bit",
                    kernels_before, kernels().name));
  }
  if (program_before != program) {
    view.warned(
        fmt::format("this run began with another build of the program (xxh3 {}) and goes on with "
                    "this one ({}): it may no longer be the same bit for bit",
                    program_before, program));
  }
}

// To the end; what ends it stands in its log, too.
int run_to_the_end(Trainer& trainer, RunFolder& folder) {
  try {
    return trainer.run() ? 0 : interrupt_code();
  } catch (const std::exception& e) {
    folder.log("error: " + tell_error(e).what);
    throw;
  }
}

int train_new(const GlobalOptions& global, const TrainOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  OpenedRun parts =
      options.planned
          ? OpenedRun::open_planned(Experiment::load(options.config, options.overrides), catalog)
          : OpenedRun::load(options.config, options.overrides, catalog);
  const fs::path path =
      options.run.empty() ? fs::path("runs") / parts.experiment.name : fs::path(options.run);
  PreflightReport preflight = check_start(parts, path);
  RunFolder folder = RunFolder::create(path, resolved_yaml(parts.resolved()));
  write_manifest(folder, manifest_facts(parts, options.config));
  RunView view(folder, {options.quiet, options.json});
  view.started(facts_of(parts, path));
  for (const std::string& note : parts.notes) view.noted("note        " + note);
  if (!folder.lock_note().empty()) view.noted("note        " + folder.lock_note());
  Trainer trainer(parts, folder, view, catch_signals(path), std::move(preflight));
  return run_to_the_end(trainer, folder);
}

int train_resumed(const GlobalOptions& global, const TrainOptions& options) {
  if (!options.config.empty() || !options.overrides.empty() || !options.run.empty()) {
    throw Error(
        "--resume goes on with the run's own settings: no experiment file, overrides or --run "
        "beside it",
        "give only --resume FOLDER");
  }
  RunFolder folder = RunFolder::open(options.resume);
  folder.check_checkpoints();
  OpenedRun parts = OpenedRun::open_run(folder.path(), scan_plugins(global));
  const ManifestFacts begun = manifest_facts(parts, folder.config().string());
  if (!fs::exists(folder.manifest())) write_manifest(folder, begun);  // killed before it had one
  check_changes(folder, begun, options);
  PreflightReport preflight = check_start(parts, folder.path());
  RunView view(folder, {options.quiet, options.json});
  auto checkpoint = load_checkpoint(
      folder.checkpoints(), parts.model, [&](const std::string& text) { view.warned(text); },
      parts.adapter.get());
  RunFacts facts = facts_of(parts, options.resume);
  if (checkpoint) {
    facts.resumed_phase = checkpoint->state.phase;
    facts.resumed_step = checkpoint->state.step;
  }
  view.started(facts);
  warn_of_machine(folder, view);
  if (begun.model_files.is_null() && !parts.experiment.model.path.empty())
    view.warned(
        fmt::format("model.path {} is not there any more: the run goes on from its own checkpoints",
                    parts.experiment.model.path));
  if (!folder.lock_note().empty()) view.noted("note        " + folder.lock_note());
  Trainer trainer(parts, folder, view, catch_signals(folder.path()), std::move(preflight));
  trainer.restore(checkpoint ? std::move(*checkpoint) : Checkpoint());
  return run_to_the_end(trainer, folder);
}

}  // namespace

int train_command(const GlobalOptions& global, const TrainOptions& options) {
  keep_freed_memory();
  ignore_signals();
  if (options.accept_changes && options.resume.empty())
    throw Error("--accept-changes is for --resume", "remove it, or add --resume FOLDER");
  if (!options.resume.empty()) return train_resumed(global, options);
  if (options.config.empty())
    throw Error("no experiment file", "for example: tinyzero train configs/countdown-grpo.yaml");
  return train_new(global, options);
}

int torch_info_command(const GlobalOptions&) {
  print_json({{"libtorch", TINYZERO_TORCH}, {"cuda", cuda_description()}});
  return 0;
}

}  // namespace tinyzero
