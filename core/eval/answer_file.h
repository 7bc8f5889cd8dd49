// Completions of evaluations with their verdicts, as JSON lines; what is in the file need not be
// asked again.
//
//   {"evaluation": {"model", "task", …}}     what the model was asked, before its first completion
//   {"model", "problem", "sample", …}        a completion, in the order in which they came
//
// A line is appended as soon as its completion is there, in one write: a process that is killed
// loses what was under way, and the half of a line that a crash of the machine may leave is cut.
// Where an endpoint failed, the line has "failed": true, and a later one takes its place; so does a
// line whose "end" is a word for a failure (finish_reason.h).
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/lock.h"
#include "core/eval/evaluate.h"

namespace tinyzero {

class AnswerFile {
 public:
  // Opens or makes the file, and keeps others from writing it meanwhile. Throws Error if it holds
  // something else, or another process has it.
  explicit AnswerFile(fs::path path);

  // The answers that are there of the evaluation `about`, whose "model" names it, with new verdicts
  // of `task`: one for each problem and sample that has a completion. Throws Error if the file has
  // the model with other settings, naming both. `about` is written if it is not there.
  std::vector<EvalAnswer> begin(const Json& about, const Task& task, const EvalSet& set);

  // Appends an answer of the evaluation begun last.
  void append(const EvalAnswer& answer, const Item& item);

  // Makes what was appended durable.
  void sync() const { file_.sync(path_); }

  const fs::path& path() const { return path_; }
  // What is to be known about how the file is locked; empty: nothing.
  const std::string& lock_note() const { return lock_.note(); }

 private:
  void read();

  fs::path path_;
  FileHandle file_;
  FileLock lock_;
  std::vector<Json> lines_;
  std::string model_;
};

}  // namespace tinyzero
