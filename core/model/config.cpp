#include "core/model/config.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// Hugging Face's name for a head that gives one number per token.
const std::string kValueArchitecture = "ForTokenClassification";

// Reads one JSON object, with errors that name the file and the field.
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
    const bool fits = !std::is_same_v<T, std::int64_t> || value.is_number_integer();  // not 1.5
    try {
      if (fits) return value.get<T>();
    } catch (const Json::exception&) {  // reported below
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

  // Token ids of a vocabulary of `vocab` tokens, from a single id or a list.
  std::vector<std::int64_t> ids(const char* name, std::int64_t vocab) const {
    if (!has(name)) return {};
    const Json& value = json_.at(name);
    std::vector<std::int64_t> out;
    for (const Json& id : value.is_array() ? value : Json::array({value})) {
      if (!id.is_number_integer() || id < 0 || id >= vocab)
        throw Error(where_ + ": \"" + name + "\" holds " + id.dump().substr(0, 80) +
                    ", which is not a token id of a vocabulary of " + std::to_string(vocab));
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

// A family of models, and what a config.json of the family may leave out.
struct Family {
  const char* type;
  const char* name;                // in architectures
  bool optional_kv_heads = false;  // num_key_value_heads defaults to the number of heads
  std::int64_t head_dim = 0;       // default; 0 for hidden_size / num_attention_heads
  bool qkv_bias = false;
  bool qk_norm = false;
};
constexpr Family kFamilies[] = {
    {.type = "qwen2", .name = "Qwen2", .qkv_bias = true},
    {.type = "qwen3", .name = "Qwen3", .head_dim = 128, .qk_norm = true},
    {.type = "llama", .name = "Llama", .optional_kv_heads = true},
    {.type = "mistral", .name = "Mistral"}};

const Family* find_family(const std::string& type) {
  const auto found = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                  [&](const Family& family) { return type == family.type; });
  return found == std::end(kFamilies) ? nullptr : found;
}

void refuse_partial_rotation(const Fields& fields) {
  if (fields.get("partial_rotary_factor", 1.0) != 1.0) fields.refuse("a partial rotation of heads");
}

void read_rope_scaling(const Fields& rope, const std::string& type, ModelConfig& config) {
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

void read_rope(const Fields& fields, const Json& json, const std::string& where,
               ModelConfig& config) {
  const char* holder = fields.has("rope_parameters") ? "rope_parameters"
                       : fields.has("rope_scaling")  ? "rope_scaling"
                                                     : nullptr;
  if (fields.has("rope_theta")) config.rope_theta = fields.positive("rope_theta");
  refuse_partial_rotation(fields);
  if (holder == nullptr) return;
  const Fields rope(json.at(holder), where + " " + holder);
  if (rope.has("rope_theta")) config.rope_theta = rope.positive("rope_theta");
  refuse_partial_rotation(rope);
  const auto type = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  if (type == "llama3" || type == "linear") return read_rope_scaling(rope, type, config);
  if (type != "default") rope.refuse("rope type \"" + type.substr(0, 80) + "\"");
  for (const auto& [name, value] : json.at(holder).items()) {
    if (value.is_object())
      rope.refuse("a separate rope for each kind of layer (" + name.substr(0, 80) + ")");
  }
}

// Whether a sliding window limits what some layer sees; a window of the whole context does not.
// Qwen's files carry a window that use_sliding_window switches off, or that no layer below
// max_window_layers uses. Mistral's window is 4096 unless the file says null.
bool window_in_use(const Fields& fields, const Json& json, const std::string& type) {
  const bool qwen = type == "qwen2" || type == "qwen3";
  const bool given = json.contains("sliding_window");
  if (qwen) {
    if (!fields.get("use_sliding_window", false) || fields.has("layer_types")) return false;
    if (fields.get<std::int64_t>("max_window_layers", 28) >= fields.size("num_hidden_layers"))
      return false;
  }
  if (given ? !fields.has("sliding_window") : !qwen && type != "mistral") return false;
  return (given ? fields.size("sliding_window") : 4096) < fields.size("max_position_embeddings");
}

void refuse_layer_types(const Fields& fields, const Json& json) {
  if (!fields.has("layer_types")) return;
  for (const auto& kind : json.at("layer_types")) {
    if (kind != "full_attention") fields.refuse("layer type " + kind.dump().substr(0, 80));
  }
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
  if (fields.has("auto_map")) fields.refuse("a model with custom code (auto_map)");
  if (!fields.get("is_causal", true))
    fields.refuse("attention in both directions (is_causal: false)");
  refuse_layer_types(fields, json);
  if (window_in_use(fields, json, type)) fields.refuse("sliding-window attention");
}

// What the head computes from the hidden states: false for logits, true for one value per token.
bool has_value_head(const Fields& fields, const Json& json) {
  if (!fields.has("architectures")) return false;
  const auto names = fields.get<std::vector<std::string>>("architectures");
  if (names.empty() || names[0].ends_with("ForCausalLM")) return false;
  if (!names[0].ends_with(kValueArchitecture))
    fields.refuse("architecture \"" + names[0].substr(0, 80) + "\"");
  const bool one =
      fields.has("id2label") && json.at("id2label").is_object() && json.at("id2label").size() == 1;
  if (!one) fields.refuse("a token classifier with other than one label");
  return true;
}

// Attention heads. An absent field takes the family's default; null means what transformers makes
// of it.
void read_heads(const Fields& fields, const Json& json, const Family& family, ModelConfig& c) {
  c.heads = fields.size("num_attention_heads");
  const bool has_kv_heads = fields.has("num_key_value_heads");
  const bool may_lack = family.optional_kv_heads || json.contains("num_key_value_heads");
  c.kv_heads = !has_kv_heads && may_lack ? c.heads : fields.size("num_key_value_heads");
  if (c.heads % c.kv_heads != 0)
    fields.refuse(std::to_string(c.heads) + " heads over " + std::to_string(c.kv_heads) +
                  " key/value heads");
  const bool by_family = family.head_dim > 0 && !json.contains("head_dim");
  if (fields.has("head_dim")) c.head_dim = fields.size("head_dim");
  else c.head_dim = by_family ? family.head_dim : c.width / c.heads;
  if (c.head_dim % 2 != 0 || c.head_dim == 0 || c.q_width() > (std::int64_t{1} << 24))
    fields.refuse("a head size of " + std::to_string(c.head_dim));
}

// Writes the type of the weights in the field of transformers 4, of 5, or both.
void write_dtype(Dtype dtype, Json& out) {
  const bool has_new = out.contains("dtype");
  const bool has_old = out.contains("torch_dtype");
  if (has_new || (out.contains("rope_parameters") && !has_old)) out["dtype"] = torch_name(dtype);
  if (has_old || !out.contains("dtype")) out["torch_dtype"] = torch_name(dtype);
}

void write_rope_scaling(const ModelConfig& c, Json& out) {
  if (c.rope_scaling == RopeScaling::linear)
    out["rope_scaling"] = {{"rope_type", "linear"}, {"factor", c.rope_factor}};
  if (c.rope_scaling == RopeScaling::llama3) {
    out["rope_scaling"] = {{"rope_type", "llama3"},
                           {"factor", c.rope_factor},
                           {"low_freq_factor", c.rope_low_factor},
                           {"high_freq_factor", c.rope_high_factor},
                           {"original_max_position_embeddings", c.rope_original_context}};
  }
}

void write_shape(const ModelConfig& c, Json& out) {
  out["model_type"] = c.model_type;
  out["num_hidden_layers"] = c.layers;
  out["hidden_size"] = c.width;
  out["num_attention_heads"] = c.heads;
  out["num_key_value_heads"] = c.kv_heads;
  out["head_dim"] = c.head_dim;
  out["intermediate_size"] = c.mlp;
  out["vocab_size"] = c.vocab;
  out["max_position_embeddings"] = c.context;
  out["rms_norm_eps"] = c.norm_eps;
  out["tie_word_embeddings"] = c.tied;
  out["hidden_act"] = "silu";
  out["rope_theta"] = c.rope_theta;
  write_rope_scaling(c, out);
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
  read_heads(fields, json, *family, c);
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
  write_dtype(dtype, out);
  if (source.is_object()) return out;
  write_shape(*this, out);
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
  if (preset == "tiny") c = {.layers = 5, .width = 128, .heads = 4, .kv_heads = 1, .mlp = 384};
  else if (preset == "small")
    c = {.layers = 6, .width = 256, .heads = 8, .kv_heads = 2, .mlp = 768};
  else if (preset == "medium")
    c = {.layers = 10, .width = 512, .heads = 16, .kv_heads = 4, .mlp = 1536};
  else throw Error("no model preset \"" + preset + "\"", "use tiny, small or medium");
  c.head_dim = c.width / c.heads;
  c.context = 512;
  c.qk_norm = true;
  c.tied = true;
  return c;
}

}  // namespace tinyzero
