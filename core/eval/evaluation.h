// An evaluation: several models on the same held-out problems, with every answer appended to a file
// if one is named. An evaluation that was interrupted asks only what the file does not have.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/stop.h"
#include "core/eval/ask.h"
#include "core/eval/evaluate.h"
#include "core/task/stream.h"
#include "core/task/task.h"

namespace tinyzero {

class AnswerFile;
struct Model;

struct EvaluatedModel {
  std::string name;
  std::string endpoint;  // empty for a folder
  std::int64_t max_tokens = 0;
  EvalReport report;
};

struct Evaluation {
  std::string task;
  std::string split;
  double temperature = 1;
  EvalSet set;
  std::vector<std::int64_t> pass_at;  // the k of pass@k to report, ascending; empty: powers of 2
  // The others are compared with the first.
  std::vector<EvaluatedModel> models;
};

// Whether each problem is also answered once at temperature 0.
enum class GreedyAnswers { folders_only, always, never };

struct EvaluationOptions {
  std::string split = "test";
  std::int64_t problems = 512;
  std::string set;                    // hash that the problems must have; empty: any
  std::int64_t samples = 1;           // completions per problem
  std::vector<std::int64_t> pass_at;  // as in Evaluation, each at most `samples`
  double temperature = 1.0;           // 0: the samples are greedy, and no others are
  GreedyAnswers greedy = GreedyAnswers::folders_only;
  std::int64_t seed = 1;  // of the sampling of folders
  std::string save;       // file of the answers; empty: they are not stored
};

// A model folder, and how its completions are made.
struct FolderModel {
  fs::path folder;
  std::string prompt_template = "auto";
  std::int64_t max_tokens = 256;
  // Named in the answer file where they are not the default.
  std::string device = "cpu";
  std::string precision;
};

// A model behind an endpoint. `framing` is empty where the endpoint frames prompts itself.
struct EndpointModel {
  EndpointOptions options;
  std::string framing;
};

struct EvaluationProgress {
  std::string model;
  std::size_t known = 0;  // answers that the file had
  std::size_t total = 0;
  AskReport asked;
  double seconds = 0;  // since the first request
};

// Called while an endpoint is asked, on the caller's thread.
struct EvaluationObserver {
  std::function<void(const EvaluationProgress&)> progress;  // a few times a second
  std::function<void(const std::string&)> noted;            // in words: why it waits
};

class Evaluator {
 public:
  // Draws the problems and opens the answer file. Throws Error if the problems do not have the hash
  // that is asked for, or the file is not one of answers. `stop` must outlive this; null: nobody
  // interrupts.
  Evaluator(EvaluationOptions options, Task task, const StopRequest* stop);
  ~Evaluator();

  // Each evaluates one model. Throws Interrupted where `stop` asks for it; answers that were
  // completed before are in the file. The engine is made only if an answer is missing.
  void evaluate_folder(const FolderModel& model,
                       const std::function<std::unique_ptr<Engine>(const Model&)>& make_engine);
  void evaluate_endpoint(const EndpointModel& model, const EvaluationObserver& observer);

  // Of the model that was evaluated last: answers that are there, and those that are wanted.
  struct AnswerCount {
    std::size_t there = 0;
    std::size_t wanted = 0;
  };
  const AnswerCount& count() const { return count_; }

  // Why traits are not counted any more; "" if they are.
  std::string traits_fault() const { return task_.traits_fault(); }
  // How the answer file is locked, if that is worth a note; empty: nothing to say.
  std::string lock_note() const;
  // Makes the answers in the file durable.
  void sync() const;

  const Evaluation& evaluation() const { return evaluation_; }

 private:
  bool with_greedy(bool is_folder) const;
  std::vector<Question> questions(bool greedy, const std::string& framing) const;
  Json describe(const std::string& model, std::int64_t max_tokens) const;
  Json describe_folder(const FolderModel& model, const std::string& framing) const;
  Json describe_endpoint(const EndpointModel& model) const;
  std::vector<EvalAnswer> known_answers(const Json& about, const std::vector<Question>& wanted);
  void store(const EvalAnswer& answer);
  EvalAnswer judge(const Asked& asked) const;
  void add(EvaluatedModel model, const std::vector<EvalAnswer>& answers);

  EvaluationOptions options_;
  Task task_;
  const StopRequest* stop_;
  Evaluation evaluation_;
  std::unique_ptr<AnswerFile> file_;  // null: answers are not stored
  AnswerCount count_;
};

// The settings of a task as an evaluation compares and stores them.
Json task_settings(const Task& task);

}  // namespace tinyzero
