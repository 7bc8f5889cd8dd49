#include "core/bench/ceilings.h"

#include <algorithm>
#include <barrier>
#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/workers.h"
#include "core/model/parameters.h"

namespace tinyzero {
namespace {

constexpr int kRepeats = 7;
constexpr Index kRounds = 1'000'000;  // rounds of multiply-adds
// The matrix product: weights larger than the L2 cache, and as many rows as a large wave has.
constexpr Index kM = 192;
constexpr Index kK = 512;
constexpr Index kN = 1536;
// Bytes that each thread reads.
constexpr std::int64_t kL2Bytes = 256 << 10;
constexpr std::int64_t kL3Bytes = 6 << 20;
constexpr std::int64_t kMemoryBytes = 64 << 20;

// The best rate of several repeats of work(thread) on all threads at once, each doing `amount`.
double best_rate(std::int64_t threads, double amount, const std::function<void(std::int64_t)>& work,
                 int repeats = kRepeats) {
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    std::barrier<> all(threads);
    std::vector<double> seconds(threads);
    run_workers(threads, [&](std::int64_t t) {
      all.arrive_and_wait();
      const Stopwatch watch;
      work(t);
      seconds[t] = watch.seconds();
    });
    best = std::max(best, amount * static_cast<double>(threads) /
                              *std::max_element(seconds.begin(), seconds.end()));
  }
  return best;
}

double multiply_adds(const Kernels& k, std::int64_t threads, Index rounds, int repeats) {
  volatile float sink = 0;
  float ignored = 0;
  const double flops =
      static_cast<double>(k.multiply_adds(1, ignored)) * static_cast<double>(rounds);
  return best_rate(
             threads, flops,
             [&](std::int64_t) {
               float sum = 0;
               k.multiply_adds(rounds, sum);
               sink = sum;
             },
             repeats) /
         1e9;
}

double reading(const Kernels& k, std::int64_t threads, std::int64_t bytes) {
  const std::int64_t floats = bytes / static_cast<std::int64_t>(sizeof(float)),
                     times = std::max<std::int64_t>(1, kMemoryBytes / bytes);
  std::vector<FloatBuffer> buffers;
  for (std::int64_t t = 0; t < threads; ++t) buffers.emplace_back(floats);
  volatile float sink = 0;
  return best_rate(threads, static_cast<double>(bytes * times), [&](std::int64_t t) {
    for (std::int64_t i = 0; i < times; ++i) sink = k.read(buffers[t].data(), floats);
  });
}

double products(const Kernels& k, std::int64_t threads) {
  constexpr int kTimes = 8;
  const FloatBuffer w(kN * kK);
  FloatBuffer packed(k.packed_size(kN, kK));
  k.pack(w.data(), kK, 1, kN, kK, packed.data());
  std::vector<FloatBuffer> x, y;
  for (std::int64_t t = 0; t < threads; ++t) {
    x.emplace_back(kM * k.words(kK));
    y.emplace_back(kM * kN);
  }
  return best_rate(threads, 2.0 * kM * kK * kN * kTimes, [&](std::int64_t t) {
    const LeftWords left{.data = x[t].data(), .row_stride = k.words(kK), .word_stride = 1};
    for (int n = 0; n < kTimes; ++n)
      k.matmul(left, kM, kK, packed.data(), kN, nullptr, false, y[t].data(), kN);
  });
}

}  // namespace

double multiply_add_roof(const Kernels& kernels, std::int64_t threads) {
  return multiply_adds(kernels, threads, kRounds, 2);
}

Ceilings measure_ceilings(const Kernels& k, std::int64_t threads) {
  Ceilings c;
  c.kernels = k.name;
  c.threads = threads;
  c.multiply_add = multiply_adds(k, threads, kRounds, kRepeats);
  std::string f32 = k.name;
  if (k.numbers_per_word == 2) f32.resize(f32.find("-bf16"));
  c.multiply_add_f32 = k.numbers_per_word == 1
                           ? c.multiply_add
                           : multiply_adds(kernels(f32), threads, kRounds, kRepeats);
  c.matmul = products(k, threads) / 1e9;
  c.read_l2 = reading(k, threads, kL2Bytes) / 1e9;
  c.read_l3 = reading(k, threads, kL3Bytes) / 1e9;
  c.read_memory = reading(k, threads, kMemoryBytes) / 1e9;
  return c;
}

Json ceilings_json(const Ceilings& c) {
  return {{"kernels", c.kernels},
          {"threads", c.threads},
          {"multiply_add_gflops", c.multiply_add},
          {"multiply_add_f32_gflops", c.multiply_add_f32},
          {"matmul_gflops", c.matmul},
          {"read_l2_gb", c.read_l2},
          {"read_l3_gb", c.read_l3},
          {"read_memory_gb", c.read_memory}};
}

}  // namespace tinyzero
