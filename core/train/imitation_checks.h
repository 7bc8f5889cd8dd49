// What settings a run that imitates (train.imitate) cannot have.
#pragma once

namespace tinyzero {

struct Experiment;
class Task;

// Throws Error for settings that have no use in a run that imitates, or that it cannot follow.
// `task` is that of the evaluation.
void check_imitation(const Experiment& e, const Task& task);

}  // namespace tinyzero
