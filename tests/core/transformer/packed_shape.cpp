// Where sequences lie in a packed batch.

#include "core/transformer/packed_shape.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/packed_shape");

TEST_CASE("sequences lie one after the other, from position 0") {
  PackedShape shape;
  CHECK(shape.tokens() == 0);
  CHECK(shape.longest() == 1);
  shape.add(3);
  shape.add(5);
  CHECK(shape.tokens() == 8);
  CHECK(shape.sequences() == 2);
  CHECK(shape.start(1) == 3);
  CHECK(shape.length(1) == 5);
  CHECK(shape.parent(1) == -1);
  CHECK(shape.first_position(1) == 0);
  CHECK(shape.longest() == 5);
}

TEST_CASE("a continuation follows the last sequence that continues none") {
  PackedShape shape;
  shape.add(4);
  shape.add_continuation(2);
  shape.add_continuation(6);
  shape.add(1);
  shape.add_continuation(0);
  CHECK(shape.continues == std::vector<std::int64_t>{-1, 0, 0, -1, 3});
  CHECK(shape.first_position(2) == 4);
  CHECK(shape.first_position(4) == 1);
  CHECK(shape.length(4) == 0);
  CHECK(shape.longest() == 10);
  CHECK(shape.tokens() == 13);
}
