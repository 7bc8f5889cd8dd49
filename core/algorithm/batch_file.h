// A batch as a JSON file: what `algorithm explain` reads, and what a run saves when an update is
// skipped.
//
// Arrays of episodes are lists of B values, arrays of tokens ragged lists of B lists. In old_logp,
// logp, entropy and outputs a number that is not finite is null.
//
//   groups      which problem each episode answers, an integer          needed
//   rewards     raw rewards, finite                                     needed
//   old_logp    log-probs under the policy that sampled, by token       needed
//   logp        under the policy in training                            default: old_logp
//   entropy     of the next token's distribution, in nats               default: 0
//   mask        1: trained, by token                                    default: 1 where usable
//   usable, truncated   by episode                                      default: true, false
//   right       by episode                                              default: reward >= 1
//   outputs     {"critic": …, "reference": …}: numbers of auxiliary models, by token
//   max_tokens  longest completion of a rollout                         default: the longest here
//   step        of the run, from 1                                      default: 1
//   kept        {"kl_weight": …}: numbers that last from step to step
//   update      episodes of the update whose loss is taken              default: all
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "tinyzero/batch.h"

namespace tinyzero {

struct BatchFile {
  Batch batch;                                // not yet prepared
  at::Tensor logp, entropy;                   // (N); doubles, as all numbers of a file
  std::map<std::string, at::Tensor> outputs;  // (N) each
  std::map<std::string, double> kept;
  std::int64_t step = 1;
  std::vector<std::int64_t> update;  // empty: all
};

// Throws Error naming `where` and the field.
BatchFile batch_from_json(const Json& json, const std::string& where);
Json batch_to_json(const BatchFile& file);

// A token array (N) as a ragged list of lists, one an episode.
Json by_episode(const at::Tensor& tokens, const at::Tensor& length);

}  // namespace tinyzero
