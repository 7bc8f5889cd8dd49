// The warm start: before RL, the policy imitates demonstrations of the task.
#pragma once

#include <cstdint>
#include <vector>

namespace tinyzero {

class Learner;
struct OpenedRun;
struct Sequence;

// The demonstrations of one step, framed, tokenized and ended. Throws Error for one that does not
// fit the model's context.
std::vector<Sequence> demonstrations(const OpenedRun& run, std::uint64_t step);

// Imitates the demonstrations of a step, counted from 0, and returns the loss: the mean of -logp
// over their tokens, in nats. The learning rate rises over the first twentieth of the warm start,
// and then falls like a cosine.
double warm_start_step(Learner& learner, const OpenedRun& run, std::int64_t step);

}  // namespace tinyzero
