// What an algorithm makes of a batch, number by number.
#pragma once

#include "core/algorithm/batch_file.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// Prepares the batch and takes the loss, in double, without any model: side models say what the
// file recorded of them, or what they say at the first step of RL (values 0, log-probs those of the
// policy that sampled); these are named in "assumed".
//
//   advantages   by token                      gradient            of the loss by log-prob, by
//   token added        what prepare() added          entropy_gradient    of the loss by entropy, by
//   token, if there is any loss         of the update's episodes      metrics terms        of the
//   loss, by episode       models              {"critic": {loss, gradient, metrics}}: of what
//   prepare() trained counts       what means are divided by     not_finite          where numbers
//   are not finite; empty: nowhere
Json explain(Algorithm& algorithm, BatchFile file);

}  // namespace tinyzero
