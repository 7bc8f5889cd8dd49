// The tokens of a replayed step: what the sampler, the run's own update and another algorithm's
// update make of each.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/base/json.h"

namespace tinyzero {

struct OpenedRun;
struct ReplayedUpdate;
struct SampledStep;

class ReplayedTokens {
 public:
  // `run` and `sampled` must outlive this. `other` is null if only the run's own update is shown.
  ReplayedTokens(const OpenedRun& run, const SampledStep& sampled, const ReplayedUpdate& own,
                 const ReplayedUpdate* other);

  // One object a token of a completion: its id and text, and log-probs and advantages.
  Json of(std::size_t completion) const;

 private:
  struct Values {
    at::Tensor after;      // (N) log-probs after the update
    at::Tensor advantage;  // (N)
  };
  static Values values_of(const ReplayedUpdate& update);
  static Json token_json(const Values& values, std::size_t n);

  const OpenedRun& run_;
  const SampledStep& sampled_;
  Values own_;
  std::optional<Values> other_;
  at::Tensor before_;  // (N) log-probs before the updates
  // Index of each completion's first token: the tokens of all completions lie end to end.
  std::vector<std::size_t> first_ = {0};
};

}  // namespace tinyzero
