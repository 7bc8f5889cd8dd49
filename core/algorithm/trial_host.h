// A host whose models are made of random numbers, and the losses that an algorithm gives to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tinyzero/algorithm.h"

namespace tinyzero {

// A loss that the algorithm gave: the policy's, or that of an auxiliary model.
struct Objective {
  std::string name;  // "the loss", "the loss of its model \"critic\""
  Batch batch;       // as far as the algorithm had prepared it
  // (N) f32 each: log-probs and entropies, or what an auxiliary model says.
  std::vector<at::Tensor> inputs;
  std::function<at::Tensor(const Batch&, const std::vector<at::Tensor>&, Metrics&)> loss;
  bool is_policy = true;
  bool zero_advantage_is_no_gradient = false;  // what the algorithm says of the policy's loss
};

// What a trial's models say. A number depends on the model's name, its past training and the
// episode's own tokens that count, never on the index of the episode: else the order of a batch
// would matter.
enum class ModelNumbers {
  random,   // log-probs a little off the sampler's, values of -1 to 1
  initial,  // as when RL begins: the sampler's log-probs, values of 0
  wild,     // log-probs 10000 nats off, values of a million
};

struct TrialReport {
  std::vector<std::string> asked;  // names of the models that were used or trained
  Metrics metrics;                 // the host's
};

class TrialHost : public AlgorithmHost {
 public:
  using Visit = std::function<void(const Objective&)>;

  // `visit` is called with the loss of every training of a model.
  TrialHost(std::vector<AuxiliaryModel> models, ModelNumbers numbers, Visit visit);

  void begin(std::int64_t step) { step_ = step; }
  const TrialReport& report() const { return report_; }

  std::int64_t step() const override { return step_; }
  Metrics& metrics() override { return report_.metrics; }
  double& kept(const std::string& name, double initial) override;
  at::Tensor outputs(const std::string& model, const Batch& batch) override;
  void train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) override;
  void copy_policy(const std::string& model) override;

 private:
  const AuxiliaryModel& named(const std::string& name, const std::string& does);
  at::Tensor numbers_of(const AuxiliaryModel& model, const Batch& b, double moved);

  std::vector<AuxiliaryModel> models_;
  ModelNumbers numbers_;
  Visit visit_;
  std::int64_t step_ = 1;
  std::map<std::string, double> kept_;
  std::map<std::string, std::uint64_t> trained_;  // how often, by model
  std::map<std::string, bool> copied_;            // from the policy, by model
  TrialReport report_;
};

}  // namespace tinyzero
