// model info: shape, size, tokenizer and chat template of a model.

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/cli/commands.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/run/checkpoint.h"
#include "core/text/chat.h"
#include "core/text/tokenizer.h"

namespace tinyzero {
namespace {

struct ModelInfoOptions {
  std::string folder;
  bool json = false;
};

std::string rope_text(const ModelConfig& c) {
  const std::string theta = fmt::format("theta {}", c.rope_theta);
  if (c.rope_scaling == RopeScaling::linear)
    return fmt::format("{} · linear scaling by {}", theta, c.rope_factor);
  if (c.rope_scaling == RopeScaling::llama3)
    return fmt::format("{} · Llama 3 scaling by {} from {} tokens", theta, c.rope_factor,
                       grouped(c.rope_original_context));
  return theta;
}

Json rope_json(const ModelConfig& c) {
  Json out = {{"theta", c.rope_theta}, {"scaling", nullptr}};
  if (c.rope_scaling == RopeScaling::linear)
    out["scaling"] = {{"type", "linear"}, {"factor", c.rope_factor}};
  if (c.rope_scaling == RopeScaling::llama3) {
    out["scaling"] = {{"type", "llama3"},
                      {"factor", c.rope_factor},
                      {"low_freq_factor", c.rope_low_factor},
                      {"high_freq_factor", c.rope_high_factor},
                      {"original_context", c.rope_original_context}};
  }
  return out;
}

// Why a conversation cannot be rendered; nullopt if it can.
std::optional<std::string> refusal(const ChatTemplate& chat,
                                   const std::vector<ChatMessage>& messages) {
  try {
    chat.render(messages, local_time());
    return std::nullopt;
  } catch (const Error& e) {
    return e.what();
  }
}

// Adds what is known about a folder's chat template. `tokenizer` is null if it cannot be read.
void add_chat_info(const fs::path& folder, const Tokenizer* tokenizer, Json& info) {
  try {
    const ChatTemplate chat = ChatTemplate::of_folder(folder);
    if (const auto why = refusal(chat, {{"user", "a"}})) throw Error(*why);
    info["chat_template"] = fs::path(chat.where()).filename().string();
    const auto end = tokenizer == nullptr ? std::nullopt : chat.answer_end(*tokenizer);
    info["answer_end"] = end ? Json(tokenizer->token_text(*end)) : Json();
    const auto why = refusal(chat, {{"system", "a"}, {"user", "b"}});
    info["no_system_because"] = why ? Json(*why) : Json();
  } catch (const Error& e) {
    info["chat_template"] = nullptr;
    info["no_chat_because"] = e.what();
  }
}

// What is known about a folder's tokenizer; {"error": …} if it cannot be read.
Json tokenizer_info(const fs::path& folder) {
  Json info;
  std::optional<Tokenizer> tokenizer;
  try {
    tokenizer = Tokenizer::load(folder);
    info = {{"kind", tokenizer->kind()},
            {"tokens", tokenizer->size()},
            {"added", tokenizer->added().size()}};
    for (const char* name : {"special", "before", "behind"}) info[name] = Json::array();
    for (const AddedToken& token : tokenizer->added()) {
      if (token.special) info["special"].push_back(token.content);
    }
    for (const std::int32_t id : tokenizer->before())
      info["before"].push_back(replace_invalid(tokenizer->token_text(id)));
    for (const std::int32_t id : tokenizer->behind())
      info["behind"].push_back(replace_invalid(tokenizer->token_text(id)));
    info["contradictions"] = tokenizer->contradictions();
  } catch (const Error& e) {
    info = {{"error", e.what()}};
  }
  add_chat_info(folder, tokenizer ? &*tokenizer : nullptr, info);
  return info;
}

void print_chat(const Json& info) {
  if (!info["chat_template"].is_string()) {
    print("  no chat     {}\n", one_line(info["no_chat_because"].get<std::string>(), 400));
    return;
  }
  const Json& end = info["answer_end"];
  const std::string ends =
      end.is_string() ? " · an answer ends with " + one_line(end.get<std::string>(), 60) : "";
  print("  chat        {}{}\n", info["chat_template"].get<std::string>(), ends);
  const Json& why = info["no_system_because"];
  if (why.is_string()) print("  no system   {}\n", one_line(why.get<std::string>(), 400));
}

void print_folded(const std::string& text) {
  for (const std::string& line : folded(text, 140, 14)) print("{}\n", line);
}

void print_tokens(const Json& info) {
  const auto list = [&](const char* name) {
    std::string out;
    for (const Json& text : info[name]) out += " " + one_line(text.get<std::string>(), 60);
    return out;
  };
  print("  tokenizer   {} · {} tokens, {} of them added\n", info["kind"].get<std::string>(),
        info["tokens"].get<std::int64_t>(), info["added"].get<std::int64_t>());
  print_folded("  special    " + list("special"));
  if (!info["before"].empty() || !info["behind"].empty())
    print("  prompt     {} …{}\n", list("before"), list("behind"));
  for (const Json& words : info["contradictions"])
    print_folded("  note        " + words.get<std::string>());
}

void print_tokenizer(const Json& info) {
  if (info.contains("error"))
    print("  no tokenizer  {}\n", one_line(info["error"].get<std::string>(), 400));
  else print_tokens(info);
  print_chat(info);
}

Json info_json(const ModelFolder& folder) {
  const ModelConfig& c = folder.config();
  Json dtypes = Json::object(), files = Json::array();
  for (const auto& [dtype, numbers] : folder.dtypes()) dtypes[name_of(dtype)] = numbers;
  for (const SafetensorsFile& file : folder.files())
    files.push_back({{"name", file.path().filename().string()}, {"bytes", file.bytes()}});
  return {{"folder", folder.path().string()},
          {"model_type", c.model_type},
          {"architecture", architecture_of(c)},
          {"parameters", c.parameters()},
          {"layers", c.layers},
          {"width", c.width},
          {"heads", c.heads},
          {"kv_heads", c.kv_heads},
          {"head_dim", c.head_dim},
          {"mlp", c.mlp},
          {"vocab", c.vocab},
          {"context", c.context},
          {"tied", c.tied},
          {"qkv_bias", c.qkv_bias},
          {"qk_norm", c.qk_norm},
          {"norm_eps", c.norm_eps},
          {"rope", rope_json(c)},
          {"dtypes", dtypes},
          {"files", files},
          {"eos", c.eos},
          {"eos_from", folder.eos_source()},
          {"tokenizer", tokenizer_info(folder.path())}};
}

void print_shape(const ModelConfig& c) {
  std::string extras;
  if (c.qkv_bias) extras += " · biases on q, k and v";
  if (c.qk_norm) extras += " · norms on q and k";
  print("  family      {} · {}{}\n", c.model_type, architecture_of(c), extras);
  print("  parameters  {} · {}\n", grouped(c.parameters()),
        c.value_head ? "one value per token in place of a head"
        : c.tied     ? "the head is the embedding"
                     : "a head of its own");
  print("  shape       {} layers of {} · {} heads of {} over {} of keys and values · MLP {}\n",
        c.layers, grouped(c.width), c.heads, c.head_dim, c.kv_heads, grouped(c.mlp));
  print("  vocabulary  {}\n", grouped(c.vocab));
  print("  context     {} tokens · rope {}\n", grouped(c.context), rope_text(c));
}

void print_weights(const ModelFolder& folder) {
  std::string dtypes;
  for (const auto& [dtype, numbers] : folder.dtypes())
    dtypes += (dtypes.empty() ? "" : " and ") + name_of(dtype);
  std::size_t bytes = 0;
  for (const SafetensorsFile& file : folder.files()) bytes += file.bytes();
  const auto& files = folder.files();
  print("  weights     {} · {} in {}\n", dtypes, size_text(static_cast<double>(bytes)),
        files.size() == 1 ? files[0].path().filename().string()
                          : fmt::format("{} shards", files.size()));
}

int run_model_info(const GlobalOptions&, const ModelInfoOptions& options) {
  const ModelFolder folder(model_folder(options.folder));
  if (options.json) {
    print_json(info_json(folder));
    return 0;
  }
  const ModelConfig& c = folder.config();
  print("{}\n", folder.path().string());
  print_shape(c);
  print_weights(folder);
  print("  ends with   {}\n",
        c.eos.empty() ? "no token"
                      : fmt::format("token {} ({})", fmt::join(c.eos, ", "), folder.eos_source()));
  print_tokenizer(tokenizer_info(folder.path()));
  return 0;
}

}  // namespace

void add_model_info(const Commands& commands) {
  commands.add<ModelInfoOptions>("info", "Shape and size of a model", run_model_info,
                                 [](CLI::App& c, ModelInfoOptions& o) {
                                   c.add_option("folder", o.folder, kFolderHelp)->required();
                                   c.add_flag("--json", o.json, kJsonHelp);
                                 });
}

}  // namespace tinyzero
