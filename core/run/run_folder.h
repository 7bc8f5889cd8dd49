// The folder of a run: its settings, its results, and its checkpoints.
//
//   config.yaml     every setting, as resolved
//   manifest.json   code, plugins and their hashes, machine
//   metrics.jsonl   one object per step or evaluation
//   episodes/       every completion with its verdict, one file per step (episode_file.h)
//   faults/         batches of skipped updates
//   checkpoints/    Hugging Face folders with the trainer's state (checkpoint.h)
//   tensorboard/    the numbers of metrics.jsonl for TensorBoard (event_file.h)
//   log.txt         messages of the run
//   .lock           locked by the process that writes, with its id (core/base/lock.h)
//   .unsaved        exists until the first checkpoint: a run with neither has lost its checkpoints
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/lock.h"

namespace tinyzero {

class RunFolder {
 public:
  // Makes a new folder with `config` as its config.yaml, which is written first: so a run that is
  // killed in its first moment can be resumed, or started again. Throws Error if the folder exists
  // and is not empty, or cannot be written.
  static RunFolder create(const fs::path& path, const std::string& config);
  // Opens an existing folder. Throws Error if it is not a run folder, or if another process has
  // write access. Nothing in it changes before rewind() or log().
  enum class Access { write, read };
  static RunFolder open(const fs::path& path, Access access = Access::write);

  // The id of the process that writes to the run folder `path`; 0 if none does, -1 if the id cannot
  // be read.
  static pid_t writer(const fs::path& path);

  const fs::path& path() const { return path_; }
  fs::path config() const { return path_ / "config.yaml"; }
  fs::path manifest() const { return path_ / "manifest.json"; }
  fs::path metrics() const { return path_ / "metrics.jsonl"; }
  fs::path log_file() const { return path_ / "log.txt"; }
  fs::path checkpoints() const { return path_ / "checkpoints"; }

  // A note for the user about how the folder is locked; may be empty.
  const std::string& lock_note() const { return lock_.note(); }

  // Throws Error if the run has metrics or episodes and has lost its checkpoints: resuming it would
  // start again and delete them.
  void check_checkpoints() const;
  // Records in the folder that the run has a checkpoint.
  void note_checkpoint() const;

  // Throws Failure if the folder was removed, moved or replaced since it was opened: anything
  // written then would be lost, or belong to another run.
  void check_in_place() const;

  // Appends one object to metrics.jsonl and its numbers to tensorboard/.
  void write_metrics(const Json& metrics);
  // Writes the completions of a step, as JSON lines, to its file in episodes/.
  void write_episodes(std::int64_t step, const std::string& lines);
  // Writes faults/step-NNNNNN.json, the batch of a skipped update; returns its path.
  fs::path write_fault(std::int64_t step, const Json& batch);
  // Appends a line to log.txt. Failures are ignored: a run does not stop for a message.
  void log(const std::string& line);

  // The size of metrics.jsonl, after flushing it to disk. A checkpoint contains this size, so that
  // resuming from it can drop later records.
  std::int64_t metrics_bytes() const;
  // Call it before a process writes its first metrics. Cuts metrics.jsonl to `bytes` before reading
  // it, rewrites tensorboard/, and removes the episodes of steps after `step`. Throws Error if
  // metrics.jsonl has been changed.
  void rewind(std::int64_t bytes, std::int64_t step);

 private:
  RunFolder(fs::path path, Access access, const std::string* new_config = nullptr);
  // Opens the files that are appended to.
  void start();
  // Rewrites tensorboard/ from metrics.jsonl, so that nothing is in it twice, and keeps it open.
  void begin_events();
  void open_log();

  fs::path path_;
  FileHandle lock_file_;
  FileHandle metrics_;
  FileHandle log_;
  FileHandle events_;
  FileLock lock_;
  double began_ = 0;  // start of the run, in seconds since 1970
};

// The records of metrics.jsonl. A last line without a line end, cut by a crash or still being
// written, is left out. Throws Error.
std::vector<Json> read_metrics(const fs::path& path);

}  // namespace tinyzero
