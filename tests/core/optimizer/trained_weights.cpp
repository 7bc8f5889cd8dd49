// What an optimizer changes: the tensors of a model by kind, or those of its adapter.

#include "core/optimizer/trained_weights.h"

#include <doctest/doctest.h>

#include <set>

#include "core/model/adapter.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/trained_weights");

namespace {

std::vector<TrainedTensor> all_of(const TrainedWeights& weights) {
  std::vector<TrainedTensor> out;
  for (const auto* kind : {&weights.layer_matrices(), &weights.embeddings(), &weights.vectors()})
    out.insert(out.end(), kind->begin(), kind->end());
  return out;
}

// Every number belongs to exactly one tensor.
void check_partition(const TrainedWeights& weights) {
  std::set<std::int64_t> seen;
  std::int64_t numbers = 0;
  for (const TrainedTensor& tensor : all_of(weights)) {
    numbers += tensor.size();
    for (std::int64_t i = 0; i < tensor.size(); ++i) seen.insert(tensor.offset + i);
  }
  CHECK(numbers == weights.flat().numel());
  CHECK(std::ssize(seen) == numbers);
  CHECK(*seen.rbegin() == numbers - 1);
}

}  // namespace

TEST_CASE("all weights of a model learn, each in a tensor of its kind, in place") {
  Model model = small_model();
  const TrainedWeights weights(model);
  check_partition(weights);
  CHECK(weights.flat().data_ptr() == model.weights.data());
  CHECK(weights.flat().numel() == model.layout.size());
  for (const TrainedTensor& tensor : weights.layer_matrices()) CHECK(tensor.shape.size() == 2);
  for (const TrainedTensor& tensor : weights.vectors()) CHECK(tensor.shape.size() == 1);
  CHECK(weights.embeddings()[0].shape == std::vector<std::int64_t>{50, 32});
  CHECK(weights.embeddings()[0].offset == model.layout.embedding());
}

TEST_CASE("of a model with an adapter its values learn, and merging puts them into the weights") {
  Model model = small_model();
  const Model base = small_model();
  Adapter adapter(model, {2, 4, {"q", "down"}, ""}, 1);
  TrainedWeights weights(model, &adapter);
  check_partition(weights);
  CHECK(weights.flat().data_ptr() == adapter.values());
  CHECK(weights.layer_matrices().size() == 2 * adapter.matrices().size());
  CHECK(weights.embeddings().empty());
  CHECK(weights.vectors().empty());
  at::Tensor(weights.flat()).fill_(0.1);
  const auto differs = [&] {
    return !std::equal(model.weights.data(), model.weights.data() + model.weights.size(),
                       base.weights.data());
  };
  CHECK_FALSE(differs());
  weights.merge_adapter(2);
  CHECK(differs());
  adapter.unmerge(model);
  CHECK_FALSE(differs());
}

TEST_CASE("a tensor is a view of the flat one in its shape") {
  const at::Tensor flat = at::arange(10);
  const TrainedTensor tensor{4, {2, 3}};
  CHECK(tensor.size() == 6);
  CHECK(at::equal(tensor.of(flat), at::arange(4, 10).view({2, 3})));
  tensor.of(flat)[1][2] = 99;
  CHECK(flat[9].item<std::int64_t>() == 99);
}

TEST_CASE("ranges for ranks are nearly equal, and end at blocks, but inside of no layer's matrix") {
  ModelConfig config = preset_config("tiny");
  config.vocab = 3'000;
  Model model(config);
  const TrainedWeights weights(model);
  const std::int64_t size = weights.flat().numel();
  std::int64_t end = 0, most = 0;
  for (const WeightSpan& block : weights.blocks()) {
    CHECK(block.offset == end);
    CHECK(block.size <= 65'536);
    end = block.end();
  }
  CHECK(end == size);
  for (const TrainedTensor& matrix : weights.layer_matrices()) most = std::max(most, matrix.size());
  for (const std::int64_t ranks : {1, 2, 3, 4}) {
    const std::vector<std::int64_t> cuts = weights.cuts(ranks);
    REQUIRE(std::ssize(cuts) == ranks + 1);
    CHECK(cuts.front() == 0);
    CHECK(cuts.back() == size);
    for (std::int64_t r = 0; r < ranks; ++r) {
      CHECK(std::abs(cuts[r + 1] - cuts[r] - size / ranks) <= std::max<std::int64_t>(most, 65'536));
      for (const TrainedTensor& matrix : weights.layer_matrices())
        CHECK((cuts[r] <= matrix.offset || cuts[r] >= matrix.span().end()));
    }
  }
  CHECK(weights.cuts(500).size() == 501);  // some are empty
}
