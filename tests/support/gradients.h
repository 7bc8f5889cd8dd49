// The gradient of a loss over sequences, on the way that training takes: packed micro-batches on
// replicas of the model.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/learn/model_workers.h"
#include "core/learn/packing.h"

namespace tinyzero {

// sum over the completion tokens, in the order of the sequences, of logp_weight · logp +
// entropy_weight · entropy, of distributions at `temperature`; of a model with a value head, of
// logp_weight · value.
struct LossCase {
  std::vector<Sequence> sequences;
  std::vector<float> logp_weights, entropy_weights;
  double temperature = 1;

  static LossCase from_json(const Json& json) {
    LossCase out;
    for (const Json& s : json.at("sequences"))
      out.sequences.push_back({s.at("ids"), s.at("prompt")});
    out.logp_weights = json.at("logp_weights").get<std::vector<float>>();
    out.entropy_weights = json.at("entropy_weights").get<std::vector<float>>();
    out.temperature = json.at("temperature");
    return out;
  }
};

// How the work is done, which does not change the gradient.
struct LossPath {
  std::int64_t micro_batch = 1 << 20;  // tokens; 1: every sequence alone
  std::int64_t replicas = 1;
  bool recompute = false;
  std::optional<DeviceOptions> device = {};  // where a copy does it
};

struct LossGradient {
  double loss = 0;
  at::Tensor gradient;  // in the order of the model's weights
};

inline LossGradient gradient_of(Model& model, const LossCase& c, const LossPath& path) {
  std::vector<std::int64_t> lengths, first = {0};  // of each sequence's completion tokens
  for (const Sequence& s : c.sequences) {
    lengths.push_back(static_cast<std::int64_t>(s.ids.size()));
    first.push_back(first.back() + s.completion());
  }
  const auto micro_batches = split_by_tokens(lengths, path.micro_batch, path.replicas);
  std::vector<double> losses(micro_batches.size());
  ModelWorkers workers(
      model, path.replicas,
      {.shards = path.replicas, .recompute = path.recompute, .device = path.device});
  const GradientSum sum = workers.run(
      static_cast<std::int64_t>(micro_batches.size()), [&](Transformer& replica, std::int64_t r) {
        const std::vector<std::int64_t>& indices = micro_batches[r];
        const ModelInput input = pack_input(elements_at(pointers_to(c.sequences), indices));
        const std::int64_t begin = first[indices.front()], count = input.targets.size(0);
        const auto weights = [&](const std::vector<float>& all) {
          return at::tensor(all).narrow(0, begin, count);
        };
        const at::Tensor rows =
            replica.hidden(input.ids, input.shape).index_select(0, input.rows);  // (N, D)
        at::Tensor loss;
        if (replica.has_value_head()) {
          loss = (replica.values(rows) * weights(c.logp_weights)).sum();
        } else {
          const TokenDistribution out = replica.distribution(rows, input.targets, c.temperature);
          loss =
              (out.logp * weights(c.logp_weights) + out.entropy * weights(c.entropy_weights)).sum();
        }
        losses[r] = loss.item<double>();
        torch::autograd::backward({loss}, {});
      });
  LossGradient out;
  for (const double loss : losses) out.loss += loss;
  out.gradient = sum.flat.clone();
  return out;
}

}  // namespace tinyzero
