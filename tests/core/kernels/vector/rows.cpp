// Norms, gates and rotation, and their gradients.

#include <doctest/doctest.h>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/rows");

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
      std::vector<float> a(m * n), b = a, da(x.size()), db(x.size());
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

TEST_CASE("read sums all numbers of whole blocks of vectors") {
  for_tables([](const Kernels& fast, const Kernels&) {
    const std::vector<float> ones(4 * fast.lanes * 3, 1.0f);
    CHECK(fast.read(ones.data(), std::ssize(ones)) == 12.0f * static_cast<float>(fast.lanes));
  });
}
