// Running an algorithm on trial steps, and measuring the losses that it gives.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/algorithm/check_options.h"
#include "core/algorithm/plugin.h"
#include "core/algorithm/trial_host.h"
#include "core/algorithm/trial_step.h"

namespace tinyzero {

// The algorithm with its settings, or with others.
ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options, const Node& settings);
ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options);

// The problems of a step that the algorithm would see, after its kept_groups(); possibly none.
TrialStep kept_part(const AlgorithmCheckOptions& options, const TrialStep& step);

struct Measured {
  std::string name;
  double loss = 0;
  std::vector<at::Tensor> gradients;  // (N) f64 by each input
  Metrics metrics;
};

// "log-probs": what input k of the objective holds.
const char* input_name(const Objective& objective, std::size_t k);

// The loss with its gradients; throws CheckFailed unless it is one number.
Measured measure(const Objective& objective);

// The objective on some episodes of its batch.
Objective part_of(const Objective& whole, const std::vector<std::int64_t>& episodes);

// Opens the algorithm anew and takes it through these steps, numbered from `first`. `visit` gets
// every loss as it is given, in order, with the index of its step. Throws CheckFailed if the
// algorithm asks for a model that its auxiliary_models() does not name.
TrialReport run_trial(const AlgorithmCheckOptions& options, const std::vector<TrialStep>& steps,
                      const std::function<void(std::size_t, const Objective&)>& visit,
                      std::int64_t first = 1, ModelNumbers numbers = ModelNumbers::random);

// The losses of one step, measured.
std::vector<Measured> measure_step(const AlgorithmCheckOptions& options, const TrialStep& step);

}  // namespace tinyzero
