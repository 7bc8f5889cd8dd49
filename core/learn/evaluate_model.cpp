#include "core/learn/evaluate_model.h"

#include <c10/core/GradMode.h>

#include "core/base/bytes.h"
#include "core/learn/model_workers.h"
#include "core/ranks/ranks.h"

namespace tinyzero {
namespace {

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.empty() || !parts.front().defined() ? at::Tensor() : at::cat(parts);
}

// Gives every rank the outputs of all micro-batches, of which it has its own.
void share_outputs(const ModelWorkers& workers, std::vector<at::Tensor>& outputs) {
  if (!workers.ranks().are_many()) return;
  ByteWriter own;
  for (std::int64_t i = 0; i < std::ssize(outputs); ++i) {
    if (!workers.is_own(i) || !outputs[i].defined()) continue;
    const at::Tensor values = outputs[i].to(at::kCPU, at::kFloat).contiguous();
    own.put(i);
    own.put_raw(values.const_data_ptr<float>(), values.numel());
  }
  workers.ranks().share("outputs of a model", own, [&](ByteReader& in) {
    const auto i = in.get<std::int64_t>();
    outputs[i] = at::tensor(in.get_all<float>());
  });
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
  workers.visit(std::ssize(micro_batches), [&](Transformer& model, std::int64_t i) {
    const c10::NoGradGuard no_grad;
    const ModelInput input = pack_input(elements_at(all, micro_batches[i]));
    const ModelOutput out = run_model(model, input, temperature);
    logp[i] = out.logp;
    entropy[i] = out.entropy;
    value[i] = out.value;
  });
  for (auto* const outputs : {&logp, &entropy, &value}) share_outputs(workers, *outputs);
  return {.logp = joined(logp), .entropy = joined(entropy), .value = joined(value)};
}

}  // namespace tinyzero
