#include "core/model/config.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/error.h"

namespace tinyzero {
namespace {

const std::string kValueArchitecture =
    "ForTokenClassification";  // as Hugging Face names a head of one number a token

// Reads one object with errors that name the file and the field.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Error(where_ + " is not a JSON object");
  }

  bool has(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }

  template <class T>
  T get(const char* name) const {
    if (!has(name))
      throw Error(where_ + " has no \"" + name + "\"", "is it a model's config.json?");
    const Json& value = json_.at(name);
    const auto fits = [](const Json& one) {
      return !std::is_same_v<T, std::int64_t> || one.is_number_integer();
    };  // 1.5 and true are no sizes
    try {
      if (fits(value)) return value.get<T>();
    } catch (const Json::exception&) {  // said below
    }
    throw Error(where_ + ": \"" + name + "\" is " + value.dump().substr(0, 80) +
                ", which has the wrong type");
  }
  template <class T>
  T get(const char* name, T fallback) const {
    return has(name) ? get<T>(name) : fallback;
  }

  std::int64_t size(const char* name, std::int64_t largest = std::int64_t{1} << 24) const {
    const auto value = get<std::int64_t>(name);
    if (value < 1 || value > largest)
      throw Error(where_ + ": \"" + name + "\" is " + json_.at(name).dump() +
                  ", which no model has");
    return value;
  }

  // A finite number above 0.
  double positive(const char* name) const {
    const auto value = get<double>(name);
    if (!std::isfinite(value) || value <= 0)
      throw Error(where_ + ": \"" + name + "\" is " + json_.at(name).dump() +
                  ", which no model has");
    return value;
  }

  // One id of a vocabulary of `vocab` tokens, or a list of them.
  std::vector<std::int64_t> ids(const char* name, std::int64_t vocab) const {
    if (!has(name)) return {};
    const Json& value = json_.at(name);
    std::vector<std::int64_t> out;
    for (const Json& id : value.is_array() ? value : Json::array({value})) {
      if (!id.is_number_integer() || id < 0 || id >= vocab)
        throw Error(where_ + ": \"" + name + "\" holds " + id.dump().substr(0, 80) +
                    ", which is no token id of a vocabulary of " + std::to_string(vocab));
      out.push_back(id.get<std::int64_t>());
    }
    return out;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(where_ + ": " + what + " is not supported",
                "supported are dense Qwen2, Qwen3, Llama and Mistral shapes with full attention");
  }

 private:
  const Json& json_;
  std::string where_;
};

// Name of a family in architectures, and what its members say about themselves where a config.json
// leaves it out.
struct Family {
  const char *type, *name;
  bool own_kv_heads;      // num_key_value_heads may be left out: as many as heads
  std::int64_t head_dim;  // 0: hidden_size / num_attention_heads
  bool qkv_bias, qk_norm;
};
constexpr Family kFamilies[] = {{"qwen2", "Qwen2", false, 0, true, false},
                                {"qwen3", "Qwen3", false, 128, false, true},
                                {"llama", "Llama", true, 0, false, false},
                                {"mistral", "Mistral", false, 0, false, false}};

const Family* find_family(const std::string& type) {
  const auto found = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                  [&](const Family& family) { return type == family.type; });
  return found == std::end(kFamilies) ? nullptr : found;
}

void read_rope(const Fields& fields, const Json& json, const std::string& where,
               ModelConfig& config) {
  const char* holder = fields.has("rope_parameters") ? "rope_parameters"
                       : fields.has("rope_scaling")  ? "rope_scaling"
                                                     : nullptr;
  if (fields.has("rope_theta")) config.rope_theta = fields.positive("rope_theta");
  if (fields.get("partial_rotary_factor", 1.0) != 1.0) fields.refuse("a partial rotation of heads");
  if (holder == nullptr) return;
  const Fields rope(json.at(holder), where + " " + holder);
  if (rope.has("rope_theta")) config.rope_theta = rope.positive("rope_theta");
  if (rope.get("partial_rotary_factor", 1.0) != 1.0) rope.refuse("a partial rotation of heads");
  const auto type = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  if (type == "default") {
    for (const auto& [name, value] : json.at(holder).items()) {
      if (value.is_object())
        rope.refuse("a rope of its own for each kind of layer (" + name.substr(0, 80) + ")");
    }
    return;
  }
  if (type != "llama3" && type != "linear") rope.refuse("rope type \"" + type.substr(0, 80) + "\"");
  config.rope_factor = rope.positive("factor");
  config.rope_scaling = RopeScaling::linear;
  if (type == "linear") return;
  config.rope_scaling = RopeScaling::llama3;
  config.rope_low_factor = rope.positive("low_freq_factor");
  config.rope_high_factor = rope.positive("high_freq_factor");
  if (config.rope_low_factor >= config.rope_high_factor)
    rope.refuse("a low_freq_factor that is not below high_freq_factor");
  config.rope_original_context = rope.size("original_max_position_embeddings");
}

// Whether a window that the file speaks of limits what some layer sees; a window of the whole
// context does not. Qwen carries one that use_sliding_window switches off, or that no layer below
// max_window_layers has. Mistral has one of 4096 unless the file says null.
bool window_in_use(const Fields& fields, const Json& json, const std::string& type) {
  const bool qwen = type == "qwen2" || type == "qwen3", said = json.contains("sliding_window");
  if (qwen) {
    if (!fields.get("use_sliding_window", false) || fields.has("layer_types")) return false;
    if (fields.get<std::int64_t>("max_window_layers", 28) >= fields.size("num_hidden_layers"))
      return false;
  }
  if (said ? !fields.has("sliding_window") : !qwen && type != "mistral") return false;
  return (said ? fields.size("sliding_window") : 4096) < fields.size("max_position_embeddings");
}

void refuse_unsupported(const Fields& fields, const Json& json, const std::string& type) {
  const auto activation = fields.get<std::string>("hidden_act", "silu");
  if (activation != "silu" && activation != "swish")
    fields.refuse("activation \"" + activation.substr(0, 80) + "\"");
  for (const char* name : {"quantization_config", "compression_config"}) {
    if (fields.has(name)) fields.refuse("a quantised model (" + std::string(name) + ")");
  }
  if (fields.get("mlp_bias", false)) fields.refuse("a bias in the MLP");
  if (type != "qwen2" && fields.get("attention_bias", false))
    fields.refuse("attention_bias for model type \"" + type + "\"");
  for (const char* name :
       {"num_experts", "num_local_experts", "n_routed_experts", "moe_intermediate_size"}) {
    if (fields.has(name)) fields.refuse("a mixture of experts (" + std::string(name) + ")");
  }
  if (fields.has("auto_map")) fields.refuse("a model with code of its own (auto_map)");
  if (!fields.get("is_causal", true))
    fields.refuse("attention in both directions (is_causal: false)");
  if (fields.has("layer_types")) {
    for (const auto& kind : json.at("layer_types")) {
      if (kind != "full_attention") fields.refuse("layer type " + kind.dump().substr(0, 80));
    }
  }
  if (window_in_use(fields, json, type)) fields.refuse("sliding-window attention");
}

// What stands on the hidden states: false for logits, true for one value a token.
bool has_value_head(const Fields& fields, const Json& json) {
  if (!fields.has("architectures")) return false;
  const auto names = fields.get<std::vector<std::string>>("architectures");
  if (names.empty() || names[0].ends_with("ForCausalLM")) return false;
  if (!names[0].ends_with(kValueArchitecture))
    fields.refuse("architecture \"" + names[0].substr(0, 80) + "\"");
  const bool one =
      fields.has("id2label") && json.at("id2label").is_object() && json.at("id2label").size() == 1;
  if (!one) fields.refuse("a classifier of tokens that has not one label");
  return true;
}

}  // namespace

std::string architecture_of(const ModelConfig& config) {
  return find_family(config.model_type)->name +
         (config.value_head ? kValueArchitecture : "ForCausalLM");
}

ModelConfig ModelConfig::from_json(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  ModelConfig c;
  c.source = json;
  c.model_type = fields.get<std::string>("model_type");
  const Family* family = find_family(c.model_type);
  if (family == nullptr) fields.refuse("model type \"" + c.model_type.substr(0, 80) + "\"");
  refuse_unsupported(fields, json, c.model_type);
  c.layers = fields.size("num_hidden_layers", 4096);
  c.width = fields.size("hidden_size");
  c.heads = fields.size("num_attention_heads");
  const bool as_heads = family->own_kv_heads ? !fields.has("num_key_value_heads")
                                             : json.contains("num_key_value_heads") &&
                                                   !fields.has("num_key_value_heads");
  c.kv_heads = as_heads ? c.heads : fields.size("num_key_value_heads");
  if (c.heads % c.kv_heads != 0)
    fields.refuse(std::to_string(c.heads) + " heads over " + std::to_string(c.kv_heads) +
                  " key/value heads");
  if (fields.has("head_dim")) c.head_dim = fields.size("head_dim");
  else
    c.head_dim =
        family->head_dim > 0 && !json.contains("head_dim") ? family->head_dim : c.width / c.heads;
  if (c.head_dim % 2 != 0 || c.head_dim == 0 || c.q_width() > (std::int64_t{1} << 24))
    fields.refuse("a head size of " + std::to_string(c.head_dim));
  c.mlp = fields.size("intermediate_size");
  c.vocab = fields.size("vocab_size");
  c.context = fields.size("max_position_embeddings");
  c.norm_eps = fields.has("rms_norm_eps") ? fields.positive("rms_norm_eps") : 1e-6;
  c.tied = fields.get("tie_word_embeddings", false);
  c.qk_norm = family->qk_norm;
  c.qkv_bias = family->qkv_bias;
  read_rope(fields, json, where, c);
  c.value_head = has_value_head(fields, json);
  c.eos = fields.ids("eos_token_id", c.vocab);
  return c;
}

void ModelConfig::take_generation(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  if (fields.has("eos_token_id")) eos = fields.ids("eos_token_id", vocab);
}

Json ModelConfig::to_json(Dtype dtype) const {
  Json out = source.is_object() ? source : Json::object();
  out["architectures"] = {architecture_of(*this)};
  if (value_head) {
    out["id2label"] = {{"0", "value"}};
    out["label2id"] = {{"value", 0}};
  }
  const bool new_dtype = out.contains("dtype"), old_dtype = out.contains("torch_dtype");
  if (new_dtype || (out.contains("rope_parameters") && !old_dtype))
    out["dtype"] = torch_name(dtype);  // of transformers 5
  if (old_dtype || !out.contains("dtype")) out["torch_dtype"] = torch_name(dtype);
  if (source.is_object()) return out;

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
  out["rope_theta"] = rope_theta;
  if (rope_scaling == RopeScaling::linear)
    out["rope_scaling"] = {{"rope_type", "linear"}, {"factor", rope_factor}};
  if (rope_scaling == RopeScaling::llama3) {
    out["rope_scaling"] = {{"rope_type", "llama3"},
                           {"factor", rope_factor},
                           {"low_freq_factor", rope_low_factor},
                           {"high_freq_factor", rope_high_factor},
                           {"original_max_position_embeddings", rope_original_context}};
  }
  if (eos.size() == 1) out["eos_token_id"] = eos[0];
  else if (!eos.empty()) out["eos_token_id"] = eos;
  return out;
}

std::int64_t ModelConfig::parameters() const {
  const std::int64_t attention = (2 * q_width() + 2 * kv_width()) * width +
                                 (qkv_bias ? q_width() + 2 * kv_width() : 0) +
                                 (qk_norm ? 2 * head_dim : 0);
  const std::int64_t head = value_head ? width + 1 : tied ? 0 : vocab * width;
  return layers * (attention + 3 * width * mlp + 2 * width) + width + vocab * width + head;
}

ModelConfig preset_config(const std::string& preset) {
  ModelConfig c;
  c.qk_norm = true;
  c.tied = true;
  c.context = 512;
  const auto shape = [&](std::int64_t layers, std::int64_t width, std::int64_t heads,
                         std::int64_t kv_heads, std::int64_t mlp) {
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
