// model info · generate · score · tokenize

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "core/base/error.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/rollout/cpu/engine.h"
#include "core/text/chat.h"
#include "core/text/tokenizer.h"
#include "core/text/utf8.h"

namespace tinyzero {
namespace {

// A folder's tokenizer, read when it is first needed: ids need none.
class LazyTokenizer {
 public:
  explicit LazyTokenizer(fs::path folder) : folder_(std::move(folder)) {}
  const Tokenizer& get() {
    if (!tokenizer_) tokenizer_ = Tokenizer::load(folder_);
    return *tokenizer_;
  }
  // The text of ids, nothing if the tokenizer cannot be read.
  Json try_decode(const std::vector<std::int32_t>& ids) {
    if (!tokenizer_ && !failed_) {
      try {
        tokenizer_ = Tokenizer::load(folder_);
      } catch (const Error&) {
        failed_ = true;
      }
    }
    return tokenizer_ ? Json(replace_invalid(tokenizer_->decode(ids))) : Json();
  }

 private:
  fs::path folder_;
  std::optional<Tokenizer> tokenizer_;
  bool failed_ = false;
};

std::vector<std::int32_t> ids_of(const Json& object, const char* text_field, const std::string& where, LazyTokenizer& tokenizer) {
  if (object.contains("ids")) return required_field<std::vector<std::int32_t>>(object, "ids", where);
  if (object.contains(text_field)) return tokenizer.get().encode_prompt(required_field<std::string>(object, text_field, where));
  throw Error(where + " has neither \"ids\" nor \"" + std::string(text_field) + "\"");
}

// What there is to say about a folder's tokenizer; {"error": …} if it cannot be read.
Json tokenizer_info(const fs::path& folder) {
  Json info;
  try {
    const Tokenizer tokenizer = Tokenizer::load(folder);
    info = {{"kind", tokenizer.kind()}, {"tokens", tokenizer.size()}, {"added", tokenizer.added().size()}};
    for (const char* name : {"special", "before", "behind"}) info[name] = Json::array();
    for (const AddedToken& token : tokenizer.added()) {
      if (token.special) info["special"].push_back(token.content);
    }
    for (const std::int32_t id : tokenizer.before()) info["before"].push_back(replace_invalid(tokenizer.token_text(id)));
    for (const std::int32_t id : tokenizer.behind()) info["behind"].push_back(replace_invalid(tokenizer.token_text(id)));
  } catch (const Error& e) {
    info = {{"error", e.what()}};
  }
  try {
    info["chat_template"] = ChatTemplate::of_folder(folder).name();
  } catch (const Error& e) {
    info["chat_template"] = nullptr;
    info["no_chat_because"] = e.what();
  }
  return info;
}

void print_tokenizer(const Json& info) {
  const auto list = [&](const char* name) {
    std::string out;
    for (const Json& text : info[name]) out += " " + one_line(text.get<std::string>(), 60);
    return out;
  };
  if (info.contains("error")) {
    fmt::print("  no tokenizer: {}\n", one_line(info["error"].get<std::string>(), 400));
  } else {
    fmt::print("  tokenizer: {} · {} tokens, {} of them added\n", info["kind"].get<std::string>(), info["tokens"].get<std::int64_t>(),
               info["added"].get<std::int64_t>());
    for (const std::string& line : folded("  special:" + list("special"), 140, 4)) fmt::print("{}\n", line);
    if (!info["before"].empty() || !info["behind"].empty()) fmt::print("  around a prompt:{} …{}\n", list("before"), list("behind"));
  }
  if (info["chat_template"].is_string()) fmt::print("  chat template: {}\n", info["chat_template"].get<std::string>());
  else fmt::print("  no chat: {}\n", one_line(info["no_chat_because"].get<std::string>(), 400));
}

}  // namespace

int model_info_command(const GlobalOptions&, const ModelOptions& options) {
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  const ModelConfig& c = model.config;
  const Json tokenizer = tokenizer_info(folder);
  if (options.json) {
    std::puts(json_line({{"folder", folder.string()},
                         {"model_type", c.model_type},
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
                         {"eos", c.eos},
                         {"tokenizer", tokenizer}})
                  .c_str());
    return 0;
  }
  fmt::print("{}\n", folder.string());
  fmt::print("  {} · {} parameters · {} layers of {} · {} heads of {} over {} key/value heads · MLP {}\n", c.model_type, c.parameters(),
             c.layers, c.width, c.heads, c.head_dim, c.kv_heads, c.mlp);
  fmt::print("  vocabulary {} · context {} · embeddings {} · q/k/v bias {} · q/k norm {} · rope theta {}{}\n", c.vocab, c.context,
             c.tied ? "tied" : "untied", c.qkv_bias ? "yes" : "no", c.qk_norm ? "yes" : "no", c.rope_theta,
             c.rope_factor != 1.0 ? " (Llama 3 scaling)" : "");
  print_tokenizer(tokenizer);
  return 0;
}

int model_generate_command(const GlobalOptions&, const ModelOptions& options) {
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  std::vector<Prompt> prompts;
  if (!options.prompt.empty()) {
    prompts.push_back({tokenizer.get().encode_prompt(options.prompt), 1});
  } else {
    for_json_lines([&](const Json& object, const std::string& where) {
      prompts.push_back({ids_of(object, "prompt", where, tokenizer), 1});
    });
  }
  CpuEngine engine(model, {});
  const Sampling sampling{options.max_tokens,
                          options.temperature,
                          options.ignore_eos ? std::vector<std::int64_t>{} : model.config.eos,
                          static_cast<std::uint64_t>(options.seed),
                          Purpose::generation,
                          0,
                          options.top_k,
                          options.top_p};
  for (const Episode& episode : engine.generate(prompts, sampling)) {
    std::puts(
        json_line(
            {{"ids", episode.tokens}, {"text", tokenizer.try_decode(episode.tokens)}, {"end", episode.end == End::eos ? "eos" : "length"}})
            .c_str());
  }
  return 0;
}

int model_score_command(const GlobalOptions&, const ModelOptions& options) {
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  CpuEngine engine(model, {});
  for_json_lines([&](const Json& object, const std::string& where) {
    const auto ids = ids_of(object, "text", where, tokenizer);
    std::puts(json_line({{"ids", ids}, {"logprobs", engine.score({ids}, 1.0).front()}}).c_str());
  });
  return 0;
}

int model_tokenize_command(const GlobalOptions&, const ModelOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(model_folder(options.folder));
  for_json_lines([&](const Json& object, const std::string& where) {
    const auto decoded = [&](const std::vector<std::int32_t>& ids, Specials specials) {
      return replace_invalid(tokenizer.decode(ids, specials));
    };
    Json line;
    if (object.contains("ids")) {
      line["ids"] = required_field<std::vector<std::int32_t>>(object, "ids", where);
    } else {
      const auto text = required_field<std::string>(object, "text", where);
      line["ids"] = tokenizer.encode(text);
      line["ids_with_special"] = tokenizer.encode_prompt(text);
    }
    const auto ids = line["ids"].get<std::vector<std::int32_t>>();
    line["text"] = decoded(ids, Specials::skip);
    line["text_with_special"] = decoded(ids, Specials::keep);
    std::puts(json_line(line).c_str());
  });
  return 0;
}

}  // namespace tinyzero
