// What an algorithm makes of a batch, number by number.
#pragma once

#include "core/algorithm/batch_file.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// Prepares the batch and takes the loss, in double, without any model. Auxiliary models say what
// the file recorded. Those that it lacks are named in "assumed" and say what they say at the first
// step of RL: values 0, and log-probs of the policy that sampled.
//
//   advantages        by token
//   added             what prepare() added
//   gradient          of the loss by log-prob, by token
//   entropy_gradient  of the loss by entropy, by token, if there is any
//   loss              of the update's episodes
//   terms             of the loss, by episode
//   counts            denominators of the means
//   metrics
//   models            {"critic": {loss, gradient, metrics}}: of what prepare() trained
//   not_finite        where numbers are not finite; empty: nowhere
Json explain(Algorithm& algorithm, BatchFile file);

}  // namespace tinyzero
