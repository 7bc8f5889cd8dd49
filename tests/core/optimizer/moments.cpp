// Optimizer state in fewer bytes: steps as in bitsandbytes and in the formula, memory, and files.

#include "core/optimizer/moments.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/learn/update.h"
#include "core/optimizer/rounding.h"
#include "support/golden.h"
#include "support/moments_file.h"
#include "support/optimizer_golden.h"
#include "support/small_model.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/moments");

namespace {

AdamStep adam_step(double lr, double beta1, double beta2, double eps, double decay, int t) {
  return {.beta1 = static_cast<float>(beta1),
          .beta2 = static_cast<float>(beta2),
          .eps = static_cast<float>(eps),
          .shrink = static_cast<float>(1 - lr * decay),
          .rate = static_cast<float>(lr / (1 - std::pow(beta1, t))),
          .root = static_cast<float>(std::sqrt(1 - std::pow(beta2, t))),
          .key = stream_key(7, {static_cast<std::uint64_t>(t)})};
}

constexpr MomentType kTypes[] = {MomentType::f32, MomentType::bf16, MomentType::int8};

}  // namespace

TEST_CASE("steps of AdamW with int8 are those of bitsandbytes") {
  const Json& golden = bitsandbytes()["adamw"];
  const std::int64_t size = golden["size"], every = golden["every"];
  const WeightSpan all{0, size};
  Moments moments(MomentType::int8, {all}, all);
  std::vector<float> weights(static_cast<std::size_t>(size)), gradient(weights.size());
  for (std::int64_t i = 0; i < size; ++i)
    weights[static_cast<std::size_t>(i)] =
        static_cast<float>(std::cos(0.11 * static_cast<double>(i)));
  for (int t = 1; t <= 20; ++t) {
    for (std::int64_t i = 0; i < size; ++i)
      gradient[static_cast<std::size_t>(i)] = gradient_at(i, t);
    moments.adamw(all,
                  adam_step(golden["lr"], golden["betas"][0], golden["betas"][1], golden["eps"],
                            golden["weight_decay"], t),
                  gradient.data(), weights.data(), 2);
    const auto shown = golden["steps"].find(std::to_string(t));
    if (shown == golden["steps"].end()) continue;
    CAPTURE(t);
    int differ = 0;
    double worst = 0;
    for (std::int64_t i = 0; i * every < size; ++i) {
      const auto k = static_cast<std::size_t>(i);
      worst = std::max(worst, std::abs(weights[k * static_cast<std::size_t>(every)] -
                                       (*shown)["weights"][k].get<double>()));
      for (const char* name : {"first", "second"}) {
        const auto ours =
            static_cast<std::uint8_t>(moments.own_bytes(std::string(name) + "_moment")[i * every]);
        differ += ours != (*shown)[std::string(name) + "_codes"][k].get<int>() ? 1 : 0;
      }
    }
    CHECK(differ <= 4);   // of 770: a number in the middle between two levels, to the last place
    CHECK(worst < 1e-4);  // of steps of 3e-3
    for (const char* name : {"first", "second"}) {
      const std::string scale = std::string(name) + "_moment_scale";
      const auto* scales = reinterpret_cast<const float*>(moments.own_bytes(scale).data());
      const std::vector<float> expected = (*shown)[std::string(name) + "_scales"];
      CHECK(moments.tensors().at(scale).elements() == std::ssize(expected));
      for (std::size_t b = 0; b < expected.size(); ++b)
        CHECK(scales[b] == doctest::Approx(expected[b]).epsilon(2e-3));
    }
  }
}

// The formula in double precision with moments that are stored as their type says, by plain loops.
TEST_CASE(
    "steps of AdamW follow the formula, on any number of threads, whatever moments are stored as") {
  const std::vector<WeightSpan> spans = {{0, 300}, {300, 40'000}, {40'300, 5'001}};
  const std::int64_t size = 45'301;
  for (const MomentType type : kTypes) {
    CAPTURE(static_cast<int>(type));
    Moments one(type, spans, {0, size}), three(type, spans, {0, size});
    std::vector<float> a(static_cast<std::size_t>(size), 0.5f), b = a;
    std::vector<double> w(a.begin(), a.end()), m(w.size()), v(w.size());
    for (int t = 1; t <= 6; ++t) {
      std::vector<float> gradient(a.size());
      for (std::size_t i = 0; i < gradient.size(); ++i)
        gradient[i] = gradient_at(static_cast<std::int64_t>(i), t);
      const AdamStep step = adam_step(0.01, 0.9, 0.99, 1e-8, 0.1, t);
      for (const WeightSpan& span : spans) {
        one.adamw(span, step, gradient.data() + span.offset, a.data() + span.offset, 1);
        three.adamw(span, step, gradient.data() + span.offset, b.data() + span.offset, 3);
      }
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double g = gradient[i];
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.99 * v[i] + 0.01 * g * g;
        w[i] -= 0.01 * 0.1 * w[i];
        w[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, t))) /
                (std::sqrt(v[i] / (1 - std::pow(0.99, t))) + 1e-8);
      }
    }
    CHECK(a == b);
    for (const auto& [name, tensor] : one.tensors()) {
      CAPTURE(name);
      CHECK(one.own_bytes(name) == three.own_bytes(name));
    }
    double squares = 0, worst_small = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      squares += (a[i] - w[i]) * (a[i] - w[i]);
      if (i < 300) worst_small = std::max(worst_small, std::abs(a[i] - w[i]));
    }
    const double rms = std::sqrt(squares / static_cast<double>(size));
    CHECK(rms < (type == MomentType::f32    ? 1e-6
                 : type == MomentType::bf16 ? 2e-4
                                            : 2e-3));  // of about 0.04 that weights have moved
    if (type != MomentType::bf16) CHECK(worst_small < 2e-6);  // a small tensor stays f32
    if (type != MomentType::f32) CHECK(rms > 1e-6);
  }
}

// A mean square that vanished beside larger ones would let the mean gradient be divided by eps
// alone.
TEST_CASE(
    "weights whose gradients are far smaller than their neighbours' move no further than a step of "
    "AdamW") {
  const WeightSpan all{0, 8192};
  Moments moments(MomentType::int8, {all}, all);
  std::vector<float> weights(8192), gradient(8192);
  for (int t = 1; t <= 40; ++t) {
    const std::vector<float> before = weights;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const auto k = static_cast<double>(i);
      gradient[i] =
          t > 20 && i % 7 != 0
              ? 0.0f
              : static_cast<float>(std::cos(k + t) * std::pow(10.0, -static_cast<double>(i % 7)));
    }
    moments.adamw(all, adam_step(0.01, 0.9, 0.99, 1e-8, 0, t), gradient.data(), weights.data(), 1);
    float furthest = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      furthest = std::max(furthest, std::abs(weights[i] - before[i]));
    CHECK(furthest < 0.013);
  }
}

TEST_CASE("moments take the memory that their type says") {
  const std::vector<WeightSpan> spans = {{0, 1'000'000}};
  for (const MomentType type : kTypes) {
    const Moments moments(type, spans, {0, 1'000'000});
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : moments.tensors()) bytes += tensor.bytes;
    CHECK(static_cast<std::int64_t>(bytes) == moment_bytes(type, {1'000'000}));
    CHECK(bytes < (type == MomentType::f32 ? 8.1e6 : type == MomentType::bf16 ? 4.1e6 : 2.1e6));
  }
}

TEST_CASE("moments come back from a file exactly, and others are refused") {
  const TemporaryFolder folder;
  const std::vector<WeightSpan> spans = {{0, 9'001}, {9'001, 64}};
  for (const MomentType type : kTypes) {
    Moments moments(type, spans, {0, 9'065}), again(type, spans, {0, 9'065});
    std::vector<float> weights(9'065), gradient(weights.size());
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] = gradient_at(static_cast<std::int64_t>(i), 1);
    for (const WeightSpan& span : spans)
      moments.adamw(span, adam_step(0.01, 0.9, 0.99, 1e-8, 0, 1), gradient.data() + span.offset,
                    weights.data() + span.offset, 1);
    write_moments(folder / "optimizer.safetensors", moments);
    again.restore(SafetensorsFile(folder / "optimizer.safetensors"));
    for (const auto& [name, tensor] : moments.tensors())
      CHECK(moments.own_bytes(name) == again.own_bytes(name));
    for (const MomentType other : kTypes) {
      if (other == type) continue;
      Moments wrong(other, spans, {0, 9'065});
      CHECK_THROWS_WITH_AS(wrong.restore(SafetensorsFile(folder / "optimizer.safetensors")),
                           doctest::Contains("train.optimizer_state"), Error);
    }
    Moments shorter(type, {{0, 9'064}}, {0, 9'064});
    CHECK_THROWS_AS(shorter.restore(SafetensorsFile(folder / "optimizer.safetensors")), Error);
    again.clear();
    std::vector<float> first(9'001, 1.0f);
    again.read_first(spans[0], first.data());
    CHECK(*std::max_element(first.begin(), first.end()) == 0);
    CHECK(*std::min_element(first.begin(), first.end()) == 0);
  }
}

TEST_CASE("ranges of moments are steps, numbers and files of the whole, in pieces") {
  const TemporaryFolder folder;
  const std::vector<WeightSpan> spans = {{0, 90}, {90, 9'000}, {9'090, 64}};
  const std::vector<std::vector<WeightSpan>> parts = {
      {{0, 90}}, {{90, 5'120}}, {}, {{5'210, 3'880}, {9'090, 64}}};
  const std::vector<WeightSpan> ranges = {{0, 90}, {90, 5'120}, {5'210, 0}, {5'210, 3'944}};
  std::vector<float> gradient(9'154);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    gradient[i] = gradient_at(static_cast<std::int64_t>(i), 1);
  for (const MomentType type : kTypes) {
    CAPTURE(static_cast<int>(type));
    std::vector<float> weights(9'154), together(weights.size());
    const auto step = [&](Moments& moments, const std::vector<WeightSpan>& tensors,
                          std::vector<float>& changed, int t) {
      for (const WeightSpan& span : tensors)
        moments.adamw(span, adam_step(0.01, 0.9, 0.99, 1e-8, 0, t), gradient.data() + span.offset,
                      changed.data() + span.offset, 2);
    };
    Moments whole(type, spans, {0, 9'154});
    step(whole, spans, weights, 1);
    write_moments(folder / "optimizer.safetensors", whole);
    step(whole, spans, weights, 2);
    std::map<std::string, std::string> pieces;
    for (std::size_t r = 0; r < ranges.size(); ++r) {
      Moments first(type, spans, ranges[r]), second(type, spans, ranges[r]);
      step(first, parts[r], together, 1);
      second.restore(SafetensorsFile(folder / "optimizer.safetensors"));
      step(second, parts[r], together, 2);
      for (const auto& [name, tensor] : second.tensors()) {
        CHECK(std::ssize(second.own_bytes(name)) == whole.bytes_of(name, ranges[r]));
        pieces[name] += second.own_bytes(name);
      }
    }
    CHECK(together == weights);
    for (const auto& [name, bytes] : pieces) CHECK(bytes == whole.own_bytes(name));
  }
}

TEST_CASE("types of moments have names") {
  CHECK(moment_type_from_name("f32") == MomentType::f32);
  CHECK(moment_type_from_name("bf16") == MomentType::bf16);
  CHECK(moment_type_from_name("int8") == MomentType::int8);
  CHECK_THROWS_WITH_AS(moment_type_from_name("f16"),
                       doctest::Contains("no type of optimizer state \"f16\""), Error);
}

TEST_CASE("first moments come back as they were written, to the precision of their type") {
  const std::vector<WeightSpan> spans = {{0, 100}, {100, 5'000}};
  std::vector<float> in(5'000), out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = gradient_at(static_cast<std::int64_t>(i), 4);
  for (const MomentType type : kTypes) {
    CAPTURE(static_cast<int>(type));
    Moments moments(type, spans, {0, 5'100});
    moments.write_first(spans[1], in.data(), 3);
    moments.read_first(spans[1], out.data());
    double worst = 0;
    for (std::size_t i = 0; i < in.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(out[i]) - in[i]));
    CHECK(worst <= (type == MomentType::f32 ? 0 : type == MomentType::bf16 ? 2.3 / 128 : 2.3 / 60));
    std::vector<float> small(100, 1.0f);
    moments.read_first(spans[0], small.data());  // the other tensor was not touched
    CHECK(*std::max_element(small.begin(), small.end()) == 0);
    CHECK((moments.first_f32() != nullptr) == (type == MomentType::f32));
  }
}
