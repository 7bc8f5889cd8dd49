// Model folders: what is read, what is refused, and what is written.

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/model/parameters.h"
#include "core/model/safetensors.h"
#include "support/golden.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/model");

namespace {

Json small_config() { return parse_json(read_file(golden_folder() / "hf" / "qwen2_tied" / "config.json"), "config.json"); }

std::string refusal(const Json& json) {
  try {
    ModelConfig::from_json(json, "config.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

ModelConfig tiny_config() {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = 16;
  c.heads = 4;
  c.head_dim = 4;
  c.mlp = 24;
  c.vocab = 40;
  c.eos = {3};
  return c;
}

}  // namespace

TEST_CASE("the golden folders' shapes are understood") {
  REQUIRE_FALSE(golden_models().empty());
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const Model model = load_model(folder);
    CHECK(model.config.parameters() == model.layout.size());
    CHECK_FALSE(model.config.eos.empty());
  }
}

TEST_CASE("presets have the sizes their names say") {
  for (const auto& [name, millions] : {std::pair("tiny", 1.0), std::pair("small", 5.0), std::pair("medium", 30.0)}) {
    ModelConfig c = preset_config(name);
    c.vocab = 352;
    CHECK(static_cast<double>(c.parameters()) / 1e6 == doctest::Approx(millions).epsilon(0.12));
  }
  CHECK_THROWS_AS(preset_config("huge"), Error);
}

TEST_CASE("shapes that would be computed wrongly are refused by name") {
  Json json = small_config();
  CHECK(refusal(json).empty());
  const auto with = [&](const char* key, const Json& value) {
    Json changed = json;
    changed[key] = value;
    return refusal(changed);
  };
  CHECK(with("model_type", "gpt2").find("model type \"gpt2\"") != std::string::npos);
  CHECK(with("hidden_act", "gelu").find("activation \"gelu\"") != std::string::npos);
  CHECK(with("use_sliding_window", true).find("sliding-window") != std::string::npos);
  CHECK(with("num_experts", 8).find("mixture of experts") != std::string::npos);
  CHECK(with("quantization_config", Json::object()).find("quantised") != std::string::npos);
  CHECK(with("rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}).find("rope type \"yarn\"") != std::string::npos);
  CHECK(with("layer_types", {"full_attention", "sliding_attention"}).find("sliding_attention") != std::string::npos);
  CHECK(with("num_key_value_heads", 3).find("heads over") != std::string::npos);
  CHECK(with("hidden_size", "64").find("wrong type") != std::string::npos);
  CHECK(with("hidden_size", -1).find("which no model has") != std::string::npos);
  json.erase("vocab_size");
  CHECK(refusal(json).find("has no \"vocab_size\"") != std::string::npos);
}

TEST_CASE("a written folder reads back bit for bit") {
  const TemporaryFolder folder;
  Model model(tiny_config());
  initialize(model, 5);
  save_model(model, folder.path());
  const Model again = load_model(folder.path());
  REQUIRE(again.layout.size() == model.layout.size());
  CHECK(std::memcmp(again.weights.data(), model.weights.data(), static_cast<std::size_t>(model.weights.size()) * 4) == 0);
  CHECK(again.config.eos == model.config.eos);
  CHECK(again.config.qk_norm);
  CHECK(again.config.tied);
}

TEST_CASE("what was not understood in a config is kept") {
  Json json = small_config();
  json["something_new"] = {1, 2};
  CHECK(ModelConfig::from_json(json, "x").to_json()["something_new"] == Json({1, 2}));
}

TEST_CASE("initial weights: norms are 1, matrices small and different, equal for equal seeds") {
  Model a(tiny_config()), b(tiny_config()), c(tiny_config());
  initialize(a, 1);
  initialize(b, 1);
  initialize(c, 2);
  CHECK(std::memcmp(a.weights.data(), b.weights.data(), static_cast<std::size_t>(a.weights.size()) * 4) == 0);
  CHECK(std::memcmp(a.weights.data(), c.weights.data(), static_cast<std::size_t>(a.weights.size()) * 4) != 0);
  for (const ParameterSlot& slot : a.layout.slots()) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < slot.size; ++i) {
      sum += a.weights.data()[slot.offset + i];
      squares += std::pow(a.weights.data()[slot.offset + i], 2);
    }
    if (slot.shape.size() == 1) CHECK(sum == static_cast<double>(slot.size));
    else if (slot.name.find("embed") != std::string::npos)
      CHECK(std::sqrt(squares / static_cast<double>(slot.size)) == doctest::Approx(0.02).epsilon(0.1));
  }
}

TEST_CASE("a damaged weight file is refused with what is wrong, wherever it is cut") {
  const TemporaryFolder folder;
  Model model(tiny_config());
  save_model(model, folder.path());
  const std::string file = read_file(folder / "model.safetensors");
  for (std::size_t size = 0; size < file.size(); size += 997) {
    write_file_synced(folder / "model.safetensors", file.substr(0, size));
    CHECK_THROWS_WITH_AS(load_model(folder.path()), doctest::Contains("model.safetensors"), Error);
  }
  write_file_synced(folder / "model.safetensors", file + "x");
  CHECK_THROWS_WITH_AS(load_model(folder.path()), doctest::Contains("belong to no tensor"), Error);
}

TEST_CASE("hostile headers are refused") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& header, const std::string& data, const char* cause) {
    const std::uint64_t size = header.size();
    write_file_synced(folder / "x", std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
    CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains(cause), Error);
  };
  refused("[]", "", "not a JSON object");
  refused("{", "", "not valid JSON");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "1234", "the file is cut");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234", "its shape needs 8");
  refused(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234", "the shape");
  refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", "1234", "the shape");
  refused(R"({"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}})", "1234", "unknown type");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234", "the file is cut");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "1234", "3 offsets");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234",
          "overlap");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678", "leave a hole");
  write_file_synced(folder / "x", std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}", 10));
  CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "x"), doctest::Contains("header claims"), Error);
  CHECK_THROWS_AS(SafetensorsFile(folder / "absent"), Error);
}

TEST_CASE("half precision is read exactly") {
  const TemporaryFolder folder;
  const std::uint16_t bits[] = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x3555, 0x0000, 0x8000, 0x0400};
  const float values[] = {1.0f, -2.0f, 5.9604645e-8f, 65504.0f, 0.33325195f, 0.0f, -0.0f, 6.1035156e-5f};
  const std::string header = R"({"a":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}})";
  const std::uint64_t size = header.size();
  write_file_synced(folder / "x",
                    std::string(reinterpret_cast<const char*>(&size), 8) + header + std::string(reinterpret_cast<const char*>(bits), 16));
  const SafetensorsFile file(folder / "x");
  float out[8];
  to_float(file.tensors().at("a"), "a", out);
  CHECK(std::memcmp(out, values, sizeof out) == 0);
}
