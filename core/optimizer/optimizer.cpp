#include "core/optimizer/optimizer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/base/workers.h"
#include "core/optimizer/orthogonalize.h"
#include "core/optimizer/rounding.h"
#include "core/ranks/ranks.h"

namespace tinyzero {
namespace {

constexpr double kMuonMomentum = 0.95;
constexpr double kMuonScale = 0.2;  // root mean square of a step, in learning rates

constexpr std::int64_t kSentAtOnce = std::int64_t{1} << 24;  // bytes of moments

std::vector<WeightSpan> spans_of(const std::vector<TrainedTensor>& tensors) {
  std::vector<WeightSpan> spans;
  for (const TrainedTensor& tensor : tensors) spans.push_back(tensor.span());
  return spans;
}

std::vector<WeightSpan> all_spans(const TrainedWeights& weights) {
  std::vector<WeightSpan> all;
  for (const auto* tensors : {&weights.layer_matrices(), &weights.embeddings(), &weights.vectors()})
    std::ranges::copy(spans_of(*tensors), std::back_inserter(all));
  return all;
}

WeightSpan range_of(const std::vector<std::int64_t>& cuts, std::int64_t rank) {
  return {cuts[rank], cuts[rank + 1] - cuts[rank]};
}

// `flat` begins with number `first` of all.
std::vector<at::Tensor> views_of(const at::Tensor& flat, std::int64_t first,
                                 const std::vector<WeightSpan>& parts) {
  std::vector<at::Tensor> views;
  for (const WeightSpan& part : parts)
    views.push_back(flat.narrow(0, part.offset - first, part.size));
  return views;
}

// In eight sums, which a vector of any width keeps apart.
double sum_of_squares(const float* x, std::int64_t n) {
  double sums[8] = {};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int k = 0; k < 8; ++k) sums[k] += double{x[i + k]} * double{x[i + k]};
  }
  for (; i < n; ++i) sums[0] += double{x[i]} * double{x[i]};
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
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

// The key of a stream in one step.
std::uint64_t key_of(RandomStream stream, std::uint64_t seed, std::int64_t step) {
  return stream_key(seed, {static_cast<std::uint64_t>(stream), static_cast<std::uint64_t>(step)});
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
      ranks_(options.ranks != nullptr ? *options.ranks : one_process()),
      cuts_(weights.cuts(ranks_.size())),
      own_(range_of(cuts_, ranks_.rank())),
      embedding_parts_(own_parts(weights.embeddings())),
      vector_parts_(own_parts(weights.vectors())),
      moments_(options.state, all_spans(weights), own_) {
  std::ranges::copy_if(
      weights.layer_matrices(), std::back_inserter(matrices_),
      [&](const TrainedTensor& matrix) { return own_.common(matrix.span()).size > 0; });
}

Optimizer::Spans Optimizer::own_parts(const std::vector<TrainedTensor>& tensors) const {
  Spans parts;
  for (const TrainedTensor& tensor : tensors) {
    const WeightSpan part = own_.common(tensor.span());
    if (part.size > 0) parts.push_back(part);
  }
  return parts;
}

double Optimizer::step(GradientSum gradient, UpdateRule rule, double learning_rate,
                       double clip_norm) {
  const c10::NoGradGuard no_grad;
  const double norm = norm_of(gradient.flat);
  if (std::isfinite(norm)) {
    if (clip_norm > 0 && norm > clip_norm)
      gradient.flat.narrow(0, own_.offset, own_.size).mul_(clip_norm / norm);
    ++steps_;
    const double decay = options_.weight_decay;
    if (rule == UpdateRule::muon) muon(gradient, learning_rate);
    else adamw(spans_of(matrices_), gradient, learning_rate, decay);
    adamw(embedding_parts_, gradient, learning_rate, decay);
    adamw(vector_parts_, gradient, learning_rate, /*weight_decay=*/0.0);
    const std::span<float> all(weights_.flat().mutable_data_ptr<float>(), weights_.flat().numel());
    if (options_.bf16_weights)
      round_all_to_bf16(all.data(), own_.offset, own_.end(),
                        key_of(RandomStream::weight_rounding, options_.seed, steps_),
                        options_.threads);
    ranks_.share_ranges("weights", all, cuts_);
    weights_.merge_adapter(options_.threads);
  }
  gradient.clear();
  return norm;
}

// In double, block by block: so its bits depend neither on threads nor on ranks.
double Optimizer::norm_of(const at::Tensor& gradient) const {
  const float* x = gradient.const_data_ptr<float>();
  Spans blocks;
  std::ranges::copy_if(weights_.blocks(), std::back_inserter(blocks),
                       [&](const WeightSpan& b) { return own_.common(b).size > 0; });
  std::vector<double> squares(blocks.size());
  const std::int64_t count = std::ssize(blocks), workers = std::min(options_.threads, count);
  run_workers(workers, [&](std::int64_t worker) {
    for (std::int64_t i = worker; i < count; i += workers)
      squares[i] = sum_of_squares(x + blocks[i].offset, blocks[i].size);
  });
  ByteWriter own;
  for (const double square : squares) own.put(square);
  double sum = 0;
  ranks_.share("norms", own, [&](ByteReader& in) { sum += in.get<double>(); });
  return std::sqrt(sum);
}

void Optimizer::read_moments(const std::string& name,
                             const std::function<void(std::string_view)>& take) {
  const std::string_view own = moments_.own_bytes(name);
  if (ranks_.is_first()) take(own);
  std::string sent;
  for (std::int64_t r = 1; r < ranks_.size(); ++r) {
    const std::int64_t bytes = moments_.bytes_of(name, range_of(cuts_, r));
    for (std::int64_t done = 0; done < bytes; done += kSentAtOnce) {
      sent.resize(std::min(kSentAtOnce, bytes - done));
      if (ranks_.rank() == r) own.copy(sent.data(), sent.size(), done);
      ranks_.send_to_first("moments", r, sent);
      if (ranks_.is_first()) take(sent);
    }
  }
}

AdamStep Optimizer::adam_step(double learning_rate, double weight_decay) const {
  const double t = steps_;
  return {.beta1 = static_cast<float>(options_.beta1),
          .beta2 = static_cast<float>(options_.beta2),
          .eps = static_cast<float>(options_.eps),
          .shrink = static_cast<float>(1.0 - learning_rate * weight_decay),
          .rate = static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, t))),
          .root = static_cast<float>(std::sqrt(1.0 - std::pow(options_.beta2, t))),
          .key = key_of(RandomStream::moment_rounding, options_.seed, steps_)};
}

void Optimizer::adamw(const Spans& parts, const GradientSum& gradient, double learning_rate,
                      double weight_decay) {
  if (moments_.type() == MomentType::f32)
    return fused_adamw(parts, gradient, learning_rate, weight_decay);
  const AdamStep step = adam_step(learning_rate, weight_decay);
  const float* from = gradient.flat.const_data_ptr<float>();
  float* weights = weights_.flat().mutable_data_ptr<float>();
  for (const WeightSpan& part : parts)
    moments_.adamw(part, step, from + part.offset, weights + part.offset, options_.threads);
}

void Optimizer::fused_adamw(const Spans& parts, const GradientSum& gradient, double learning_rate,
                            double weight_decay) {
  if (parts.empty()) return;
  const at::Tensor first = at::from_blob(moments_.first_f32(), {own_.size}, at::kFloat);
  const at::Tensor second = at::from_blob(moments_.second_f32(), {own_.size}, at::kFloat);
  const std::vector<at::Tensor> count(parts.size(),
                                      at::full({}, static_cast<double>(steps_), at::kFloat));
  at::_fused_adamw_(views_of(weights_.flat(), 0, parts), views_of(gradient.flat, 0, parts),
                    views_of(first, own_.offset, parts), views_of(second, own_.offset, parts),
                    /*max_exp_avg_sqs=*/{}, count, learning_rate, options_.beta1, options_.beta2,
                    weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::muon(const GradientSum& gradient, double learning_rate) {
  const std::int64_t count = std::ssize(matrices_), workers = std::min(options_.threads, count);
  run_workers(workers, [&](std::int64_t worker) {
    const ThreadCount one(1);
    const c10::NoGradGuard no_grad;
    for (std::int64_t i = worker; i < count; i += workers)
      muon_step(matrices_[i], gradient, learning_rate);
  });
}

void Optimizer::muon_step(const TrainedTensor& matrix, const GradientSum& gradient,
                          double learning_rate) {
  const at::Tensor g = matrix.of(gradient.flat);  // (rows, columns)
  at::Tensor w = matrix.of(weights_.flat());      // (rows, columns)
  at::Tensor m = at::empty_like(w);               // (rows, columns)
  moments_.read_first(matrix.span(), m.mutable_data_ptr<float>());
  m.mul_(kMuonMomentum).add_(g, 1.0 - kMuonMomentum);
  const at::Tensor direction = orthogonalize(g * (1.0 - kMuonMomentum) + m * kMuonMomentum);
  const double scale = kMuonScale * std::sqrt(std::max(w.size(0), w.size(1)));
  w.mul_(1.0 - learning_rate * options_.weight_decay).add_(direction, -learning_rate * scale);
  moments_.write_first(matrix.span(), m.const_data_ptr<float>(),
                       key_of(RandomStream::moment_rounding, options_.seed, steps_));
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
