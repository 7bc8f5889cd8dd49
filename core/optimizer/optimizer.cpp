#include "core/optimizer/optimizer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/workers.h"
#include "core/optimizer/orthogonalize.h"
#include "core/optimizer/rounding.h"

namespace tinyzero {
namespace {

constexpr double kMuonMomentum = 0.95;
constexpr double kMuonScale = 0.2;  // root mean square of a step, in learning rates

WeightSpan span_of(const TrainedTensor& tensor) { return {tensor.offset, tensor.size()}; }

std::vector<WeightSpan> spans_of(const TrainedWeights& weights) {
  std::vector<WeightSpan> spans;
  for (const auto* tensors : {&weights.layer_matrices(), &weights.embeddings(), &weights.vectors()})
    for (const TrainedTensor& tensor : *tensors) spans.push_back(span_of(tensor));
  return spans;
}

std::vector<at::Tensor> views_of(const at::Tensor& flat,
                                 const std::vector<TrainedTensor>& tensors) {
  std::vector<at::Tensor> views;
  for (const TrainedTensor& tensor : tensors) views.push_back(tensor.of(flat));
  return views;
}

// LibTorch uses so many threads in this thread, until the end of the scope.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(at::get_num_threads()) {
    at::set_num_threads(threads);
  }
  ~ThreadCount() { at::set_num_threads(before_); }

 private:
  int before_;
};

// On one thread: the bits of LibTorch's sum depend on the number of threads.
double norm_of(const at::Tensor& gradient) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const double norm = gradient.norm().item<double>();
  at::set_num_threads(threads);
  return norm;
}

}  // namespace

UpdateRule update_rule_from_name(const std::string& name) {
  if (name == "adamw") return UpdateRule::adamw;
  if (name == "muon") return UpdateRule::muon;
  throw Error("no optimizer \"" + name + "\"", "use adamw or muon");
}

Optimizer::Optimizer(TrainedWeights& weights, const OptimizerOptions& options)
    : weights_(weights),
      options_(options),
      moments_(options.state, weights.flat().numel(), spans_of(weights)) {}

std::uint64_t Optimizer::key(RandomStream stream) const {
  return stream_key(options_.seed,
                    {static_cast<std::uint64_t>(stream), static_cast<std::uint64_t>(steps_)});
}

double Optimizer::step(GradientSum gradient, UpdateRule rule, double learning_rate,
                       double clip_norm) {
  const c10::NoGradGuard no_grad;
  const double norm = norm_of(gradient.flat);
  if (std::isfinite(norm)) {
    if (clip_norm > 0 && norm > clip_norm) gradient.flat.mul_(clip_norm / norm);
    ++steps_;
    const double decay = options_.weight_decay;
    if (rule == UpdateRule::muon) muon(weights_.layer_matrices(), gradient, learning_rate);
    else adamw(weights_.layer_matrices(), gradient, learning_rate, decay);
    adamw(weights_.embeddings(), gradient, learning_rate, decay);
    adamw(weights_.vectors(), gradient, learning_rate, /*weight_decay=*/0.0);
    if (options_.bf16_weights) {
      const at::Tensor& all = weights_.flat();
      round_all_to_bf16(all.mutable_data_ptr<float>(), all.numel(),
                        key(RandomStream::weight_rounding), options_.threads);
    }
    weights_.merge_adapter(options_.threads);
  }
  gradient.clear();
  return norm;
}

AdamStep Optimizer::adam_step(double learning_rate, double weight_decay) const {
  const double t = steps_;
  return {.beta1 = static_cast<float>(options_.beta1),
          .beta2 = static_cast<float>(options_.beta2),
          .eps = static_cast<float>(options_.eps),
          .shrink = static_cast<float>(1.0 - learning_rate * weight_decay),
          .rate = static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, t))),
          .root = static_cast<float>(std::sqrt(1.0 - std::pow(options_.beta2, t))),
          .key = key(RandomStream::moment_rounding)};
}

void Optimizer::adamw(const Tensors& tensors, const GradientSum& gradient, double learning_rate,
                      double weight_decay) {
  if (moments_.type() == MomentType::f32)
    return fused_adamw(tensors, gradient, learning_rate, weight_decay);
  const AdamStep step = adam_step(learning_rate, weight_decay);
  const float* from = gradient.flat.const_data_ptr<float>();
  float* weights = weights_.flat().mutable_data_ptr<float>();
  for (const TrainedTensor& tensor : tensors)
    moments_.adamw(span_of(tensor), step, from + tensor.offset, weights + tensor.offset,
                   options_.threads);
}

void Optimizer::fused_adamw(const Tensors& tensors, const GradientSum& gradient,
                            double learning_rate, double weight_decay) {
  if (tensors.empty()) return;
  const at::Tensor first = at::from_blob(moments_.first_f32(), {moments_.size()}, at::kFloat);
  const at::Tensor second = at::from_blob(moments_.second_f32(), {moments_.size()}, at::kFloat);
  const std::vector<at::Tensor> count(tensors.size(),
                                      at::full({}, static_cast<double>(steps_), at::kFloat));
  at::_fused_adamw_(views_of(weights_.flat(), tensors), views_of(gradient.flat, tensors),
                    views_of(first, tensors), views_of(second, tensors),
                    /*max_exp_avg_sqs=*/{}, count, learning_rate, options_.beta1, options_.beta2,
                    weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::muon(const Tensors& matrices, const GradientSum& gradient, double learning_rate) {
  const std::int64_t count = std::ssize(matrices), workers = std::min(options_.threads, count);
  run_workers(workers, [&](std::int64_t worker) {
    const ThreadCount one(1);
    const c10::NoGradGuard no_grad;
    for (std::int64_t i = worker; i < count; i += workers)
      muon_step(matrices[i], gradient, learning_rate);
  });
}

void Optimizer::muon_step(const TrainedTensor& matrix, const GradientSum& gradient,
                          double learning_rate) {
  const at::Tensor g = matrix.of(gradient.flat);  // (rows, columns)
  at::Tensor w = matrix.of(weights_.flat());      // (rows, columns)
  at::Tensor m = at::empty_like(w);               // (rows, columns)
  moments_.read_first(span_of(matrix), m.mutable_data_ptr<float>());
  m.mul_(kMuonMomentum).add_(g, 1.0 - kMuonMomentum);
  const at::Tensor direction = orthogonalize(g * (1.0 - kMuonMomentum) + m * kMuonMomentum);
  const double scale = kMuonScale * std::sqrt(std::max(w.size(0), w.size(1)));
  w.mul_(1.0 - learning_rate * options_.weight_decay).add_(direction, -learning_rate * scale);
  moments_.write_first(span_of(matrix), m.const_data_ptr<float>(),
                       key(RandomStream::moment_rounding));
}

void Optimizer::restore(std::int64_t steps, const SafetensorsFile& moments) {
  moments_.restore(moments);
  steps_ = steps;
}

void Optimizer::reset() {
  steps_ = 0;
  moments_.clear();
}

}  // namespace tinyzero
