#include "core/train/optimizer.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace tinyzero {

AdamW::AdamW(Transformer& model, AdamWOptions options)
    : model_(model), options_(options), first_(at::zeros_like(model.flat())), second_(at::zeros_like(model.flat())) {}

double AdamW::step(double learning_rate, double clip_norm) {
  const c10::NoGradGuard no_grad;
  at::Tensor gradient = model_.flat_gradient();
  const double norm = gradient.norm().item<double>();
  if (std::isfinite(norm)) {
    if (clip_norm > 0 && norm > clip_norm) gradient.mul_(clip_norm / norm);
    ++steps_;
    apply(model_.matrices(), learning_rate, options_.weight_decay);
    apply(model_.vectors(), learning_rate, 0.0);
  }
  gradient.zero_();
  return norm;
}

void AdamW::apply(const Transformer::Views& views, double learning_rate, double weight_decay) {
  if (views.weights.empty()) return;
  const std::vector<at::Tensor> count(views.weights.size(), at::full({}, static_cast<double>(steps_), at::kFloat));
  at::_fused_adamw_(views.weights, views.gradients, views_of(first_, views.weights), views_of(second_, views.weights),
                    /*max_exp_avg_sqs=*/{}, count, learning_rate, options_.beta1, options_.beta2, weight_decay, options_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
}

// The parts of `flat` that belong to the same places as the weights.
std::vector<at::Tensor> AdamW::views_of(const at::Tensor& flat, const std::vector<at::Tensor>& weights) const {
  std::vector<at::Tensor> out;
  for (const at::Tensor& weight : weights) out.push_back(flat.narrow(0, weight.storage_offset(), weight.numel()));
  return out;
}

void AdamW::restore(std::int64_t steps, const std::vector<float>& first, const std::vector<float>& second) {
  steps_ = steps;
  std::memcpy(first_.mutable_data_ptr<float>(), first.data(), first.size() * sizeof(float));
  std::memcpy(second_.mutable_data_ptr<float>(), second.data(), second.size() * sizeof(float));
}

void AdamW::reset() {
  steps_ = 0;
  first_.zero_();
  second_.zero_();
}

double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double progress = static_cast<double>(step - warmup) / static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  if (schedule == "linear") return 1.0 - progress;
  if (schedule == "cosine") return 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return 1.0;
}

}  // namespace tinyzero
