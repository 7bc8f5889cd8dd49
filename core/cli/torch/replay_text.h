// What `replay` prints: in words and as JSON.
#pragma once

#include <cstdint>

#include "core/base/json.h"

namespace tinyzero {

struct ReplayedUpdate;
struct SampledStep;

struct ReplayResult {
  std::int64_t step = 0;
  const SampledStep& sampled;
  const ReplayedUpdate& own;
  const ReplayedUpdate* other = nullptr;  // null: the run's own update alone
  // Records of the worst completions, each with its tokens in "by_token"; empty: none are shown.
  Json worst;
};

void print_replay(const ReplayResult& result);
Json replay_json(const ReplayResult& result);

}  // namespace tinyzero
