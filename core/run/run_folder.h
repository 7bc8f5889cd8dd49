// A run's folder: what it was asked, what it did, and where it can go on.
//
//   config.yaml     every setting, as resolved
//   manifest.json   code, plugins and their hashes, machine
//   metrics.jsonl   one object a step or evaluation
//   episodes/       every completion with its verdict, one file a step (episode_file.h)
//   faults/         batches of updates that were skipped
//   checkpoints/    Hugging Face folders with the trainer's state (checkpoint.h)
//   tensorboard/    the numbers of metrics.jsonl as TensorBoard reads them (event_file.h)
//   log.txt         what was said while it ran
//   .lock           held by the process that writes, and its id (core/base/lock.h)
//   .unsaved        there until there is a first checkpoint: a run without either lost them
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/lock.h"

namespace tinyzero {

class RunFolder {
 public:
  // Makes a new folder with `config` as its config.yaml, which is there before anything that tells
  // of a run: a run killed in its first moment can be resumed, or begun again. Throws Error if the
  // folder exists with anything in it, or cannot be written.
  static RunFolder create(const fs::path& path, const std::string& config);
  // Opens an existing one, for going on or to read only; throws Error if it is none, or if it is to
  // be written to and another process does. Nothing in it is changed before rewind() or log().
  enum class Access { write, read };
  static RunFolder open(const fs::path& path, Access access = Access::write);

  // The process that writes to the run folder `path` now; 0: none does; -1: one whose id cannot be
  // read.
  static pid_t writer(const fs::path& path);

  const fs::path& path() const { return path_; }
  fs::path config() const { return path_ / "config.yaml"; }
  fs::path manifest() const { return path_ / "manifest.json"; }
  fs::path metrics() const { return path_ / "metrics.jsonl"; }
  fs::path log_file() const { return path_ / "log.txt"; }
  fs::path checkpoints() const { return path_ / "checkpoints"; }

  // What is to be known about how the folder is locked; empty: nothing.
  const std::string& lock_note() const { return lock_.note(); }

  // Throws Error if the run has had checkpoints, has metrics or episodes, and has no checkpoint
  // now: to go on would be to begin again and drop them.
  void check_checkpoints() const;
  // Keeps in the folder that the run has a checkpoint.
  void note_checkpoint() const;

  // Throws Failure if the folder was removed, moved or replaced since it was opened: what would be
  // written then is lost, or belongs to another run.
  void check_in_place() const;

  // Appends one object to metrics.jsonl and its numbers to tensorboard/.
  void write_metrics(const Json& metrics);
  // Writes the completions of a step, JSON lines, as its file in episodes/.
  void write_episodes(std::int64_t step, const std::string& lines);
  // Writes faults/step-NNNNNN.json, the batch of an update that was skipped; returns its path.
  fs::path write_fault(std::int64_t step, const Json& batch);
  // Appends a line to log.txt. One that cannot be written is dropped: what a run does, not what it
  // says, decides whether it goes on.
  void log(const std::string& line);

  // Bytes of metrics.jsonl so far, all of them on the disk: a checkpoint keeps this, so that going
  // on from it can drop what came after.
  std::int64_t metrics_bytes() const;
  // To be called before the first metrics of a process. Cuts metrics.jsonl to `bytes`, before
  // anything of it is read, and with it tensorboard/, and removes the episodes of steps after
  // `step`. Throws Error if metrics.jsonl is not what it was.
  void rewind(std::int64_t bytes, std::int64_t step);

 private:
  RunFolder(fs::path path, Access access, const std::string* new_config = nullptr);
  // Opens the files that are appended to.
  void start();
  // Writes tensorboard/ anew from metrics.jsonl and stays open at its end: nothing is ever in it
  // twice.
  void begin_events();
  void open_log();

  fs::path path_;
  FileHandle lock_file_, metrics_, log_, events_;
  FileLock lock_;
  double began_ = 0;  // time of day at which the run's seconds begin
};

// The whole lines of metrics.jsonl; a last one that a crash cut, or that is being written, is left
// out. Throws Error.
std::vector<Json> read_metrics(const fs::path& path);

}  // namespace tinyzero
