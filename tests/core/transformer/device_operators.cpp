// The padded form of a packed batch.

#include "core/transformer/device_operators.h"

#include <doctest/doctest.h>

#include "core/model/config.h"
#include "core/model/rope.h"
#include "core/transformer/packed_shape.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/device_operators");

TEST_CASE("sequences lie side by side, with the rows of what they continue, and come back") {
  PackedShape shape;
  shape.add(2);
  shape.add_continuation(3);
  shape.add(1);
  const ModelConfig c = preset_config("tiny");
  RopeTable rope(c);
  rope.ensure(shape.longest());
  const PaddedShape padded(shape, rope, c.head_dim, at::kCPU);
  CHECK(at::equal(padded.rows, at::tensor(std::vector<std::int64_t>{0, 1, 0, 0, 0,  //
                                                                    0, 1, 2, 3, 4,  //
                                                                    5, 0, 0, 0, 0})
                                   .view({3, 5})));
  CHECK(at::equal(padded.indices, at::tensor(std::vector<std::int64_t>{0, 1, 7, 8, 9, 10})));
  CHECK(padded.cosines.sizes() == std::vector<std::int64_t>{5, 1, c.head_dim / 2});
  CHECK(padded.cosines[0][0][0].item<double>() == 1);
  CHECK(padded.sines[0][0][0].item<double>() == 0);
  const at::Tensor batch = at::arange(6);
  CHECK(at::equal(batch.index_select(0, padded.rows.view(-1)).index_select(0, padded.indices),
                  batch));
}

TEST_CASE("its device is where the weights are copied") {
  const DeviceOperators op({.device = at::kCPU});
  CHECK(op.device() == at::Device(at::kCPU));
}
