#include "core/text/special_tokens.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

constexpr const char* kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};
constexpr const char* kEndOfText = "<|endoftext|>";

using Defaults = std::map<std::string, std::string>;

Json read_object(const fs::path& path) {
  if (!fs::exists(path)) return Json::object();
  Json json = parse_json(read_file(path), path.string());
  if (!json.is_object()) throw Error(path.string() + " is not a JSON object");
  return json;
}

// The text of a token, given as a string or as {"content": …}; nothing for another value.
std::optional<std::string> token_text(const Json& token) {
  if (token.is_string()) return token.get<std::string>();
  const bool whole = token.is_object() && token.contains("content") && token["content"].is_string();
  return whole ? std::optional(token["content"].get<std::string>()) : std::nullopt;
}

std::string string_of(const Json& object, const char* name) {
  const Json found = object.value(name, Json());
  return found.is_string() ? found.get<std::string>() : "";
}

bool is_qwen(const std::string& model_type) {
  return model_type == "qwen2" || model_type == "qwen3";
}

// The defaults of transformers 4 for tokens that the folder does not name, by the class of the
// tokenizer; nothing for a class that is unknown here.
std::optional<Defaults> defaults_of_4(std::string name, const std::string& model_type) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (name.empty() && is_qwen(model_type)) name = "Qwen2Tokenizer";
  if (name.empty()) name = "LlamaTokenizer";  // for llama and mistral
  if (name == "PreTrainedTokenizer" || name == "TokenizersBackend") return Defaults{};
  if (name == "LlamaTokenizer")
    return Defaults{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}};
  if (name == "Qwen2Tokenizer")
    return Defaults{
        {"eos_token", kEndOfText}, {"unk_token", kEndOfText}, {"pad_token", kEndOfText}};
  return std::nullopt;
}

// The defaults of transformers 5, by the type of the model.
Defaults defaults_of_5(const std::string& model_type) {
  if (!is_qwen(model_type)) return {};
  return {{"eos_token", kEndOfText}, {"unk_token", kEndOfText}, {"pad_token", kEndOfText}};
}

std::string disagreement(const std::string& name) {
  return "\"" + name +
         "\" is not in tokenizer_config.json, and versions of transformers disagree about it";
}

// Sets a token that the folder does not name.
void set_default(const std::string& name, const std::optional<Defaults>& older,
                 const Defaults& newer, jinja::Context& context) {
  const auto get = [&](const Defaults& defaults) {
    const auto found = defaults.find(name);
    return found == defaults.end() ? std::nullopt : std::optional(found->second);
  };
  const auto value = get(newer);
  if (!older || get(*older) != value) context.unknown[name] = disagreement(name);
  else if (value) context.variables[name] = jinja::Value::text(*value);
}

// Sets a token that the folder names.
void set_token(const std::string& name, const Json& token, jinja::Context& context) {
  if (const auto text = token_text(token)) context.variables[name] = jinja::Value::text(*text);
  else if (!token.is_null())
    context.unknown[name] = "\"" + name + "\" is neither a text nor a token";
}

// Templates see other tokens in transformers 5, but not in transformers 4.
void set_unknown(const Json& tokens, jinja::Context& context) {
  const std::string disagree = "versions of transformers disagree about ";
  if (const Json extra = tokens.value("extra_special_tokens", Json()); extra.is_object()) {
    for (const auto& [name, value] : extra.items())
      context.unknown[name] = disagree + "\"extra_special_tokens\"";
  }
  for (const auto& [name, value] : tokens.items()) {
    const bool known = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (!known && name.ends_with("_token") && token_text(value))
      context.unknown[name] = disagree + "\"" + name + "\"";
  }
  context.unknown["additional_special_tokens"] = disagree + "\"additional_special_tokens\"";
}

}  // namespace

jinja::Context special_token_variables(const fs::path& folder) {
  const Json config = read_object(folder / "tokenizer_config.json");
  Json tokens = config;
  if (!config.contains("added_tokens_decoder"))
    tokens.update(read_object(folder / "special_tokens_map.json"));
  const std::string model_type = string_of(read_object(folder / "config.json"), "model_type");
  const auto older = defaults_of_4(string_of(config, "tokenizer_class"), model_type);
  const Defaults newer = defaults_of_5(model_type);
  jinja::Context context;
  for (const char* name : kNames) {
    if (tokens.contains(name)) set_token(name, tokens[name], context);
    else set_default(name, older, newer, context);
  }
  set_unknown(tokens, context);
  return context;
}

}  // namespace tinyzero
