// Attention while decoding, over keys and values in one or several segments.

#include <doctest/doctest.h>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/decode_attention");

TEST_CASE("attention while decoding, over one or several segments") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(6);
    for (int trial = 0; trial < 60; ++trial) {
      const Index group = rng.between(1, 9), dim = 2 * rng.between(1, 40),
                  segments = rng.between(1, 3);
      std::vector<Index> lengths;
      Index all = 0;
      for (Index i = 0; i < segments; ++i)
        all += lengths.emplace_back(i + 1 < segments ? rng.between(0, 50) : rng.between(1, 50));
      const auto q = random_floats(rng, group * dim, 2), k = random_floats(rng, all * dim, 2),
                 v = random_floats(rng, all * dim);
      const auto run = [&](const Kernels& table) {
        std::vector<std::vector<float>> keys, values;
        std::vector<KeyValues> kv;
        Index at = 0;
        for (const Index length : lengths) {
          // Unused places hold NaN: they must not reach the result.
          auto& own_keys = keys.emplace_back(table.key_floats(length, dim), NAN);
          auto& own_values = values.emplace_back(table.value_floats(length, dim), NAN);
          for (Index t = 0; t < length; ++t, ++at) {
            table.store_key(k.data() + at * dim, dim, t, own_keys.data());
            table.store_value(v.data() + at * dim, dim, t, own_values.data());
          }
          kv.push_back({own_keys.data(), own_values.data(), length});
        }
        std::vector<float> scratch(table.attend_scratch(group, dim, all + segments * table.lanes),
                                   NAN),
            out(q.size());
        table.attend(q.data(), group, dim, 0.3f, kv.data(), segments, scratch.data(), out.data());
        return out;
      };
      check_near(run(fast), run(slow),
                 fast.numbers_per_word == 1 ? 1e-5 : 3e-3);  // a weight may round to the next bf16
    }
  });
}
