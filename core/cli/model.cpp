// model generate · score · tokenize

#include <optional>

#include "core/base/error.h"
#include "core/cli/decode.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
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

}  // namespace

int model_generate_command(const GlobalOptions& global, const ModelOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
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
  const auto engine = make_engine(model);
  const Sampling sampling{options.max_tokens,
                          options.temperature,
                          options.ignore_eos ? std::vector<std::int64_t>{} : model.config.eos,
                          static_cast<std::uint64_t>(options.seed),
                          Purpose::generation,
                          0,
                          options.top_k,
                          options.top_p};
  for (const Episode& episode : engine->generate(prompts, sampling)) {
    print_line(json_line({{"ids", episode.tokens},
                          {"text", tokenizer.try_decode(episode.tokens)},
                          {"end", episode.end == End::eos ? "eos" : "length"}}));
  }
  return 0;
}

int model_score_command(const GlobalOptions& global, const ModelOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  const auto engine = make_engine(model);
  for_json_lines([&](const Json& object, const std::string& where) {
    const auto ids = ids_of(object, "text", where, tokenizer);
    print_line(json_line({{"ids", ids}, {"logprobs", engine->score({ids}, 1.0).front()}}));
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
    print_line(json_line(line));
  });
  return 0;
}

}  // namespace tinyzero
