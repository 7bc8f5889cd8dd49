// What `eval` prints: one row a model, all on the same problems.
#pragma once

#include <string>
#include <vector>

#include "core/eval/evaluate.h"

namespace tinyzero {

struct EvaluatedModel {
  std::string name, endpoint;  // the second is empty for a folder
  std::int64_t max_tokens = 0;
  EvalReport report;
};

struct Evaluation {
  std::string task, split;
  double temperature = 1;
  EvalSet set;
  std::vector<EvaluatedModel> models;  // the others are compared with the first
};

// For people: a table of the models, their differences, pass@k, accuracy by difficulty, reasons.
void print_evaluation(const Evaluation& evaluation);

// For machines: one object a model.
void print_evaluation_json(const Evaluation& evaluation);

}  // namespace tinyzero
