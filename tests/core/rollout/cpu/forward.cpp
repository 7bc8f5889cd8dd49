// Passes of the decoder: logits of golden models, whatever rows a pass has and whoever shares it.

#include "core/rollout/cpu/forward.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/model/folder.h"
#include "support/golden.h"
#include "support/rollout.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cpu/forward");

namespace {

// A worker for one prompt and one completion, with all that it refers to.
class Decoder {
 public:
  Decoder(const Model& model, const Kernels& kernels, std::int64_t threads, std::int64_t length)
      : model_(model),
        weights_(model.config, model.layout, kernels),
        rope_(model.config),
        team_(threads) {
    rope_.ensure(length);
    weights_.pack(model.weights.data(), team_);
    worker_.emplace(
        DecodeModel{.config = model.config, .weights = weights_, .rope = rope_, .kernels = kernels},
        DecodeCapacity{
            .prompts = 1, .prompt_length = length, .slots = 1, .length = length, .rows = length},
        team_, clock_);
  }

  // Logits after the last of `ids`: the first `shared` are a prompt, computed `at_once` per pass,
  // and the others a completion.
  std::vector<float> logits(const Ids& ids, std::int64_t shared, std::int64_t at_once) {
    std::vector<Row> rows;
    for (std::int64_t t = 0; t < std::ssize(ids); ++t) {
      const bool last = t + 1 == std::ssize(ids);
      rows.push_back({.prompt = 0,
                      .shared = shared,
                      .slot = 0,
                      .position = t,
                      .token = ids[t],
                      .wants_logits = last});
      if (!last && t < shared && std::ssize(rows) < at_once) continue;
      worker_->forward(rows);
      rows.clear();
    }
    return {worker_->logits(0), worker_->logits(0) + model_.config.vocab};
  }

 private:
  const Model& model_;
  DecodeWeights weights_;
  RopeTable rope_;
  Team team_;
  LapClock clock_;
  std::optional<DecodeWorker> worker_;
};

}  // namespace

// Numbers of an independent float64 implementation; see tests/golden/hf/README.md.
TEST_CASE("golden logits") {
  for (const fs::path& folder : golden_models()) {
    const Model model = load_model(folder);
    const Json logits = parse_json(read_file(folder / "golden" / "logits.json"), "logits.json");
    const double abs_tolerance = logits["tolerance"]["abs"],
                 rel_tolerance = logits["tolerance"]["rel"];
    for (const std::string name : kernel_names()) {
      if (kernels(name).numbers_per_word != 1) continue;
      CAPTURE(folder.string());
      CAPTURE(name);
      for (const Json& prompt : logits["prompts"]) {
        const Ids ids = prompt["ids"];
        const std::vector<double> expected = prompt["last_logits_float64"];
        Decoder decoder(model, kernels(name), 1, std::ssize(ids));
        const auto got = decoder.logits(ids, std::ssize(ids), std::ssize(ids));
        REQUIRE(got.size() == expected.size());
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i)
          worst = std::max(worst,
                           std::abs(got[i] - expected[i]) - rel_tolerance * std::abs(expected[i]));
        CHECK(worst <= abs_tolerance);
      }
    }
  }
}

TEST_CASE("logits do not depend on the rows of a pass, nor on the threads that share it") {
  const Model model = small_decoder({.width = 640});  // so wide that threads share rows, too
  Ids ids;
  for (std::int32_t t = 0; t < 70; ++t) ids.push_back(t * 5 % 61);
  for (const std::string name : kernel_names()) {
    if (name.starts_with("scalar")) continue;  // slow, and no different
    CAPTURE(name);
    Decoder decoder(model, kernels(name), 1, 70), shared(model, kernels(name), 3, 70);
    const auto expected = decoder.logits(ids, 70, 1);
    for (const std::int64_t at_once : {7, 64, 70}) {
      CHECK(decoder.logits(ids, 70, at_once) == expected);
      CHECK(shared.logits(ids, 70, at_once) == expected);
    }
  }
}

TEST_CASE("where the prompt ends and the completion begins changes nothing but rounding") {
  const Model model = small_decoder();
  Ids ids;
  for (std::int32_t t = 0; t < 40; ++t) ids.push_back(t * 7 % 61);
  Decoder decoder(model, kernels("scalar"), 1, 40);
  const auto expected = decoder.logits(ids, 40, 40);
  for (const std::int64_t shared : {1, 20, 39}) {
    const auto got = decoder.logits(ids, shared, 40);
    for (std::size_t i = 0; i < got.size(); ++i)
      CHECK(got[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  }
}

TEST_CASE("keys and values of twice as many sequences take twice the memory") {
  const ModelConfig c = small_decoder().config;
  for (const std::string name : kernel_names()) {
    const Kernels& k = kernels(name);
    CHECK(DecodeWorker::cache_floats(c, k, 2, 33) == 2 * DecodeWorker::cache_floats(c, k, 1, 33));
    CHECK(DecodeWorker::cache_floats(c, k, 1, 33) >= c.layers * c.kv_width() * 33);
    CHECK(DecodeWorker::row_floats(c, k) >= c.vocab + 2 * c.width);
  }
}
