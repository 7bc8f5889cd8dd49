// Opening a model that a person named: a Hugging Face folder, or a run, which stands for its newest
// checkpoint.
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/config/document.h"
#include "core/model/folder.h"

namespace tinyzero {

// The Hugging Face folder that `path` stands for; throws Error if there is none.
fs::path model_folder(const fs::path& path);

// A model and the task it is to be tried on.
struct Subject {
  fs::path folder;
  std::string task, prompt_template = "auto";
  Node settings;          // of the task
  bool own_task = false;  // task and settings are those of a run
  fs::path run;           // that run; empty where the target is none, nor in one
  std::int64_t max_tokens = 256;
};

// `target` on `task` with the settings `words` (key=value). A run, or a checkpoint in it, brings
// its own task (if `task` is empty or the same), whose settings the words change, and its own
// limits; a model folder brings nothing. max_tokens 0: the run's, or 256. `task` stays empty if
// nobody names one.
Subject find_subject(const fs::path& target, const std::string& task,
                     const std::vector<std::string>& words, std::int64_t max_tokens);

}  // namespace tinyzero
