// Softmax over the vocabulary, and its gradient.

#include <doctest/doctest.h>

#include <algorithm>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/distribution");

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
