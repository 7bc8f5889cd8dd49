// Every vector kernel held against the scalar reference, over random shapes with tails, odd head
// sizes and single rows.

#include "core/kernels/kernels.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/kernels");

namespace {

std::vector<float> random_floats(Rng& rng, Index n, double scale = 1.0) {
  std::vector<float> out(static_cast<std::size_t>(n));
  for (float& x : out) x = static_cast<float>(scale * (2.0 * rng.uniform() - 1.0));
  return out;
}

void check_near(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]) / (1.0 + std::abs(b[i])));
  CHECK(worst <= tolerance);
}

// Runs `test` for every table of this machine beside the scalar one with the same words.
template <class Test>
void for_tables(const Test& test) {
  for (const char* name : kernel_names()) {
    CAPTURE(name);
    test(kernels(name), kernels(kernels(name).numbers_per_word == 1 ? "scalar" : "scalar-bf16"));
  }
}

// x (m, k) as words, by rows or, of x^T, by columns.
std::vector<float> narrowed(const Kernels& table, const std::vector<float>& x, Index m, Index k,
                            bool columns) {
  std::vector<float> words(static_cast<std::size_t>(m * table.words(k)));
  if (columns) table.narrow_columns(x.data(), m, k, m, words.data());
  else table.to_words(x.data(), k, m, k, words.data());
  return words;
}

std::vector<float> transposed(const std::vector<float>& x, Index rows, Index columns) {
  std::vector<float> out(x.size());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j)
      out[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * columns + j)];
  }
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// x (m, depth) · w (n, depth)^T. `across`: both sides are given transposed and packed from there.
std::vector<float> product(const Kernels& k, const std::vector<float>& x,
                           const std::vector<float>& w, Index m, Index n, Index depth,
                           const float* bias, bool add, std::vector<float> y, bool across = false) {
  std::vector<float> packed(static_cast<std::size_t>(k.packed_size(n, depth)), NAN);
  if (across) k.pack(transposed(w, n, depth).data(), 1, n, n, depth, packed.data());
  else k.pack(w.data(), depth, 1, n, depth, packed.data());
  const std::vector<float> words =
      narrowed(k, across ? transposed(x, m, depth) : x, m, depth, across);
  const LeftWords left =
      across ? LeftWords{words.data(), 1, m} : LeftWords{words.data(), k.words(depth), 1};
  k.matmul(left, m, depth, packed.data(), n, bias, add, y.data(), n);
  return y;
}

}  // namespace

TEST_CASE("tables are found by name") {
  CHECK(std::string(kernels("scalar").name) == "scalar");
  CHECK_THROWS_AS(kernels("sse9"), Error);
}

TEST_CASE("matmul") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(1);
    for (int trial = 0; trial < 80; ++trial) {
      const bool large = trial % 8 == 0,
                 across = rng.chance(0.5);  // large: more rows and depth than are done at once
      const Index m = large ? rng.between(49, 70) : rng.between(0, 30), n = rng.between(1, 100),
                  k = large ? rng.between(250, 1100) : rng.between(1, 70);
      CAPTURE(m);
      CAPTURE(n);
      CAPTURE(k);
      const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k),
                 bias = random_floats(rng, n), y = random_floats(rng, m * n);
      const bool add = rng.chance(0.5);
      const float* b = rng.chance(0.5) ? bias.data() : nullptr;
      check_near(product(fast, x, w, m, n, k, b, add, y, across),
                 product(slow, x, w, m, n, k, b, add, y), large ? 2e-5 : 2e-6);
    }
  });
}

TEST_CASE("words hold numbers to the last bit as the reference has them") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(20);
    for (int trial = 0; trial < 40; ++trial) {
      const Index m = rng.between(1, 40), k = rng.between(1, 70);
      auto x = random_floats(rng, m * k, std::pow(10.0, static_cast<double>(rng.between(-40, 38))));
      const float special[] = {0.0f,        -0.0f,       INFINITY, -INFINITY, 3.3961775e38f,
                               1.00390625f, 1.01171875f, 1e-40f};  // ties, overflow, subnormal
      for (const float value : special)
        x[static_cast<std::size_t>(rng.between(0, m * k - 1))] = value;
      for (const bool columns : {false, true})
        CHECK(same_bits(narrowed(fast, x, m, k, columns), narrowed(slow, x, m, k, columns)));
    }
    // Every number of NaN is NaN: of bf16 pairs the low half has all exponent bits and a fraction
    // as well.
    for (const float word : narrowed(fast, std::vector<float>(8, NAN), 2, 4, false)) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &word, sizeof bits);
      CHECK(std::isnan(word));
      if (fast.numbers_per_word == 2) CHECK((bits & 0x7FFF) > 0x7F80);
    }
    CHECK(std::isnan(product(fast, {NAN, 1}, {1, 1}, 1, 1, 2, nullptr, false, {0})[0]));
  });
}

TEST_CASE("products of bf16 are those of numbers rounded to bf16") {
  Rng rng(21);
  const Index m = 5, n = 7, k = 33;
  auto x = random_floats(rng, m * k), w = random_floats(rng, n * k);
  const auto bf16 =
      product(kernels("scalar-bf16"), x, w, m, n, k, nullptr, false, std::vector<float>(35));
  check_near(bf16,
             product(kernels("scalar"), x, w, m, n, k, nullptr, false, std::vector<float>(35)),
             2e-2);
  for (auto* numbers : {&x, &w}) {
    for (float& number : *numbers)
      number = std::ldexp(std::nearbyint(std::ldexp(number, 8 - std::ilogb(number) - 1)),
                          std::ilogb(number) + 1 - 8);
  }
  check_near(bf16,
             product(kernels("scalar"), x, w, m, n, k, nullptr, false, std::vector<float>(35)),
             1e-6);
}

TEST_CASE("a row of matmul does not depend on the rows beside it, nor a column on the columns") {
  for_tables([](const Kernels& fast, const Kernels&) {
    Rng rng(2);
    const Index n = 77;
    for (const Index k : {130, 1100}) {  // short, and longer than what is summed at once
      const Index m = 59;
      CAPTURE(k);
      const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k);
      const auto whole = product(fast, x, w, m, n, k, nullptr, false,
                                 std::vector<float>(static_cast<std::size_t>(m * n)));
      for (Index i = 0; i < m; ++i) {
        const std::vector<float> row(x.begin() + i * k, x.begin() + (i + 1) * k);
        const auto alone = product(fast, row, w, 1, n, k, nullptr, false,
                                   std::vector<float>(static_cast<std::size_t>(n)));
        for (Index j = 0; j < n; ++j)
          REQUIRE(alone[static_cast<std::size_t>(j)] == whole[static_cast<std::size_t>(i * n + j)]);
      }
      std::vector<float> packed(static_cast<std::size_t>(fast.packed_size(n, k))),
          words(static_cast<std::size_t>(m * fast.words(k)));
      fast.pack(w.data(), k, 1, n, k, packed.data());
      fast.to_words(x.data(), k, m, k, words.data());
      const Index first = n / fast.panel * fast.panel;
      std::vector<float> rest(static_cast<std::size_t>(m * (n - first)));
      fast.matmul({words.data(), fast.words(k), 1}, m, k,
                  packed.data() + fast.packed_size(first, k), n - first, nullptr, false,
                  rest.data(), n - first);
      for (Index i = 0; i < m; ++i) {
        for (Index j = first; j < n; ++j)
          REQUIRE(rest[static_cast<std::size_t>(i * (n - first) + j - first)] ==
                  whole[static_cast<std::size_t>(i * n + j)]);
      }
    }
  });
}

TEST_CASE("rms_norm and its gradient") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(3);
    for (const Index n : {1, 2, 7, 16, 31, 48, 128, 200}) {
      const Index m = rng.between(1, 9);
      const auto x = random_floats(rng, m * n), w = random_floats(rng, n),
                 dy = random_floats(rng, m * n), start = random_floats(rng, n);
      std::vector<float> a(x.size()), b(x.size()), da(x.size()), db(x.size()), wa = start,
                                                                               wb = start;
      fast.rms_norm(x.data(), n, w.data(), 1e-6f, m, n, a.data(), n);
      slow.rms_norm(x.data(), n, w.data(), 1e-6f, m, n, b.data(), n);
      fast.rms_norm_backward(x.data(), w.data(), 1e-6f, dy.data(), m, n, da.data(), wa.data());
      slow.rms_norm_backward(x.data(), w.data(), 1e-6f, dy.data(), m, n, db.data(), wb.data());
      CAPTURE(n);
      check_near(a, b, 1e-5);
      check_near(wa, wb, 1e-5);
      if (n > 1)
        check_near(da, db, 1e-4);  // for n = 1 the gradient is a difference of two equal numbers
    }
  });
}

TEST_CASE("swiglu and its gradient, also far from zero") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(4);
    for (const Index n : {1, 5, 16, 33, 384}) {
      const Index m = rng.between(1, 5);
      const auto x = random_floats(rng, m * 2 * n, 90.0), dy = random_floats(rng, m * n);
      std::vector<float> a(static_cast<std::size_t>(m * n)), b = a, da(x.size()), db(x.size());
      fast.swiglu(x.data(), m, n, a.data());
      slow.swiglu(x.data(), m, n, b.data());
      fast.swiglu_backward(x.data(), dy.data(), m, n, da.data());
      slow.swiglu_backward(x.data(), dy.data(), m, n, db.data());
      check_near(a, b, 2e-6);
      check_near(da, db, 2e-5);
    }
  });
}

TEST_CASE("rope turns, and turns back") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(5);
    for (const Index dim : {2, 6, 16, 40, 64, 128}) {
      const auto start = random_floats(rng, 3 * dim);
      std::vector<float> c, s, minus;
      for (Index j = 0; j < dim / 2; ++j) {
        const double angle = 10.0 * rng.uniform();
        c.push_back(static_cast<float>(std::cos(angle)));
        s.push_back(static_cast<float>(std::sin(angle)));
        minus.push_back(-s.back());
      }
      auto a = start, b = start;
      fast.rope(a.data(), 3, dim, c.data(), s.data());
      slow.rope(b.data(), 3, dim, c.data(), s.data());
      check_near(a, b, 1e-6);
      fast.rope(a.data(), 3, dim, c.data(), minus.data());
      check_near(a, start, 1e-6);
    }
  });
}

TEST_CASE("attention while decoding, over one or several parts") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(6);
    for (int trial = 0; trial < 60; ++trial) {
      const Index group = rng.between(1, 9), dim = 2 * rng.between(1, 40),
                  parts = rng.between(1, 3);
      std::vector<Index> lengths;
      Index all = 0;
      for (Index i = 0; i < parts; ++i)
        all += lengths.emplace_back(i + 1 < parts ? rng.between(0, 50) : rng.between(1, 50));
      const auto q = random_floats(rng, group * dim, 2), k = random_floats(rng, all * dim, 2),
                 v = random_floats(rng, all * dim);
      const auto run = [&](const Kernels& table) {
        std::vector<std::vector<float>> keys, values;
        std::vector<KeyValues> kv;
        Index at = 0;
        for (const Index length : lengths) {
          // Unused places hold NaN: they must not reach the result.
          auto& own_keys =
              keys.emplace_back(static_cast<std::size_t>(table.key_floats(length, dim)), NAN);
          auto& own_values =
              values.emplace_back(static_cast<std::size_t>(table.value_floats(length, dim)), NAN);
          for (Index t = 0; t < length; ++t, ++at) {
            table.store_key(k.data() + at * dim, dim, t, own_keys.data());
            table.store_value(v.data() + at * dim, dim, t, own_values.data());
          }
          kv.push_back({own_keys.data(), own_values.data(), length});
        }
        std::vector<float> scratch(
            static_cast<std::size_t>(table.attend_scratch(group, dim, all + parts * table.lanes)),
            NAN),
            out(q.size());
        table.attend(q.data(), group, dim, 0.3f, kv.data(), parts, scratch.data(), out.data());
        return out;
      };
      check_near(run(fast), run(slow),
                 fast.numbers_per_word == 1 ? 1e-5 : 3e-3);  // a weight may round to the next bf16
    }
  });
}

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
        std::vector<SoftmaxRow> softmax(static_cast<std::size_t>(heads * length));
        std::vector<float> out(dout.size()),
            scratch(static_cast<std::size_t>(table.attention_scratch(shape, before + length)), NAN),
            dprompt = start;
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
      check_near(a, b, 1e-5);
      check_near(da, db, 1e-4);
    }
  });
}

TEST_CASE("attention in training: an offset that all scores of a row share changes nothing") {
  constexpr Index kLength = 40, kDim = 8, kQkv = 3 * kDim;  // one head
  const AttentionShape shape{1, 1, kDim, kQkv, kDim, 0.25f};
  Rng rng(11);
  std::vector<float> x(static_cast<std::size_t>(kLength * kQkv));
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
    std::vector<float> scratch(static_cast<std::size_t>(table.attention_scratch(shape, kLength)));
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

TEST_CASE("exponentials") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(8);
    for (const Index n : {1, 3, 16, 17, 352, 1024, 2500}) {
      auto a = random_floats(rng, n, 30), b = a;
      float la = 0, lb = 0;
      double sa = 0, sb = 0;
      fast.exponentials(a.data(), n, 1.25f, la, sa);
      slow.exponentials(b.data(), n, 1.25f, lb, sb);
      CHECK(la == lb);
      CHECK(sa == doctest::Approx(sb).epsilon(1e-6));
      check_near(a, b, 1e-6);
    }
  });
}

TEST_CASE("distributions and their gradient") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(9);
    for (const Index n : {1, 3, 16, 17, 352, 1024, 2500}) {
      auto logits = random_floats(rng, n, 30);
      if (n > 3) logits[2] = -INFINITY;
      float la = 0, lb = 0;
      double sa = 0, sb = 0, wa = 0, wb = 0;
      fast.distribution(logits.data(), n, 0.8f, la, sa, wa);
      slow.distribution(logits.data(), n, 0.8f, lb, sb, wb);
      CHECK(la == lb);
      CHECK(sa == doctest::Approx(sb).epsilon(1e-6));
      CHECK(wa == doctest::Approx(wb).epsilon(1e-5));
      const SoftmaxRow softmax{lb, static_cast<float>(std::log(sb))};
      const auto entropy = static_cast<float>(std::log(sb) - wb / sb);
      auto a = logits, b = logits;
      fast.logit_gradient(a.data(), n, 0.8f, softmax, entropy, 0.7f, -0.3f);
      slow.logit_gradient(b.data(), n, 0.8f, softmax, entropy, 0.7f, -0.3f);
      check_near(a, b, 1e-5);
    }
  });
}

TEST_CASE("distributions: logits that share a large offset, against doubles") {
  constexpr double kScale = 0.5, kG = 0.7, kE = -0.3;
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(12);
    for (const double offset : {0.0, 4096.0, -65536.0}) {
      std::vector<double> x(500);
      for (double& number : x)
        number = offset + static_cast<double>(rng.between(-512, 512)) / 64;  // exact in f32
      const double largest = *std::max_element(x.begin(), x.end());
      double sum = 0;
      for (const double number : x) sum += std::exp((number - largest) * kScale);
      const auto log_p = [&](double number) { return (number - largest) * kScale - std::log(sum); };
      double entropy = 0;
      for (const double number : x) entropy -= std::exp(log_p(number)) * log_p(number);
      std::vector<double> expected;
      for (const double number : x)
        expected.push_back(kScale * std::exp(log_p(number)) *
                           (-kG - kE * (log_p(number) + entropy)));
      for (const Kernels* table : {&fast, &slow}) {
        std::vector<float> logits(x.begin(), x.end());
        float top = 0;
        double total = 0, weighted = 0;
        table->distribution(logits.data(), 500, static_cast<float>(kScale), top, total, weighted);
        const double measured = std::log(total) - weighted / total;
        CHECK(measured == doctest::Approx(entropy).epsilon(1e-6));
        table->logit_gradient(logits.data(), 500, static_cast<float>(kScale),
                              {top, static_cast<float>(std::log(total))},
                              static_cast<float>(measured), static_cast<float>(kG),
                              static_cast<float>(kE));
        for (std::size_t j = 0; j < x.size(); ++j)
          CHECK(logits[j] == doctest::Approx(expected[j]).epsilon(1e-5));
      }
    }
  });
}
