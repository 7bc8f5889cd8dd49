// model tokenize: token ids of texts and back, line by line.

#include "core/base/utf8.h"
#include "core/cli/commands.h"
#include "core/cli/json_lines.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/token_ids.h"

namespace tinyzero {
namespace {

struct ModelTokenizeOptions {
  std::string folder;
};

Json tokenized(const Tokenizer& tokenizer, const JsonLine& given) {
  Json line;
  if (given.object.contains("ids")) {
    line["ids"] = given_ids(given);
  } else {
    const auto text = required_field<std::string>(given.object, "text", given.where());
    line["ids"] = tokenizer.encode(text);
    line["ids_with_special"] = tokenizer.encode_prompt(text);
  }
  const auto ids = line["ids"].get<std::vector<std::int32_t>>();
  line["text"] = replace_invalid(tokenizer.decode(ids, Specials::skip));
  line["text_with_special"] = replace_invalid(tokenizer.decode(ids, Specials::keep));
  return line;
}

int run_model_tokenize(const GlobalOptions&, const ModelTokenizeOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(model_folder(options.folder));
  return answer_json_lines([&](const JsonLine& line) { return tokenized(tokenizer, line); });
}

}  // namespace

void add_model_tokenize(const Commands& commands) {
  commands.add<ModelTokenizeOptions>(
      "tokenize", "Token ids of texts and back: reads {\"text\"} or {\"ids\"} a line",
      run_model_tokenize, [](CLI::App& c, ModelTokenizeOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
      });
}

}  // namespace tinyzero
