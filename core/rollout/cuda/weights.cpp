#include "core/rollout/cuda/weights.h"

#include <algorithm>

namespace tinyzero {
namespace {

constexpr std::int64_t kAligned = 256;              // bytes: the alignment that products like best
constexpr std::int64_t kConvertedAtOnce = 1 << 22;  // numbers

// Calls visit(offset in the layout, numbers, whether it is a matrix, where its pointer belongs) for
// all weights. Weights that one product uses are visited as one matrix.
template <class Visit>
void for_weights(const Model& model, DeviceWeights& weights, const Visit& visit) {
  const ModelConfig& c = model.config;
  const ParameterLayout& layout = model.layout;
  const std::int64_t qkv = c.q_width() + 2 * c.kv_width();
  weights.layers.resize(c.layers);
  visit(layout.embedding(), c.vocab * c.width, true, &weights.embedding);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerOffsets& at = layout.layer(i);
    DeviceLayerWeights& layer = weights.layers[i];
    const auto vector = [&](std::int64_t offset, std::int64_t size, const float** pointer) {
      *pointer = nullptr;
      if (offset >= 0) visit(offset, size, false, reinterpret_cast<const void**>(pointer));
    };
    vector(at.input_norm, c.width, &layer.input_norm);
    vector(at.qkv_bias, qkv, &layer.qkv_bias);
    vector(at.q_norm, c.head_dim, &layer.q_norm);
    vector(at.k_norm, c.head_dim, &layer.k_norm);
    vector(at.post_norm, c.width, &layer.post_norm);
    visit(at.qkv, qkv * c.width, true, &layer.qkv);
    visit(at.output, c.width * c.q_width(), true, &layer.output);
    visit(at.gate_up, 2 * c.mlp * c.width, true, &layer.gate_up);
    visit(at.down, c.width * c.mlp, true, &layer.down);
  }
  visit(layout.final_norm(), c.width, false, reinterpret_cast<const void**>(&weights.final_norm));
  if (layout.head() == layout.embedding()) weights.head = weights.embedding;
  else visit(layout.head(), c.vocab * c.width, true, &weights.head);
}

std::int64_t aligned(std::int64_t bytes) { return blocks_of(bytes, kAligned) * kAligned; }

// Bytes of a copy.
struct Sizes {
  std::int64_t matrices = 0;
  std::int64_t vectors = 0;
};

Sizes sizes_of(const Model& model, Dtype dtype) {
  Sizes sizes;
  DeviceWeights unused;
  for_weights(model, unused, [&](std::int64_t, std::int64_t size, bool matrix, const void**) {
    (matrix ? sizes.matrices : sizes.vectors) +=
        aligned(size * static_cast<std::int64_t>(bytes_of(matrix ? dtype : Dtype::f32)));
  });
  return sizes;
}

}  // namespace

std::int64_t UploadedWeights::bytes(const Model& model, Dtype dtype) {
  const Sizes sizes = sizes_of(model, dtype);
  return sizes.matrices + sizes.vectors;
}

UploadedWeights::UploadedWeights(std::shared_ptr<Device> device, const Model& model, Dtype dtype)
    : device_(std::move(device)),
      dtype_(dtype),
      matrices_(device_, sizes_of(model, dtype).matrices),
      vectors_(device_, sizes_of(model, dtype).vectors) {
  weights_.dtype = dtype;
  refresh(model);
}

void UploadedWeights::refresh(const Model& model) {
  char *matrix_at = matrices_.as<char>(), *vector_at = vectors_.as<char>();
  std::vector<char> converted;
  for_weights(model, weights_,
              [&](std::int64_t offset, std::int64_t size, bool matrix, const void** pointer) {
                const float* from = model.weights.data() + offset;
                char*& at = matrix ? matrix_at : vector_at;
                const Dtype dtype = matrix ? dtype_ : Dtype::f32;
                const std::int64_t unit = bytes_of(dtype);
                *pointer = at;
                for (std::int64_t first = 0; first < size; first += kConvertedAtOnce) {
                  const std::int64_t n = std::min(kConvertedAtOnce, size - first);
                  if (dtype == Dtype::f32) {
                    device_->upload(at + first * unit, from + first, n * unit);
                    continue;
                  }
                  converted.resize(n * unit);
                  from_float(dtype, from + first, n, converted.data());
                  device_->upload(at + first * unit, converted.data(), n * unit);
                }
                at += aligned(size * unit);
              });
}

}  // namespace tinyzero
