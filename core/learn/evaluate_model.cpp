#include "core/learn/evaluate_model.h"

#include <c10/core/GradMode.h>

#include "core/learn/model_workers.h"

namespace tinyzero {
namespace {

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.empty() || !parts.front().defined() ? at::Tensor() : at::cat(parts);
}

}  // namespace

ModelOutput run_model(Transformer& model, const ModelInput& input, double temperature) {
  const at::Tensor states = model.hidden(input.ids, input.shape);                  // (M, D)
  const at::Tensor rows = states.index_select(0, input.rows.to(states.device()));  // (N, D)
  if (model.has_value_head()) return {.logp = {}, .entropy = {}, .value = model.values(rows)};
  const TokenDistribution out = model.distribution(rows, input.targets, temperature);
  return {.logp = out.logp, .entropy = out.entropy, .value = {}};
}

ModelOutput evaluate_model(ModelWorkers& workers, const std::vector<Sequence>& sequences,
                           std::int64_t micro_batch, double temperature) {
  const std::vector<const Sequence*> all = pointers_to(sequences);
  const auto micro_batches = split_by_tokens(lengths_of(all), micro_batch, workers.shards());
  std::vector<at::Tensor> logp(micro_batches.size());
  std::vector<at::Tensor> entropy(micro_batches.size());
  std::vector<at::Tensor> value(micro_batches.size());
  workers.run(std::ssize(micro_batches), [&](Transformer& model, std::int64_t i) {
    const c10::NoGradGuard no_grad;
    const ModelInput input = pack_input(elements_at(all, micro_batches[i]));
    const ModelOutput out = run_model(model, input, temperature);
    logp[i] = out.logp;
    entropy[i] = out.entropy;
    value[i] = out.value;
  });
  return {.logp = joined(logp), .entropy = joined(entropy), .value = joined(value)};
}

}  // namespace tinyzero
