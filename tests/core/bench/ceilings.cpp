// What the machine can do at most is measured, and written as JSON.

#include "core/bench/ceilings.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/ceilings");

TEST_CASE("the roof of this moment is a rate") { CHECK(multiply_add_roof(kernels(), 1) > 0); }

TEST_CASE("every ceiling has a name in JSON") {
  const Ceilings c{.kernels = "avx2",
                   .threads = 2,
                   .multiply_add = 1,
                   .multiply_add_f32 = 2,
                   .matmul = 3,
                   .read_l2 = 4,
                   .read_l3 = 5,
                   .read_memory = 6};
  CHECK(ceilings_json(c) == Json{{"kernels", "avx2"},
                                 {"threads", 2},
                                 {"multiply_add_gflops", 1.0},
                                 {"multiply_add_f32_gflops", 2.0},
                                 {"matmul_gflops", 3.0},
                                 {"read_l2_gb", 4.0},
                                 {"read_l3_gb", 5.0},
                                 {"read_memory_gb", 6.0}});
}
