// A model's weights as leaves with one flat gradient.

#include "core/transformer/model_tensors.h"

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/model/adapter.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/model_tensors");

TEST_CASE("a weight is a view of the model, and its gradient one of the flat gradient") {
  Model model = small_model();
  const ModelTensors tensors(model, {});
  const std::int64_t offset = model.layout.layer(1).down;
  const at::Tensor weight = tensors.weight(offset, {32, 48});
  CHECK(weight.data_ptr() == model.weights.data() + offset);
  CHECK(weight.requires_grad());
  torch::autograd::backward({(weight * 3).sum()}, {});
  CHECK(tensors.gradient().sum().item<double>() == 3.0 * 32 * 48);
  CHECK(tensors.gradient().narrow(0, offset, 32 * 48).eq(3).all().item<bool>());
  CHECK_FALSE(tensors.weight(-1, {32}).defined());
  CHECK(tensors.adapters_of(offset, 32, 48).empty());
}

TEST_CASE("a frozen model has no gradients") {
  Model model = small_model();
  const ModelTensors tensors(model, {.frozen = true});
  CHECK_FALSE(tensors.gradient().defined());
  CHECK_FALSE(tensors.weight(0, {50, 32}).requires_grad());
}

TEST_CASE("with an adapter its values learn, and a matrix knows the rows that they change") {
  Model model = small_model();
  Adapter adapter(model, {2, 4, {"k", "down"}, ""}, 1);
  const ModelTensors tensors(model, {.adapter = &adapter});
  CHECK(tensors.learning().data_ptr() == adapter.values());
  CHECK(tensors.gradient().numel() == adapter.size());
  CHECK_FALSE(tensors.weight(model.layout.layer(0).qkv, {64, 32}).requires_grad());
  // Rows of q, then of k: 4 heads, then 2, of 8 components.
  const auto rows = tensors.adapters_of(model.layout.layer(0).qkv, 64, 32);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].first == 32);
  CHECK(rows[0].count == 16);
  CHECK(rows[0].a.sizes() == std::vector<std::int64_t>{2, 32});
  CHECK(rows[0].b.sizes() == std::vector<std::int64_t>{16, 2});
  CHECK(rows[0].scale == 2);
  CHECK(tensors.adapters_of(model.layout.layer(0).gate_up, 96, 32).empty());
}

TEST_CASE("a copy on a device holds the numbers of its last upload") {
  Model model = small_model();
  ModelTensors tensors(model, {.device = at::Device(at::kCPU)});
  const float before = model.weights.data()[7];
  model.weights.data()[7] = 42;
  CHECK(tensors.learning()[7].item<float>() == before);
  tensors.upload();
  CHECK(tensors.learning()[7].item<float>() == 42);
}
