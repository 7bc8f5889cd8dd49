// The cost of RL so far.
#pragma once

namespace tinyzero {

// The cost of RL so far.
struct Spent {
  // Completion tokens: charged once when sampled, and once in every pass that learns from them or
  // reads them.
  double tokens = 0;
  double seconds = 0;  // time of the steps, without evaluation and checkpoints
};

}  // namespace tinyzero
