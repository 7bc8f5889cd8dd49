// What `eval` prints: one row a model, all on the same problems.
#pragma once

namespace tinyzero {

struct Evaluation;

// For people: a table of the models, their differences, pass@k, accuracy by difficulty, reasons.
void print_evaluation(const Evaluation& evaluation);

// For machines: one object a model.
void print_evaluation_json(const Evaluation& evaluation);

}  // namespace tinyzero
