// Optimizer state in fewer bytes, and weights in bf16: levels and steps as in bitsandbytes,
// rounding without bias, and models that learn as well.

#include "core/optimizer/moments.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/learn/update.h"
#include "core/optimizer/rounding.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/moments");

namespace {

// tests/golden/optimizer/README.md.
const Json& bitsandbytes() {
  static const Json golden = [] {
    const fs::path given = golden_folder() / "optimizer/bitsandbytes.json";
    const fs::path path =
        fs::exists(given) ? given
                          : fs::path(TINYZERO_SOURCE) / "tests/golden/optimizer/bitsandbytes.json";
    return parse_json(read_file(path), path.string());
  }();
  return golden;
}

// The level nearest to x / scale, by trying all; the unsigned code leaves 0 out.
int nearest(const DynamicCode& code, float x, float scale) {
  int best = 255;
  for (int c = code.zero() == 0 ? 1 : 0; c < 256; ++c) {
    const auto distance = [&](int k) {
      return std::abs(code.levels()[static_cast<std::size_t>(k)] - static_cast<double>(x) / scale);
    };
    if (distance(c) < distance(best)) best = c;
  }
  return best;
}

// As make.py.
float gradient_at(std::int64_t i, int step) {
  const double number = std::sin(0.37 * static_cast<double>(i) + step) + (i % 2 == 0 ? 1.2 : -1.2);
  return static_cast<float>(number * std::pow(10.0, -static_cast<double>(i % 3)));
}

AdamStep adam_step(double lr, double beta1, double beta2, double eps, double decay, int t) {
  return {static_cast<float>(beta1),
          static_cast<float>(beta2),
          static_cast<float>(eps),
          static_cast<float>(1 - lr * decay),
          static_cast<float>(lr / (1 - std::pow(beta1, t))),
          static_cast<float>(std::sqrt(1 - std::pow(beta2, t))),
          stream_key(7, {static_cast<std::uint64_t>(t)})};
}

constexpr MomentType kTypes[] = {MomentType::f32, MomentType::bf16, MomentType::int8};

Model small_model() {
  return random_model(
      {.width = 64, .kv_heads = 2, .head_dim = 16, .mlp = 128, .vocab = 96, .seed = 4});
}

// Sequences in which each token follows from the one before it: something to learn.
std::vector<Sequence> chains(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Sequence> out;
  for (int i = 0; i < 12; ++i) {
    Sequence s{{static_cast<std::int32_t>(rng.below(96))}, 1};
    for (int t = 0; t < 12; ++t) s.ids.push_back((s.ids.back() * 29 + 7) % 96);
    out.push_back(std::move(s));
  }
  return out;
}

struct Trained {
  Model model;
  double loss;
};

Trained trained(UpdateRule rule, const OptimizerOptions& options, int steps) {
  Model model = small_model();
  if (options.bf16_weights) round_all_to_bf16(model.weights.data(), model.weights.size(), 1, 1);
  ModelWorkers workers(model, 1);
  Optimizer optimizer(workers.model(), options);
  double loss = 0;
  for (int step = 0; step < steps; ++step)
    loss = imitate(workers, optimizer, chains(static_cast<std::uint64_t>(step)),
                   {1, 1, 1000, 3e-3, 1.0, 1.0, rule});
  return {std::move(model), loss};
}

}  // namespace

TEST_CASE("levels and codes are those of bitsandbytes") {
  for (const bool is_signed : {true, false}) {
    const Json& golden = bitsandbytes()[is_signed ? "signed" : "unsigned"];
    const DynamicCode code(is_signed);
    for (std::size_t i = 0; i < 256; ++i)
      CHECK(code.levels()[i] == doctest::Approx(golden["levels"][i].get<double>()).epsilon(1e-6));
    CHECK(code.levels()[static_cast<std::size_t>(code.zero())] == 0);
    const std::vector<float> numbers = golden["numbers"], scales = golden["scales"],
                             back = golden["back"];
    const std::vector<int> codes = golden["codes"];
    for (std::size_t block = 0; block * kCodeBlock < numbers.size(); ++block) {
      const std::size_t begin = block * kCodeBlock,
                        n = std::min<std::size_t>(kCodeBlock, numbers.size() - begin);
      std::vector<std::uint8_t> ours(n);
      std::vector<float> read(n);
      const float scale =
          code.encode(numbers.data() + begin, static_cast<std::int64_t>(n), ours.data());
      CHECK(scale == scales[block]);
      code.decode(ours.data(), scale, static_cast<std::int64_t>(n), read.data());
      int differ = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const bool lifted =
            !is_signed && codes[begin + i] == 0;  // the one departure: not down to 0
        differ += ours[i] != (lifted ? 1 : codes[begin + i]) ? 1 : 0;
        if (!lifted) CHECK(read[i] == doctest::Approx(back[begin + i]).epsilon(1e-5));
      }
      CHECK(differ == 0);
    }
  }
}

TEST_CASE("a code is the nearest level, for numbers of every size, and a level is its own") {
  for (const bool is_signed : {true, false}) {
    const DynamicCode code(is_signed);
    Rng rng(3);
    float block[kCodeBlock];
    std::uint8_t codes[kCodeBlock];
    for (int round = 0; round < 40; ++round) {
      const double scale = std::pow(10.0, 10 - round / 2);
      for (float& x : block) {
        const double magnitude = scale * std::pow(10.0, -9.0 * rng.uniform()),
                     sign = is_signed && rng.chance(0.5) ? -1 : 1;
        x = static_cast<float>(sign * magnitude);
      }
      const float largest = code.encode(block, kCodeBlock, codes);
      for (std::size_t i = 0; i < kCodeBlock; ++i) {
        const int best = nearest(code, block[i], largest);
        const auto error = [&](int c) {
          return std::abs(code.levels()[static_cast<std::size_t>(c)] * largest - block[i]);
        };
        CHECK(error(codes[i]) <= doctest::Approx(error(best)).epsilon(1e-4));
        CHECK(error(codes[i]) <=
              0.0072 *
                  largest);  // half a step of the highest decade; of the negative end, a whole one
      }
    }
    std::copy(code.levels().begin(), code.levels().end(), block);
    CHECK(code.encode(block, kCodeBlock, codes) == 1.0f);
    for (int i = is_signed ? 0 : 1; i < kCodeBlock; ++i) CHECK(codes[i] == i);
    const float zeros[3] = {0.0f, -0.0f, 0.0f};
    CHECK(code.encode(zeros, 3, codes) == 0);
    code.decode(codes, 0, 3, block);
    CHECK(block[0] == 0);
  }
}

TEST_CASE("steps of AdamW with int8 are those of bitsandbytes") {
  const Json& golden = bitsandbytes()["adamw"];
  const std::int64_t size = golden["size"], every = golden["every"];
  const WeightSpan all{0, size};
  Moments moments(MomentType::int8, size, {all});
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
    const auto tensors = moments.tensors();
    int differ = 0;
    double worst = 0;
    for (std::int64_t i = 0; i * every < size; ++i) {
      const auto k = static_cast<std::size_t>(i);
      worst = std::max(worst, std::abs(weights[k * static_cast<std::size_t>(every)] -
                                       (*shown)["weights"][k].get<double>()));
      for (const char* name : {"first", "second"}) {
        const auto ours =
            static_cast<std::uint8_t>(tensors.at(std::string(name) + "_moment").data[i * every]);
        differ += ours != (*shown)[std::string(name) + "_codes"][k].get<int>() ? 1 : 0;
      }
    }
    CHECK(differ <= 4);   // of 770: a number in the middle between two levels, to the last place
    CHECK(worst < 1e-4);  // of steps of 3e-3
    for (const char* name : {"first", "second"}) {
      const auto* scales =
          reinterpret_cast<const float*>(tensors.at(std::string(name) + "_moment_scale").data);
      const std::vector<float> expected = (*shown)[std::string(name) + "_scales"];
      CHECK(tensors.at(std::string(name) + "_moment_scale").elements() ==
            static_cast<std::int64_t>(expected.size()));
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
    Moments one(type, size, spans), three(type, size, spans);
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
      CHECK(std::memcmp(tensor.data, three.tensors().at(name).data, tensor.bytes) == 0);
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
  Moments moments(MomentType::int8, 8192, {all});
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
    const Moments moments(type, 1'000'000, spans);
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
    Moments moments(type, 9'065, spans), again(type, 9'065, spans);
    std::vector<float> weights(9'065), gradient(weights.size());
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] = gradient_at(static_cast<std::int64_t>(i), 1);
    for (const WeightSpan& span : spans)
      moments.adamw(span, adam_step(0.01, 0.9, 0.99, 1e-8, 0, 1), gradient.data() + span.offset,
                    weights.data() + span.offset, 1);
    write_tensors(folder / "optimizer.safetensors", moments.tensors());
    again.restore(SafetensorsFile(folder / "optimizer.safetensors"));
    for (const auto& [name, tensor] : moments.tensors())
      CHECK(std::memcmp(tensor.data, again.tensors().at(name).data, tensor.bytes) == 0);
    for (const MomentType other : kTypes) {
      if (other == type) continue;
      Moments wrong(other, 9'065, spans);
      CHECK_THROWS_WITH_AS(wrong.restore(SafetensorsFile(folder / "optimizer.safetensors")),
                           doctest::Contains("train.optimizer_state"), Error);
    }
    Moments shorter(type, 9'064, {{0, 9'064}});
    CHECK_THROWS_AS(shorter.restore(SafetensorsFile(folder / "optimizer.safetensors")), Error);
    again.clear();
    std::vector<float> first(9'001, 1.0f);
    again.read_first(spans[0], first.data());
    CHECK(*std::max_element(first.begin(), first.end()) == 0);
    CHECK(*std::min_element(first.begin(), first.end()) == 0);
  }
}

TEST_CASE("stochastic rounding gives one of the two neighbours, and the number itself on average") {
  constexpr std::int64_t kDraws = 40'000;
  for (const float x : {1.00312f, -0.3337f, 6.1e-5f, 1.0f + 1.0f / 512, 3e-39f, -255.3f}) {
    CAPTURE(x);
    std::vector<float> all(kDraws, x);
    round_all_to_bf16(all.data(), kDraws, stream_key(5, {1}), 3);
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto low = std::bit_cast<float>(bits & 0xFFFF0000u),
               high = std::bit_cast<float>((bits & 0xFFFF0000u) + 0x10000u);
    double sum = 0;
    std::int64_t others = 0;
    for (const float y : all) {
      others += y != low && y != high ? 1 : 0;
      sum += y;
    }
    CHECK(others == 0);
    const double step = std::abs(high - low), chance = std::abs(x - low) / step;
    const double deviation = step * std::sqrt(chance * (1 - chance) / kDraws);
    CHECK(std::abs(sum / kDraws - x) < 5 * deviation + 1e-6 * step);
    CHECK(std::abs(sum / kDraws - (chance < 0.5 ? low : high)) >
          5 * deviation);  // nearest would not do
  }
}

TEST_CASE(
    "what is a number of bf16 stays, infinity and NaN are what they were, and nothing finite "
    "becomes infinite") {
  const float largest = std::numeric_limits<float>::max(),
              bf16_largest = std::bit_cast<float>(0x7F7F0000u);
  for (std::uint32_t random = 0; random < 0x10000u; random += 0xFFF) {
    for (const float x :
         {1.0f, -0.15625f, 0.0f, bf16_largest, std::numeric_limits<float>::infinity()})
      CHECK(std::bit_cast<std::uint32_t>(from_bf16(round_to_bf16(x, random))) ==
            std::bit_cast<std::uint32_t>(x));
    CHECK(from_bf16(round_to_bf16(largest, random)) == bf16_largest);
    CHECK(from_bf16(round_to_bf16(-largest, random)) == -bf16_largest);
    CHECK(std::isnan(from_bf16(round_to_bf16(std::bit_cast<float>(0x7F800001u), random))));
    CHECK(std::isnan(from_bf16(round_to_bf16(std::bit_cast<float>(0xFFFFFFFFu), random))));
  }
}

TEST_CASE("rounding depends on key and place, not on threads or pieces") {
  std::vector<float> a(50'001), b, c;
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = gradient_at(static_cast<std::int64_t>(i), 2);
  b = c = a;
  round_all_to_bf16(a.data(), 50'001, 9, 1);
  round_all_to_bf16(b.data(), 50'001, 9, 4);
  round_all_to_bf16(c.data(), 50'001, 10, 1);
  CHECK(a == b);
  CHECK(a != c);
}

TEST_CASE("a model learns about as well with every optimizer state, and with weights of bf16") {
  for (const UpdateRule rule : {UpdateRule::adamw, UpdateRule::muon}) {
    OptimizerOptions options;
    const double reference = trained(rule, options, 120).loss,
                 start = trained(rule, options, 1).loss;
    REQUIRE(reference < 0.2 * start);
    for (const MomentType type : kTypes) {
      for (const bool bf16_weights : {false, true}) {
        CAPTURE(static_cast<int>(rule));
        CAPTURE(static_cast<int>(type));
        CAPTURE(bf16_weights);
        options.state = type;
        options.bf16_weights = bf16_weights;
        const Trained result = trained(rule, options, 120);
        CHECK(result.loss < reference + 0.05 * start);
        std::vector<float> rounded(result.model.weights.data(),
                                   result.model.weights.data() + result.model.weights.size());
        round_all_to_bf16(rounded.data(), result.model.weights.size(), 3, 1);
        CHECK((std::memcmp(rounded.data(), result.model.weights.data(), rounded.size() * 4) == 0) ==
              bf16_weights);
        const Trained again = trained(rule, options, 3), once_more = trained(rule, options, 3);
        CHECK(std::memcmp(again.model.weights.data(), once_more.model.weights.data(),
                          rounded.size() * 4) == 0);
      }
    }
  }
}

// Steps of 1e-5 on weights near 1, whose neighbours in bf16 are 2^-7 and 2^-8 away: to nearest,
// nothing would ever move.
TEST_CASE("steps too small for bf16 add up") {
  Model model = small_model();
  std::fill_n(model.weights.data(), model.weights.size(), 1.0f);
  Transformer transformer(model);
  OptimizerOptions options;
  options.bf16_weights = true;
  Optimizer optimizer(transformer, options);
  for (int step = 0; step < 50; ++step) {
    at::Tensor(transformer.flat_gradient()).fill_(1.0);
    optimizer.step(UpdateRule::adamw, 1e-5, 0);
  }
  const at::Tensor weights = transformer.flat().to(at::kDouble);
  CHECK(weights.mean().item<double>() == doctest::Approx(1 - 50 * 1e-5).epsilon(1e-5));
  CHECK(weights.max().item<double>() == 1.0);
}
