// model score: log-probabilities of texts, line by line.

#include "core/cli/decode.h"
#include "core/cli/json_lines.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/token_ids.h"

namespace tinyzero {
namespace {

struct ModelScoreOptions {
  std::string folder;
  DecodeOptions decode;
};

int run_model_score(const GlobalOptions& global, const ModelScoreOptions& options) {
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

}  // namespace

void add_model_score(const Commands& commands) {
  commands.add<ModelScoreOptions>(
      "score", "Log-probabilities of texts: reads {\"ids\"} or {\"text\"} a line", run_model_score,
      [](CLI::App& c, ModelScoreOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
        add_decode_options(c, o.decode);
      });
}

}  // namespace tinyzero
