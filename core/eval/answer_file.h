// Completions of evaluations with their verdicts, as JSON lines. An answer in the file need not be
// asked for again.
//
//   {"evaluation": {"model", "task", …}}     what the model was asked, before its first completion
//   {"model", "problem", "sample", …}        a completion, in the order in which they came
//
// A line is appended as soon as its completion is known, in one write. A killed process loses only
// what was under way, and half a line that a crash of the machine leaves is cut off. Where an
// endpoint failed, the line has "failed": true, and a later line replaces it. A line whose "end"
// means a failure (finish_reason.h) is replaced, too.
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
  // Opens or makes the file and locks it against other writers. Throws Error if it holds something
  // else, or if another process has locked it.
  explicit AnswerFile(fs::path path);

  // Begins the evaluation `about`, whose "model" names it, and returns the file's answers to it:
  // one per problem and sample with a completion, with new verdicts of `task`. `about` is written
  // if the file lacks it. Throws Error if the file has the model with other settings.
  std::vector<EvalAnswer> begin(const Json& about, const Task& task, const EvalSet& set);

  // Appends an answer of the evaluation that began last.
  void append(const EvalAnswer& answer, const Item& item);

  // Makes the appended answers durable.
  void sync() const { file_.sync(path_); }

  const fs::path& path() const { return path_; }
  // How the file is locked, if that is worth a note; empty: nothing to say.
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
