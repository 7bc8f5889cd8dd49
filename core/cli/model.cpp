// model generate · score · tokenize

#include <cstdint>
#include <limits>
#include <optional>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/base/utf8.h"
#include "core/cli/decode.h"
#include "core/cli/json_lines.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/rollout/prompt_check.h"
#include "core/text/tokenizer.h"

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

// The field "ids" of a line.
std::vector<std::int32_t> given_ids(const JsonLine& line) {
  const Json& list = line.object.at("ids");
  if (!list.is_array()) throw Error(line.where() + ": \"ids\" is not a list of token ids");
  std::vector<std::int32_t> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<std::int32_t>::max())
      throw Error(line.where() + ": \"ids\" holds " + json_line(id).substr(0, 80) +
                  ", which is no token id");
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

// Ids as they are given, or those of a text.
std::vector<std::int32_t> ids_of(const JsonLine& line, const char* text_field,
                                 LazyTokenizer& tokenizer) {
  if (line.object.contains("ids")) return given_ids(line);
  if (line.object.contains(text_field)) {
    return tokenizer.get().encode_prompt(
        required_field<std::string>(line.object, text_field, line.where()));
  }
  throw Error(line.where() + " has neither \"ids\" nor \"" + std::string(text_field) + "\"");
}

std::vector<std::int32_t> prompt_ids(const JsonLine& line, LazyTokenizer& tokenizer) {
  if (line.object.contains("ids") && line.object.contains("prompt"))
    throw Error(line.where() +
                " has both \"ids\" and \"prompt\", of which only one can be continued");
  return ids_of(line, "prompt", tokenizer);
}

// The prompts that are continued, and where each came from.
struct Prompts {
  std::vector<Prompt> prompts;
  std::vector<JsonLine>
      lines;     // one for each line of standard input, those with faults too; none for --prompt
  int code = 0;  // of the command
};

Prompts read_prompts(const Model& model, const ModelOptions& options, LazyTokenizer& tokenizer) {
  Prompts out;
  if (!options.prompt.empty()) {
    out.prompts.push_back({tokenizer.get().encode_prompt(options.prompt), 1});
    return out;
  }
  JsonLines input;
  for (std::vector<JsonLine> lines = input.next(); !lines.empty(); lines = input.next()) {
    for (JsonLine& line : lines) {
      input.attempt(line, [&](const JsonLine& good) {
        std::vector<std::int32_t> ids = prompt_ids(good, tokenizer);
        check_ids(model.config, ids, options.max_tokens);
        out.prompts.push_back({std::move(ids), 1});
      });
      out.lines.push_back(std::move(line));
    }
  }
  out.code = input.finish();
  return out;
}

}  // namespace

int model_generate_command(const GlobalOptions& global, const ModelOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  const Prompts input = read_prompts(model, options, tokenizer);
  const auto engine = make_engine(model);
  const Sampling sampling{
      .max_tokens = options.max_tokens,
      .temperature = options.temperature,
      .eos = options.ignore_eos ? std::vector<std::int64_t>{} : model.config.eos,
      .seed = static_cast<std::uint64_t>(options.seed),
      .stream = RandomStream::generation,
      .top_k = options.top_k,
      .top_p = options.top_p};
  const std::vector<Episode> episodes = engine->generate(input.prompts, sampling);
  auto line = input.lines.begin();
  const auto print_refused = [&] {
    for (; line != input.lines.end() && !line->fault.empty(); ++line) print_json(refusal(*line));
  };
  for (const Episode& episode : episodes) {
    print_refused();
    print_json({{"ids", episode.tokens},
                {"text", tokenizer.try_decode(episode.tokens)},
                {"end", episode.end == End::eos ? "eos" : "length"}});
    if (line != input.lines.end()) ++line;
  }
  print_refused();
  return input.code;
}

int model_score_command(const GlobalOptions& global, const ModelOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  const auto engine = make_engine(model);
  return answer_json_lines([&](const JsonLine& line) {
    const auto ids = ids_of(line, "text", tokenizer);
    return Json{{"ids", ids}, {"logprobs", engine->score({ids}, 1.0).front()}};
  });
}

int model_tokenize_command(const GlobalOptions&, const ModelOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(model_folder(options.folder));
  return answer_json_lines([&](const JsonLine& given) {
    const auto decoded = [&](const std::vector<std::int32_t>& ids, Specials specials) {
      return replace_invalid(tokenizer.decode(ids, specials));
    };
    Json line;
    if (given.object.contains("ids")) {
      line["ids"] = given_ids(given);
    } else {
      const auto text = required_field<std::string>(given.object, "text", given.where());
      line["ids"] = tokenizer.encode(text);
      line["ids_with_special"] = tokenizer.encode_prompt(text);
    }
    const auto ids = line["ids"].get<std::vector<std::int32_t>>();
    line["text"] = decoded(ids, Specials::skip);
    line["text_with_special"] = decoded(ids, Specials::keep);
    return line;
  });
}

}  // namespace tinyzero
