#include "core/learn/gradient_signal.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/learn/model_workers.h"
#include "core/ranks/ranks.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kSampled = 16384;  // numbers of a gradient, about

// A distance that shares no small factor with the sizes of matrices: a sample meets all columns.
std::int64_t stride_for(std::int64_t numbers) {
  std::int64_t stride = (numbers + kSampled - 1) / kSampled;
  while (stride > 1 && (stride % 2 == 0 || stride % 3 == 0 || stride % 5 == 0)) ++stride;
  return std::max<std::int64_t>(1, stride);
}

void add_to(std::vector<double>& sums, const std::vector<float>& values) {
  sums.resize(std::max(sums.size(), values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) sums[i] += double{values[i]};
}

}  // namespace

GradientHalves::GradientHalves(std::int64_t numbers, std::int64_t shards)
    : stride_(stride_for(numbers)), shards_(shards) {}

std::vector<float> GradientHalves::sample(const at::Tensor& gradient) const {
  const at::Tensor some = gradient.slice(0, 0, gradient.numel(), stride_).to(at::kCPU).contiguous();
  const float* data = some.const_data_ptr<float>();
  return {data, data + some.numel()};
}

void GradientHalves::end_first(std::int64_t shard, const at::Tensor& gradient) {
  shards_[shard].first = sample(gradient);
}

void GradientHalves::end(std::int64_t shard, const at::Tensor& gradient) {
  shards_[shard].all = sample(gradient);
}

void GradientHalves::share(const ModelWorkers& workers) {
  if (!workers.ranks().are_many()) return;
  ByteWriter own;
  for (std::int64_t s = 0; s < std::ssize(shards_); ++s) {
    if (!workers.is_own(s)) continue;
    own.put(s);
    own.put(shards_[s].first);
    own.put(shards_[s].all);
  }
  workers.ranks().share("gradient samples", own, [&](ByteReader& in) {
    Sampled& shard = shards_[in.get<std::int64_t>()];
    shard.first = in.get_all<float>();
    shard.all = in.get_all<float>();
  });
}

GradientSignal GradientHalves::measure(double first_share) const {
  std::vector<double> first, all;
  for (const Sampled& shard : shards_) {
    add_to(first, shard.first);
    add_to(all, shard.all);
  }
  first.resize(all.size());
  double product = 0, total = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    product += first[i] * (all[i] - first[i]);
    total += all[i] * all[i];
  }
  return {.signal = product / (first_share * (1 - first_share)), .total = total};
}

}  // namespace tinyzero
