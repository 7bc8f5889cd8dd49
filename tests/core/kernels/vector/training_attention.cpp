// Attention in training, and its gradient.

#include <doctest/doctest.h>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/training_attention");

TEST_CASE("attention in training and its gradient, alone and behind shared rows") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(7);
    for (int trial = 0; trial < 30; ++trial) {
      const Index kv = rng.between(1, 2), group = rng.between(1, 6), dim = 2 * rng.between(1, 20),
                  length = rng.between(1, 60), before = rng.chance(0.5) ? rng.between(1, 50) : 0;
      const Index heads = kv * group, qkv = (heads + 2 * kv) * dim, out_width = heads * dim;
      const AttentionShape shape{heads, kv, dim, qkv, out_width, 0.4f};
      const auto x = random_floats(rng, length * qkv, 2),
                 dout = random_floats(rng, length * out_width);
      const auto prompt = random_floats(rng, before * qkv + 1, 2),
                 start = random_floats(rng, before * qkv + 1);
      const auto run = [&](const Kernels& table, std::vector<float>& d) {
        std::vector<SoftmaxRow> softmax(heads * length);
        std::vector<float> out(dout.size()),
            scratch(table.attention_scratch(shape, before + length), NAN), dprompt = start;
        d.assign(x.size(), 0);
        for (Index h = 0; h < kv; ++h) {
          const Index q = h * group * dim, k = heads * dim + h * dim, v = k + kv * dim,
                      l = h * group * length;
          const SharedRows shared{prompt.data() + k, prompt.data() + v, dprompt.data() + k,
                                  dprompt.data() + v, before};
          table.attention(shape, x.data() + q, x.data() + k, x.data() + v, shared, length,
                          out.data() + q, softmax.data() + l, scratch.data());
          table.attention_backward(shape, x.data() + q, x.data() + k, x.data() + v, shared,
                                   out.data() + q, softmax.data() + l, dout.data() + q, length,
                                   d.data() + q, d.data() + k, d.data() + v, scratch.data());
        }
        d.insert(d.end(), dprompt.begin(), dprompt.end());
        return out;
      };
      std::vector<float> da, db;
      const auto a = run(fast, da), b = run(slow, db);
      // Where the last bit of a weight differs, so may its rounding to bf16.
      const bool bf16 = fast.numbers_per_word == 2;
      check_near(a, b, bf16 ? 2e-3 : 1e-5);
      check_near(da, db, bf16 ? 1e-2 : 1e-4);
    }
  });
}

TEST_CASE("attention in training: an offset that all scores of a row share changes nothing") {
  constexpr Index kLength = 40, kDim = 8, kQkv = 3 * kDim;  // one head
  const AttentionShape shape{1, 1, kDim, kQkv, kDim, 0.25f};
  Rng rng(11);
  std::vector<float> x(kLength * kQkv);
  for (float& number : x)
    number = static_cast<float>(rng.between(-8, 8)) / 8;  // products and their sums are exact
  const auto dout = random_floats(rng, kLength * kDim);
  struct Outcome {
    std::vector<float> out, d;
  };
  // The first component of all queries and keys is `root`: it adds root² to every score.
  const auto run = [&](const Kernels& table, float root) {
    auto qkv = x;
    for (Index t = 0; t < kLength; ++t) qkv[t * kQkv] = qkv[t * kQkv + kDim] = root;
    std::vector<SoftmaxRow> softmax(kLength);
    std::vector<float> scratch(table.attention_scratch(shape, kLength));
    Outcome o{std::vector<float>(dout.size()), std::vector<float>(x.size())};
    table.attention(shape, qkv.data(), qkv.data() + kDim, qkv.data() + 2 * kDim, {}, kLength,
                    o.out.data(), softmax.data(), scratch.data());
    table.attention_backward(shape, qkv.data(), qkv.data() + kDim, qkv.data() + 2 * kDim, {},
                             o.out.data(), softmax.data(), dout.data(), kLength, o.d.data(),
                             o.d.data() + kDim, o.d.data() + 2 * kDim, scratch.data());
    for (Index t = 0; t < kLength; ++t)
      o.d[t * kQkv] = o.d[t * kQkv + kDim] = 0;  // of the first component itself
    return o;
  };
  for_tables([&](const Kernels& fast, const Kernels& slow) {
    for (const Kernels* table : {&fast, &slow}) {
      const Outcome plain = run(*table, 0), shifted = run(*table, 128);
      check_near(shifted.out, plain.out, 1e-6);
      check_near(shifted.d, plain.d, 2e-6);
    }
  });
}
