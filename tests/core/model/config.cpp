// config.json: the real ones of the models people train, in the words of transformers 4 and 5, and
// what is refused.

#include "core/model/config.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/model_folder.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/config");

namespace {

// tests/support/model_configs.json: configuration files as their authors publish them, and the
// number of parameters that the model's page names.
Json published() {
  return parse_json(read_file(fs::path(TINYZERO_SOURCE) / "tests/support/model_configs.json"),
                    "model_configs.json");
}

std::string refusal(const Json& json) {
  try {
    ModelConfig::from_json(json, "config.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

Json changed(Json json, const Json& changes) {
  json.update(changes);
  return json;
}

}  // namespace

TEST_CASE("published models have the parameters and end tokens that their pages name") {
  REQUIRE(published().size() >= 18);
  for (const Json& entry : published()) {
    CAPTURE(entry["model"].get<std::string>());
    ModelConfig c = ModelConfig::from_json(entry["config"], "config.json");
    if (entry.contains("generation_config"))
      c.take_generation(entry["generation_config"], "generation_config.json");
    CHECK(c.parameters() == entry["parameters"].get<std::int64_t>());
    CHECK(c.eos == entry["eos"].get<std::vector<std::int64_t>>());
    CHECK(c.qkv_bias == (c.model_type == "qwen2"));
    CHECK(c.qk_norm == (c.model_type == "qwen3"));
    CHECK(c.rope_theta == (c.model_type == "llama" ? 500000.0 : 1000000.0));
    CHECK((c.rope_scaling == RopeScaling::llama3) == (c.model_type == "llama"));
  }
}

TEST_CASE("transformers 5 says the same in other words") {
  for (const char* model : {"Qwen/Qwen2.5-0.5B", "Qwen/Qwen3-0.6B", "meta-llama/Llama-3.2-1B",
                            "mistralai/Mistral-7B-v0.3"}) {
    CAPTURE(model);
    const Json four = published_config(model),
               five = published_config(model + std::string(", saved by transformers 5"));
    CHECK_FALSE(five.contains("rope_theta"));
    const ModelConfig a = ModelConfig::from_json(four, "four"),
                      b = ModelConfig::from_json(five, "five");
    CHECK(a.parameters() == b.parameters());
    CHECK(a.rope_theta == b.rope_theta);
    CHECK(a.rope_factor == b.rope_factor);
    CHECK(a.rope_low_factor == b.rope_low_factor);
    CHECK(a.rope_high_factor == b.rope_high_factor);
    CHECK(a.rope_original_context == b.rope_original_context);
    CHECK(a.eos == b.eos);
  }
}

TEST_CASE("what was read is written back word for word, but for the type of the weights") {
  for (const Json& entry : published()) {
    CAPTURE(entry["model"].get<std::string>());
    Json config = changed(entry["config"], {{"something_new", {1, 2}}});
    const Json written = ModelConfig::from_json(config, "x").to_json(Dtype::f16);
    config[config.contains("dtype") ? "dtype" : "torch_dtype"] = "float16";
    CHECK(written == config);
  }
}

TEST_CASE("a new model's configuration reads back as it was, with every kind of rope") {
  for (const RopeScaling scaling : {RopeScaling::none, RopeScaling::linear, RopeScaling::llama3}) {
    ModelConfig c = preset_config("tiny");
    c.vocab = 300;
    c.eos = {7, 9};
    c.rope_theta = 12345.5;
    c.rope_scaling = scaling;
    if (scaling != RopeScaling::none) c.rope_factor = 3.0;
    if (scaling == RopeScaling::llama3) c.rope_original_context = 100;
    const ModelConfig again = ModelConfig::from_json(c.to_json(), "x");
    CHECK(again.parameters() == c.parameters());
    CHECK(again.eos == c.eos);
    CHECK(again.context == c.context);
    CHECK(again.rope_theta == c.rope_theta);
    CHECK(again.rope_scaling == scaling);
    CHECK(again.rope_factor == c.rope_factor);
    CHECK(again.rope_original_context == c.rope_original_context);
    CHECK(c.to_json(Dtype::bf16)["torch_dtype"] == "bfloat16");
  }
}

TEST_CASE("end tokens are those of generation_config.json where it names some") {
  ModelConfig c = ModelConfig::from_json(
      changed(published_config("Qwen/Qwen2.5-0.5B"), {{"eos_token_id", 5}}), "x");
  CHECK(c.eos == std::vector<std::int64_t>{5});
  c.take_generation(Json::object(), "y");
  c.take_generation({{"eos_token_id", nullptr}}, "y");
  CHECK(c.eos == std::vector<std::int64_t>{5});
  c.take_generation({{"eos_token_id", {6, 7}}}, "y");
  CHECK(c.eos == std::vector<std::int64_t>{6, 7});
  CHECK(c.to_json()["eos_token_id"] == 5);
  CHECK_THROWS_WITH_AS(c.take_generation({{"eos_token_id", {1, "x"}}}, "y.json"),
                       doctest::Contains("y.json: \"eos_token_id\""), Error);
}

TEST_CASE("an end token is one of the vocabulary") {
  const Json published = published_config("Qwen/Qwen2.5-0.5B");  // 151,936 tokens
  for (const char* id : {"-1", "151936", "4294967297", "18446744073709551615", "1.5", "true",
                         "\"2\"", "[2, 151936]", "[null]"}) {
    CAPTURE(id);
    const Json eos = {{"eos_token_id", parse_json(id, "id")}};
    CHECK(refusal(changed(published, eos)).find("\"eos_token_id\" holds ") != std::string::npos);
    ModelConfig c = ModelConfig::from_json(published, "x");
    CHECK_THROWS_WITH_AS(c.take_generation(eos, "y.json"),
                         doctest::Contains("not a token id of a vocabulary of 151936"), Error);
  }
  CHECK(ModelConfig::from_json(changed(published, {{"eos_token_id", 151935}}), "x").eos ==
        std::vector<std::int64_t>{151935});
}

TEST_CASE("what a family leaves out is what transformers takes") {
  Json qwen3 = published_config("Qwen/Qwen3-0.6B"),
       llama = published_config("meta-llama/Llama-3.1-8B"),
       mistral = published_config("mistralai/Mistral-7B-v0.3");
  qwen3.erase("head_dim");
  CHECK(ModelConfig::from_json(qwen3, "x").head_dim == 128);  // not 1024 / 16
  qwen3.erase("num_key_value_heads");
  CHECK(refusal(qwen3).find("has no \"num_key_value_heads\"") != std::string::npos);
  llama.erase("num_key_value_heads");
  CHECK(ModelConfig::from_json(llama, "x").kv_heads == 32);
  CHECK(ModelConfig::from_json(mistral, "x").head_dim == 128);
  mistral.erase("sliding_window");
  CHECK(refusal(mistral).find("sliding-window") != std::string::npos);  // 4096 of 32768
}

TEST_CASE("a sliding window is refused where it is in use, and only there") {
  const Json qwen = published_config("Qwen/Qwen2.5-0.5B"),
             mistral = published_config("mistralai/Mistral-7B-v0.3");
  const auto refused = [](const Json& json) {
    return refusal(json).find("sliding-window attention is not supported") != std::string::npos;
  };
  CHECK_FALSE(refused(changed(qwen, {{"sliding_window", 4}})));
  CHECK(refused(changed(
      qwen, {{"use_sliding_window", true}, {"max_window_layers", 20}, {"sliding_window", 4096}})));
  CHECK_FALSE(refused(changed(
      qwen, {{"use_sliding_window", true}, {"max_window_layers", 24}, {"sliding_window", 4096}})));
  CHECK_FALSE(refused(changed(
      qwen,
      {{"use_sliding_window", true}, {"max_window_layers", 20}, {"sliding_window", nullptr}})));
  CHECK(refused(changed(mistral, {{"sliding_window", 4096}})));
  CHECK_FALSE(refused(changed(mistral, {{"sliding_window", 32768}})));
  CHECK(refused(changed(published_config("meta-llama/Llama-3.1-8B"), {{"sliding_window", 4096}})));
  CHECK(refusal(changed(qwen, {{"layer_types", {"full_attention", "sliding_attention"}}}))
            .find("sliding_attention") != std::string::npos);
}

TEST_CASE("what would be computed wrongly is refused by name") {
  struct Case {
    const char* model;
    Json changes;
    const char* name;
  };
  const char *qwen = "Qwen/Qwen2.5-0.5B", *llama = "meta-llama/Llama-3.1-8B",
             *five = "Qwen/Qwen3-0.6B, saved by transformers 5";
  const Case cases[] = {
      {qwen, {{"model_type", "qwen2_moe"}}, "model type \"qwen2_moe\""},
      {qwen, {{"model_type", "gemma2"}}, "model type \"gemma2\""},
      {qwen, {{"num_experts", 8}}, "mixture of experts (num_experts)"},
      {llama, {{"num_local_experts", 8}}, "mixture of experts (num_local_experts)"},
      {qwen,
       {{"quantization_config", {{"quant_method", "awq"}}}},
       "a quantised model (quantization_config)"},
      {qwen, {{"hidden_act", "gelu"}}, "activation \"gelu\""},
      {llama, {{"attention_bias", true}}, "attention_bias"},
      {llama, {{"mlp_bias", true}}, "a bias in the MLP"},
      {qwen, {{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}}}, "rope type \"yarn\""},
      {qwen,
       {{"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}},
       "rope type \"dynamic\""},
      {llama,
       {{"rope_scaling", {{"rope_type", "longrope"}, {"factor", 2.0}}}},
       "rope type \"longrope\""},
      {five,
       {{"rope_parameters", {{"rope_type", "yarn"}, {"rope_theta", 1e6}, {"factor", 4.0}}}},
       "rope type \"yarn\""},
      {five,
       {{"rope_parameters", {{"full_attention", {{"rope_theta", 1e6}}}}}},
       "for each kind of layer"},
      {five,
       {{"rope_parameters",
         {{"rope_type", "default"}, {"rope_theta", 1e6}, {"partial_rotary_factor", 0.5}}}},
       "partial rotation"},
      {qwen, {{"partial_rotary_factor", 0.5}}, "partial rotation"},
      {qwen,
       {{"architectures", {"Qwen2ForSequenceClassification"}}},
       "architecture \"Qwen2ForSequenceClassification\""},
      {qwen, {{"architectures", {"Qwen2ForTokenClassification"}}}, "token classifier"},
      {qwen, {{"auto_map", {{"AutoModelForCausalLM", "modeling_x.Y"}}}}, "custom code"},
      {qwen, {{"is_causal", false}}, "both directions"},
      {qwen, {{"num_key_value_heads", 3}}, "14 heads over 3"},
      {qwen, {{"head_dim", 63}}, "a head size of 63"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.changes.dump());
    const std::string words = refusal(changed(published_config(c.model), c.changes));
    CHECK(words.find(c.name) != std::string::npos);
    CHECK(words.find("config.json") == 0);
  }
}

TEST_CASE("values that no model has are errors that name the field") {
  const Json qwen = published_config("Qwen/Qwen2.5-0.5B");
  const std::pair<Json, const char*> cases[] = {
      {{{"hidden_size", "64"}}, "\"hidden_size\" is \"64\", which has the wrong type"},
      {{{"hidden_size", 64.5}}, "\"hidden_size\" is 64.5, which has the wrong type"},
      {{{"hidden_size", true}}, "\"hidden_size\" is true, which has the wrong type"},
      {{{"hidden_size", -1}}, "\"hidden_size\" is -1, which no model has"},
      {{{"num_hidden_layers", 1000000}}, "\"num_hidden_layers\" is 1000000, which no model has"},
      {{{"num_attention_heads", 1 << 20}, {"num_key_value_heads", 1}, {"head_dim", 1 << 20}},
       "a head size of 1048576"},
      {{{"rms_norm_eps", 0}}, "\"rms_norm_eps\" is 0, which no model has"},
      {{{"rope_theta", -5}}, "\"rope_theta\" is -5, which no model has"},
      {{{"rope_scaling", {{"type", "linear"}, {"factor", 0}}}}, "\"factor\" is 0"},
      {{{"rope_scaling", {{"type", "linear"}}}}, "rope_scaling has no \"factor\""},
      {{{"rope_scaling", 3}}, "rope_scaling is not a JSON object"},
      {{{"tie_word_embeddings", "yes"}}, "\"tie_word_embeddings\""},
      {{{"eos_token_id", "x"}}, "\"eos_token_id\""},
      {{{"model_type", 3}}, "\"model_type\""},
      {{{"vocab_size", nullptr}}, "has no \"vocab_size\""},
  };
  for (const auto& [changes, words] : cases) {
    CAPTURE(changes.dump());
    CHECK(refusal(changed(qwen, changes)).find(words) != std::string::npos);
  }
  CHECK(refusal(Json::array()).find("is not a JSON object") != std::string::npos);
}

TEST_CASE("presets have the sizes their names say") {
  for (const auto& [name, millions] :
       {std::pair("tiny", 1.0), std::pair("small", 5.0), std::pair("medium", 30.0)}) {
    ModelConfig c = preset_config(name);
    c.vocab = 352;
    CHECK(static_cast<double>(c.parameters()) / 1e6 == doctest::Approx(millions).epsilon(0.12));
  }
  CHECK_THROWS_AS(preset_config("huge"), Error);
}

TEST_CASE("the architecture is named as Hugging Face names it, and a value head as a classifier") {
  ModelConfig c = preset_config("tiny");
  c.vocab = 300;
  CHECK(architecture_of(c) == "Qwen3ForCausalLM");
  c.value_head = true;
  CHECK(architecture_of(c) == "Qwen3ForTokenClassification");
  const Json json = c.to_json();
  CHECK(json["id2label"] == Json{{"0", "value"}});
  CHECK(ModelConfig::from_json(json, "x").value_head);
  CHECK(ModelConfig::from_json(json, "x").parameters() == c.parameters());
  c.model_type = "mistral";
  CHECK(architecture_of(c) == "MistralForTokenClassification");
}

TEST_CASE("the type of the weights is written in the field that the file has, or in both") {
  const Json published = published_config("Qwen/Qwen2.5-0.5B");
  const auto written = [&](const Json& json) {
    return ModelConfig::from_json(json, "x").to_json(Dtype::f16);
  };
  Json neither = published;
  neither.erase("torch_dtype");
  neither.erase("dtype");
  CHECK(written(neither)["torch_dtype"] == "float16");
  CHECK_FALSE(written(neither).contains("dtype"));
  const Json both = changed(neither, {{"dtype", "bfloat16"}, {"torch_dtype", "bfloat16"}});
  CHECK(written(both)["torch_dtype"] == "float16");
  CHECK(written(both)["dtype"] == "float16");
  const Json newer = changed(neither, {{"dtype", "bfloat16"}});
  CHECK(written(newer)["dtype"] == "float16");
  CHECK_FALSE(written(newer).contains("torch_dtype"));
}
