#include "core/train/optimizer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "core/base/error.h"
#include "core/base/workers.h"

namespace tinyzero {
namespace {

constexpr double kMuonMomentum = 0.95;
constexpr double kMuonScale = 0.2;  // of a step, as root mean square, to the learning rate

// The part of `flat` that belongs to the same place as `weight`.
at::Tensor at_place_of(const at::Tensor& weight, const at::Tensor& flat) {
  return flat.narrow(0, weight.storage_offset(), weight.numel()).view(weight.sizes());
}

std::vector<at::Tensor> at_places_of(const std::vector<at::Tensor>& weights, const at::Tensor& flat) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& weight : weights) out.push_back(at_place_of(weight, flat));
  return out;
}

// LibTorch's threads in this thread, until the end of the scope.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~ThreadCount() { at::set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

UpdateRule update_rule_from_name(const std::string& name) {
  if (name == "adamw") return UpdateRule::adamw;
  if (name == "muon") return UpdateRule::muon;
  throw Error("no optimizer \"" + name + "\"", "use adamw or muon");
}

at::Tensor orthogonalize(const at::Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = tall ? matrix.t() : matrix;  // (r, c), r <= c
  x = x / (x.norm() + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const at::Tensor a = at::mm(x, x.t()), b = at::addmm(a, a, a, -4.7750, 2.0315);  // (r, r)
    x = at::addmm(x, b, x, 3.4445, 1.0);                                             // (r, c)
  }
  return tall ? x.t() : x;
}

Optimizer::Optimizer(Transformer& model, OptimizerOptions options)
    : model_(model), options_(options), first_(at::zeros_like(model.flat())), second_(at::zeros_like(model.flat())) {}

double Optimizer::step(UpdateRule rule, double learning_rate, double clip_norm) {
  const c10::NoGradGuard no_grad;
  at::Tensor gradient = model_.flat_gradient();
  const double norm = gradient.norm().item<double>();
  if (std::isfinite(norm)) {
    if (clip_norm > 0 && norm > clip_norm) gradient.mul_(clip_norm / norm);
    ++steps_;
    if (rule == UpdateRule::muon) muon(model_.layer_matrices(), learning_rate);
    else adamw(model_.layer_matrices(), learning_rate, options_.weight_decay);
    adamw(model_.embeddings(), learning_rate, options_.weight_decay);
    adamw(model_.vectors(), learning_rate, 0.0);
    model_.changed(options_.threads);
  }
  gradient.zero_();
  return norm;
}

void Optimizer::adamw(const Transformer::Views& views, double learning_rate, double weight_decay) {
  if (views.weights.empty()) return;
  const std::vector<at::Tensor> count(views.weights.size(), at::full({}, static_cast<double>(steps_), at::kFloat));
  at::_fused_adamw_(views.weights, views.gradients, at_places_of(views.weights, first_), at_places_of(views.weights, second_),
                    /*max_exp_avg_sqs=*/{}, count, learning_rate, options_.beta1, options_.beta2, weight_decay, options_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::muon(const Transformer::Views& views, double learning_rate) {
  const auto matrices = static_cast<std::int64_t>(views.weights.size()), workers = std::min(options_.threads, matrices);
  run_workers(workers, [&](std::int64_t worker) {
    const ThreadCount one(1);
    const c10::NoGradGuard no_grad;
    for (std::int64_t i = worker; i < matrices; i += workers) {
      const at::Tensor& gradient = views.gradients[static_cast<std::size_t>(i)];
      at::Tensor weight = views.weights[static_cast<std::size_t>(i)], momentum = at_place_of(weight, first_);
      momentum.mul_(kMuonMomentum).add_(gradient, 1.0 - kMuonMomentum);
      const at::Tensor direction = orthogonalize(gradient * (1.0 - kMuonMomentum) + momentum * kMuonMomentum);
      const double scale = kMuonScale * std::sqrt(static_cast<double>(std::max(weight.size(0), weight.size(1))));
      weight.mul_(1.0 - learning_rate * options_.weight_decay).add_(direction, -learning_rate * scale);
    }
  });
}

void Optimizer::restore(std::int64_t steps, const std::vector<float>& first, const std::vector<float>& second) {
  steps_ = steps;
  std::memcpy(first_.mutable_data_ptr<float>(), first.data(), first.size() * sizeof(float));
  std::memcpy(second_.mutable_data_ptr<float>(), second.data(), second.size() * sizeof(float));
}

void Optimizer::reset() {
  steps_ = 0;
  first_.zero_();
  second_.zero_();
}

double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  return decay_factor(schedule, static_cast<double>(step - warmup) / static_cast<double>(std::max<std::int64_t>(1, steps - warmup)));
}

double decay_factor(const std::string& schedule, double progress) {
  if (schedule == "linear") return 1.0 - progress;
  if (schedule == "cosine") return 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return 1.0;
}

}  // namespace tinyzero
