// What the model wrote in a step, for a checkpoint of a run that samples ahead (rollout.ahead): the
// weights that wrote it are gone when the run continues. Its problems are drawn again, and its
// completions judged again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/safetensors.h"

namespace tinyzero {

struct OpenedRun;
struct SampledStep;

class RecordedStep {
 public:
  explicit RecordedStep(const SampledStep& sampled);
  // Throws Error if the file is not one of tensors().
  explicit RecordedStep(const SafetensorsFile& file);

  // By name; their data is this object's.
  std::map<std::string, TensorInfo> tensors() const;

  // The step as it was sampled. Throws Error if the run asks for other completions.
  SampledStep repeat(const OpenedRun& run, std::int64_t step) const;

 private:
  std::vector<std::int64_t> levels_;  // of the curriculum; empty without one
  // By completion:
  std::vector<std::int64_t> lengths_;  // tokens
  std::vector<std::int64_t> ended_;    // 1: by an end token
  // By token:
  std::vector<std::int32_t> tokens_;
  std::vector<float> logp_;
  std::vector<double> statistics_;  // seconds of sampling and of judging, share of slots used
};

}  // namespace tinyzero
