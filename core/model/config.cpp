#include "core/model/config.h"

#include <algorithm>

#include "core/base/error.h"

namespace tinyzero {
namespace {

const std::string kValueArchitecture = "ForTokenClassification";  // as Hugging Face names a head of one number a token

// Reads one object with errors that name the file and the field.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Error(where_ + " is not a JSON object");
  }

  bool has(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }

  template <class T>
  T get(const char* name) const {
    if (!has(name)) throw Error(where_ + " has no \"" + name + "\"", "is it a model's config.json?");
    try {
      return json_.at(name).get<T>();
    } catch (const Json::exception&) {
      throw Error(where_ + ": \"" + name + "\" is " + json_.at(name).dump().substr(0, 80) + ", which has the wrong type");
    }
  }
  template <class T>
  T get(const char* name, T fallback) const {
    return has(name) ? get<T>(name) : fallback;
  }

  std::int64_t size(const char* name) const {
    const auto value = get<std::int64_t>(name);
    if (value < 1 || value > (std::int64_t{1} << 24))
      throw Error(where_ + ": \"" + name + "\" is " + std::to_string(value) + ", which no model has");
    return value;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(where_ + ": " + what + " is not supported",
                "supported are dense Qwen2, Qwen3, Llama and Mistral shapes with full attention");
  }

 private:
  const Json& json_;
  std::string where_;
};

void read_rope(const Fields& fields, const Json& json, const std::string& where, ModelConfig& config) {
  const char* holder = fields.has("rope_parameters") ? "rope_parameters" : fields.has("rope_scaling") ? "rope_scaling" : nullptr;
  config.rope_theta = fields.get("rope_theta", 10000.0);
  if (holder == nullptr) return;
  const Fields rope(json.at(holder), where + " " + holder);
  config.rope_theta = rope.get("rope_theta", config.rope_theta);
  const auto type = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  if (type == "default") return;
  if (type != "llama3") rope.refuse("rope type \"" + type + "\"");
  config.rope_factor = rope.get<double>("factor");
  config.rope_low_factor = rope.get<double>("low_freq_factor");
  config.rope_high_factor = rope.get<double>("high_freq_factor");
  config.rope_original_context = rope.size("original_max_position_embeddings");
}

void refuse_unsupported(const Fields& fields, const Json& json) {
  const auto activation = fields.get<std::string>("hidden_act", "silu");
  if (activation != "silu") fields.refuse("activation \"" + activation + "\"");
  if (fields.has("quantization_config")) fields.refuse("a quantised model");
  if (fields.get("mlp_bias", false)) fields.refuse("a bias in the MLP");
  if (fields.has("num_experts") || fields.has("num_local_experts")) fields.refuse("a mixture of experts");
  if (fields.get("use_sliding_window", false)) fields.refuse("sliding-window attention");
  if (fields.has("layer_types")) {
    for (const auto& type : json.at("layer_types")) {
      if (type != "full_attention") fields.refuse("layer type " + type.dump());
    }
  }
}

}  // namespace

ModelConfig ModelConfig::from_json(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  ModelConfig c;
  c.source = json;
  c.model_type = fields.get<std::string>("model_type");
  if (c.model_type != "qwen2" && c.model_type != "qwen3" && c.model_type != "llama" && c.model_type != "mistral") {
    fields.refuse("model type \"" + c.model_type + "\"");
  }
  refuse_unsupported(fields, json);
  if (c.model_type == "mistral" && fields.has("sliding_window")) fields.refuse("sliding-window attention");
  c.layers = fields.size("num_hidden_layers");
  c.width = fields.size("hidden_size");
  c.heads = fields.size("num_attention_heads");
  c.kv_heads = fields.has("num_key_value_heads") ? fields.size("num_key_value_heads") : c.heads;
  if (c.heads % c.kv_heads != 0) fields.refuse(std::to_string(c.heads) + " heads over " + std::to_string(c.kv_heads) + " key/value heads");
  c.head_dim = fields.has("head_dim") ? fields.size("head_dim") : c.width / c.heads;
  if (c.head_dim % 2 != 0 || c.head_dim == 0) fields.refuse("a head size of " + std::to_string(c.head_dim));
  c.mlp = fields.size("intermediate_size");
  c.vocab = fields.size("vocab_size");
  c.context = fields.size("max_position_embeddings");
  c.norm_eps = fields.get("rms_norm_eps", 1e-6);
  c.tied = fields.get("tie_word_embeddings", false);
  c.qk_norm = c.model_type == "qwen3";
  c.qkv_bias = c.model_type == "qwen2";
  if (c.model_type != "qwen2" && fields.get("attention_bias", false))
    fields.refuse("attention_bias for model type \"" + c.model_type + "\"");
  read_rope(fields, json, where, c);
  if (fields.has("architectures") && json["architectures"].is_array() && !json["architectures"].empty() &&
      json["architectures"][0].is_string())
    c.value_head = json["architectures"][0].get<std::string>().ends_with(kValueArchitecture);
  if (c.value_head && (!fields.has("id2label") || json["id2label"].size() != 1))
    fields.refuse("a classifier of tokens that has not one label");
  if (fields.has("eos_token_id")) {
    if (json.at("eos_token_id").is_array()) c.eos = fields.get<std::vector<std::int64_t>>("eos_token_id");
    else c.eos = {fields.get<std::int64_t>("eos_token_id")};
  }
  return c;
}

Json ModelConfig::to_json() const {
  Json out = source.is_object() ? source : Json::object();
  static const std::pair<const char*, std::string> kFamilies[] = {
      {"qwen2", "Qwen2"}, {"qwen3", "Qwen3"}, {"llama", "Llama"}, {"mistral", "Mistral"}};
  for (const auto& [type, name] : kFamilies) {
    if (model_type == type) out["architectures"] = {name + (value_head ? kValueArchitecture : "ForCausalLM")};
  }
  if (value_head) {
    out["id2label"] = {{"0", "value"}};
    out["label2id"] = {{"value", 0}};
  }
  out["model_type"] = model_type;
  out["num_hidden_layers"] = layers;
  out["hidden_size"] = width;
  out["num_attention_heads"] = heads;
  out["num_key_value_heads"] = kv_heads;
  out["head_dim"] = head_dim;
  out["intermediate_size"] = mlp;
  out["vocab_size"] = vocab;
  out["max_position_embeddings"] = context;
  out["rms_norm_eps"] = norm_eps;
  out["tie_word_embeddings"] = tied;
  out["hidden_act"] = "silu";
  if (!out.contains("rope_parameters")) out["rope_theta"] = rope_theta;
  out.erase("dtype");
  out["torch_dtype"] = "float32";
  if (eos.size() == 1) out["eos_token_id"] = eos[0];
  else if (!eos.empty()) out["eos_token_id"] = eos;
  return out;
}

std::int64_t ModelConfig::parameters() const {
  const std::int64_t attention =
      (2 * q_width() + 2 * kv_width()) * width + (qkv_bias ? q_width() + 2 * kv_width() : 0) + (qk_norm ? 2 * head_dim : 0);
  const std::int64_t head = value_head ? width + 1 : tied ? 0 : vocab * width;
  return layers * (attention + 3 * width * mlp + 2 * width) + width + vocab * width + head;
}

ModelConfig preset_config(const std::string& preset) {
  ModelConfig c;
  c.qk_norm = true;
  c.tied = true;
  c.context = 512;
  const auto shape = [&](std::int64_t layers, std::int64_t width, std::int64_t heads, std::int64_t kv_heads, std::int64_t mlp) {
    c.layers = layers;
    c.width = width;
    c.heads = heads;
    c.kv_heads = kv_heads;
    c.head_dim = width / heads;
    c.mlp = mlp;
  };
  if (preset == "tiny") shape(5, 128, 4, 1, 384);
  else if (preset == "small") shape(6, 256, 8, 2, 768);
  else if (preset == "medium") shape(10, 512, 16, 4, 1536);
  else throw Error("no model preset \"" + preset + "\"", "use tiny, small or medium");
  return c;
}

}  // namespace tinyzero
