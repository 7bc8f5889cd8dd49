// Every vector kernel held against the scalar reference, over random shapes with tails, odd head sizes and single rows.

#include "core/kernels/kernels.h"

#include <doctest/doctest.h>

#include <cmath>
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
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]) / (1.0 + std::abs(b[i])));
  CHECK(worst <= tolerance);
}

// Runs `test` for every vector table of this machine; there is at least the scalar one to compare with itself.
template <class Test>
void for_tables(const Test& test) {
  int count = 0;
  const char* const* names = kernel_names(count);
  for (int i = 0; i < count; ++i) {
    CAPTURE(names[i]);
    test(kernels(names[i]), kernels("scalar"));
  }
}

std::vector<float> product(const Kernels& k, const std::vector<float>& x, const std::vector<float>& w, Index m, Index n, Index depth,
                           const float* bias, bool add, std::vector<float> y) {
  std::vector<float> packed(static_cast<std::size_t>(k.packed_size(n, depth)));
  k.pack(w.data(), n, depth, packed.data());
  k.matmul(x.data(), depth, m, depth, packed.data(), n, bias, add, y.data(), n);
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
    for (int trial = 0; trial < 60; ++trial) {
      const Index m = rng.between(0, 30), n = rng.between(1, 100), k = rng.between(1, 70);
      CAPTURE(m);
      CAPTURE(n);
      CAPTURE(k);
      const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k), bias = random_floats(rng, n), y = random_floats(rng, m * n);
      const bool add = rng.chance(0.5);
      const float* b = rng.chance(0.5) ? bias.data() : nullptr;
      check_near(product(fast, x, w, m, n, k, b, add, y), product(slow, x, w, m, n, k, b, add, y), 2e-6);
    }
  });
}

TEST_CASE("a row of matmul does not depend on the rows beside it") {
  for_tables([](const Kernels& fast, const Kernels&) {
    Rng rng(2);
    const Index m = 29, n = 77, k = 130;
    const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k);
    const auto whole = product(fast, x, w, m, n, k, nullptr, false, std::vector<float>(static_cast<std::size_t>(m * n)));
    for (Index i = 0; i < m; ++i) {
      const std::vector<float> row(x.begin() + i * k, x.begin() + (i + 1) * k);
      const auto alone = product(fast, row, w, 1, n, k, nullptr, false, std::vector<float>(static_cast<std::size_t>(n)));
      for (Index j = 0; j < n; ++j) REQUIRE(alone[static_cast<std::size_t>(j)] == whole[static_cast<std::size_t>(i * n + j)]);
    }
  });
}

TEST_CASE("rms_norm and its gradient") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(3);
    for (const Index n : {1, 2, 7, 16, 31, 48, 128, 200}) {
      const Index m = rng.between(1, 9);
      const auto x = random_floats(rng, m * n), w = random_floats(rng, n), dy = random_floats(rng, m * n), start = random_floats(rng, n);
      std::vector<float> a(x.size()), b(x.size()), da(x.size()), db(x.size()), wa = start, wb = start;
      fast.rms_norm(x.data(), n, w.data(), 1e-6f, m, n, a.data(), n);
      slow.rms_norm(x.data(), n, w.data(), 1e-6f, m, n, b.data(), n);
      fast.rms_norm_backward(x.data(), w.data(), 1e-6f, dy.data(), m, n, da.data(), wa.data());
      slow.rms_norm_backward(x.data(), w.data(), 1e-6f, dy.data(), m, n, db.data(), wb.data());
      CAPTURE(n);
      check_near(a, b, 1e-5);
      check_near(wa, wb, 1e-5);
      if (n > 1) check_near(da, db, 1e-4);  // for n = 1 the gradient is a difference of two equal numbers
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

TEST_CASE("attention while decoding") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(6);
    for (int trial = 0; trial < 40; ++trial) {
      const Index group = rng.between(1, 9), dim = 2 * rng.between(1, 40), length = rng.between(1, 70);
      const auto q = random_floats(rng, group * dim, 2), k = random_floats(rng, length * dim, 2), v = random_floats(rng, length * dim);
      const auto run = [&](const Kernels& table) {
        const Index padded = (length + table.lanes - 1) / table.lanes * table.lanes;
        // Unused places hold NaN: they must not reach the result.
        std::vector<float> keys(static_cast<std::size_t>(padded * dim), NAN), values = v, scratch(static_cast<std::size_t>(group * padded)),
                                                                              out(q.size());
        for (Index t = 0; t < length; ++t) table.store_key(k.data() + t * dim, dim, t, keys.data());
        table.attend(q.data(), group, dim, 0.3f, {keys.data(), values.data()}, length, scratch.data(), out.data());
        return out;
      };
      check_near(run(fast), run(slow), 1e-5);
    }
  });
}

TEST_CASE("attention in training and its gradient") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(7);
    for (int trial = 0; trial < 30; ++trial) {
      const Index kv = rng.between(1, 2), group = rng.between(1, 6), dim = 2 * rng.between(1, 20), length = rng.between(1, 40);
      const Index heads = kv * group, qkv = (heads + 2 * kv) * dim, out_width = heads * dim;
      const AttentionShape shape{heads, kv, dim, qkv, out_width, 0.4f};
      const auto x = random_floats(rng, length * qkv, 2), dout = random_floats(rng, length * out_width);
      const auto run = [&](const Kernels& table, std::vector<float>& d) {
        std::vector<float> out(dout.size()), lse(static_cast<std::size_t>(heads * length)),
            scratch(static_cast<std::size_t>(table.attention_scratch(shape, length)));
        d.assign(x.size(), 0);
        for (Index h = 0; h < kv; ++h) {
          const Index q = h * group * dim, k = heads * dim + h * dim, v = k + kv * dim, l = h * group * length;
          table.attention(shape, x.data() + q, x.data() + k, x.data() + v, length, out.data() + q, lse.data() + l, scratch.data());
          table.attention_backward(shape, x.data() + q, x.data() + k, x.data() + v, out.data() + q, lse.data() + l, dout.data() + q, length,
                                   d.data() + q, d.data() + k, d.data() + v, scratch.data());
        }
        return out;
      };
      std::vector<float> da, db;
      const auto a = run(fast, da), b = run(slow, db);
      check_near(a, b, 1e-5);
      check_near(da, db, 1e-4);
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
