#include "core/optimizer/optimizer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/workers.h"
#include "core/optimizer/rounding.h"

namespace tinyzero {
namespace {

constexpr double kMuonMomentum = 0.95;
constexpr double kMuonScale = 0.2;  // of a step, as root mean square, to the learning rate

WeightSpan span_of(const at::Tensor& weight) { return {weight.storage_offset(), weight.numel()}; }

// The numbers of `moments` that belong to the same places as the weights, each in its shape.
std::vector<at::Tensor> at_places_of(const std::vector<at::Tensor>& weights, float* moments) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& weight : weights)
    out.push_back(at::from_blob(moments + weight.storage_offset(), weight.sizes(), at::kFloat));
  return out;
}

std::vector<WeightSpan> spans_of(const Transformer& model) {
  std::vector<WeightSpan> spans;
  for (const Transformer::Views* views :
       {&model.layer_matrices(), &model.embeddings(), &model.vectors()}) {
    for (const at::Tensor& weight : views->weights) spans.push_back(span_of(weight));
  }
  return spans;
}

// LibTorch's threads in this thread, until the end of the scope.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(at::get_num_threads()) {
    at::set_num_threads(threads);
  }
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
    : model_(model),
      options_(options),
      moments_(options.state, model.flat().numel(), spans_of(model)) {}

std::uint64_t Optimizer::key(RandomStream stream) const {
  return stream_key(options_.seed,
                    {static_cast<std::uint64_t>(stream), static_cast<std::uint64_t>(steps_)});
}

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
    if (options_.bf16_weights) {
      const at::Tensor& all = model_.flat();
      round_all_to_bf16(all.mutable_data_ptr<float>(), all.numel(),
                        key(RandomStream::weight_rounding), options_.threads);
    }
    model_.changed(options_.threads);
  }
  gradient.zero_();
  return norm;
}

void Optimizer::adamw(const Transformer::Views& views, double learning_rate, double weight_decay) {
  if (moments_.type() == MomentType::f32) return fused_adamw(views, learning_rate, weight_decay);
  const double t = steps_;
  const AdamStep step{static_cast<float>(options_.beta1),
                      static_cast<float>(options_.beta2),
                      static_cast<float>(options_.eps),
                      static_cast<float>(1.0 - learning_rate * weight_decay),
                      static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, t))),
                      static_cast<float>(std::sqrt(1.0 - std::pow(options_.beta2, t))),
                      key(RandomStream::moment_rounding)};
  for (std::size_t i = 0; i < views.weights.size(); ++i)
    moments_.adamw(span_of(views.weights[i]), step, views.gradients[i].const_data_ptr<float>(),
                   views.weights[i].mutable_data_ptr<float>(), options_.threads);
}

void Optimizer::fused_adamw(const Transformer::Views& views, double learning_rate,
                            double weight_decay) {
  if (views.weights.empty()) return;
  const std::vector<at::Tensor> count(views.weights.size(),
                                      at::full({}, static_cast<double>(steps_), at::kFloat));
  at::_fused_adamw_(views.weights, views.gradients,
                    at_places_of(views.weights, moments_.first_f32()),
                    at_places_of(views.weights, moments_.second_f32()),
                    /*max_exp_avg_sqs=*/{}, count, learning_rate, options_.beta1, options_.beta2,
                    weight_decay, options_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::muon(const Transformer::Views& views, double learning_rate) {
  const auto matrices = std::ssize(views.weights), workers = std::min(options_.threads, matrices);
  run_workers(workers, [&](std::int64_t worker) {
    const ThreadCount one(1);
    const c10::NoGradGuard no_grad;
    for (std::int64_t i = worker; i < matrices; i += workers) {
      const at::Tensor& gradient = views.gradients[i];
      at::Tensor weight = views.weights[i], momentum = at::empty_like(weight);
      moments_.read_first(span_of(weight), momentum.mutable_data_ptr<float>());
      momentum.mul_(kMuonMomentum).add_(gradient, 1.0 - kMuonMomentum);
      const at::Tensor direction =
          orthogonalize(gradient * (1.0 - kMuonMomentum) + momentum * kMuonMomentum);
      const double scale = kMuonScale * std::sqrt(std::max(weight.size(0), weight.size(1)));
      weight.mul_(1.0 - learning_rate * options_.weight_decay)
          .add_(direction, -learning_rate * scale);
      moments_.write_first(span_of(weight), momentum.const_data_ptr<float>(),
                           key(RandomStream::moment_rounding));
    }
  });
}

void Optimizer::restore(std::int64_t steps, const SafetensorsFile& moments) {
  moments_.restore(moments);
  steps_ = steps;
}

void Optimizer::reset() {
  steps_ = 0;
  moments_.clear();
}

double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  return decay_factor(schedule, static_cast<double>(step - warmup) /
                                    static_cast<double>(std::max<std::int64_t>(1, steps - warmup)));
}

double decay_factor(const std::string& schedule, double progress) {
  if (schedule == "linear") return 1.0 - progress;
  if (schedule == "cosine") return 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return 1.0;
}

}  // namespace tinyzero
