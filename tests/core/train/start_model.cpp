// The model a run begins with: new ones by their settings, others by their folder.

#include "core/train/start_model.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstring>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "support/small_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/start_model");

namespace {

const fs::path kModels = fs::path(TINYZERO_SOURCE) / "tests/golden/hf";

Model made(const std::vector<std::string>& overrides) {
  const Experiment e = small_experiment(overrides);
  return start_weights(e, start_config(e, start_tokenizer(e, ""), ""), "");
}

bool same_weights(const Model& a, const Model& b) {
  return a.weights.size() == b.weights.size() &&
         std::memcmp(a.weights.data(), b.weights.data(), a.weights.size() * sizeof(float)) == 0;
}

std::string refused(const std::vector<std::string>& overrides) {
  try {
    made(overrides);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE(
    "settings change the preset, and a vocabulary is a multiple of 32 that holds all tokens") {
  const Experiment e = small_experiment({"model.width=48"});
  const Tokenizer tokenizer = start_tokenizer(e, "");
  const ModelConfig config = start_config(e, tokenizer, "");
  CHECK(config.width == 48);
  CHECK(config.head_dim == 24);
  CHECK(config.layers == 1);
  CHECK(config.vocab % 32 == 0);
  CHECK(config.vocab >= tokenizer.size());
  CHECK(config.vocab < tokenizer.size() + 32);
  CHECK(config.eos == std::vector<std::int64_t>{tokenizer.id(kEndToken)});
}

TEST_CASE("heads that do not divide are refused where the first of the settings was written") {
  CHECK(refused({"model.heads=3", "model.kv_heads=2"}).find("must share key/value heads evenly") !=
        std::string::npos);
  CHECK(refused({"model.width=34"}).find("a head must have an even size") != std::string::npos);
}

TEST_CASE("new weights are a function of the seed") {
  CHECK(same_weights(made({}), made({})));
  CHECK_FALSE(same_weights(made({}), made({"seed=2"})));
}

TEST_CASE("weights in bf16 have 16 significant bits at most, and are near the others") {
  const Model f32 = made({});
  const Model bf16 = made({"train.weights=bf16"});
  REQUIRE(f32.weights.size() == bf16.weights.size());
  for (std::int64_t i = 0; i < f32.weights.size(); i += 7) {
    const float rounded = bf16.weights.data()[i];
    CHECK((std::bit_cast<std::uint32_t>(rounded) & 0xFFFF) == 0);
    CHECK(rounded == doctest::Approx(f32.weights.data()[i]).epsilon(1.0 / 256));
  }
}

TEST_CASE("a start that is no folder is refused, and the hint says what a folder must hold") {
  const Experiment e = small_experiment();
  CHECK_NOTHROW(check_start_folder(e, "", true));
  CHECK_NOTHROW(check_start_folder(e, kModels / "qwen2_tied", true));
  for (const bool with_weights : {true, false}) {
    try {
      check_start_folder(e, "/nowhere/at/all", with_weights);
      FAIL("nothing was thrown");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("model.path /nowhere/at/all is no folder") !=
            std::string::npos);
      CHECK((error.hint().find("config.json and tokenizer.json") != std::string::npos) ==
            !with_weights);
    }
  }
}

TEST_CASE("whether all weights of a folder are bf16 is seen without reading them") {
  const TemporaryFolder empty;
  CHECK(is_stored_in_bf16(kModels / "qwen3_bf16"));
  CHECK_FALSE(is_stored_in_bf16(kModels / "qwen2_tied"));
  CHECK_FALSE(is_stored_in_bf16(empty.path()));
}

TEST_CASE("an adapter is made for a rank above 0, and refused for one above a matrix") {
  const Experiment none = small_experiment();
  const std::string path = "model={path: " + (kModels / "qwen2_tied").string() + "}";
  const Experiment some = small_experiment({path, "warm_start.steps=0", "lora.rank=2"});
  const Experiment large = small_experiment({path, "warm_start.steps=0", "lora.rank=4000"});
  const Model model =
      start_weights(some, read_model_config(kModels / "qwen2_tied"), kModels / "qwen2_tied");
  CHECK(new_adapter(none, model) == nullptr);
  CHECK(new_adapter(some, model)->size() > 0);
  CHECK_NOTHROW(check_rank(none, model));
  CHECK_NOTHROW(check_rank(some, model));
  CHECK_THROWS_AS(check_rank(large, model), Error);
}

TEST_CASE("a run begins with its own start, or with its newest checkpoint when that is gone") {
  const TemporaryFolder folder;
  const std::string model = (kModels / "qwen2_tied").string();
  Experiment e = small_experiment();
  CHECK(start_of_run(e, folder.path()) == "");
  e.model.path = model;
  CHECK(start_of_run(e, folder.path()) == model);
  e.model.path = "/nowhere/at/all";
  CHECK(start_of_run(e, folder.path()) == "/nowhere/at/all");
  fs::create_directories(folder / "checkpoints");
  fs::copy(model, folder / "checkpoints/step-000002", fs::copy_options::recursive);
  fs::create_directories(folder / "checkpoints/step-000004");  // cannot be read
  CHECK(start_of_run(e, folder.path()) == folder / "checkpoints/step-000002");
}

TEST_CASE("the place of two settings is that of the one that was written") {
  const Experiment e = small_experiment({"model.width=48"});
  CHECK(place_of(e, "model.width", "model.heads").source == "command line");
  CHECK(place_of(e, "model.path", "model.width").source == "command line");
  CHECK(place_of(e, "model.path", "model.template").source.empty());
}
