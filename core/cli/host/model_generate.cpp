// model generate: completions of prompts.

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/cli/decode.h"
#include "core/cli/json_lines.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/token_ids.h"
#include "core/rollout/prompt_check.h"

namespace tinyzero {
namespace {

struct ModelGenerateOptions {
  std::string folder;
  std::string prompt;
  std::int64_t max_tokens = 256;
  std::int64_t seed = 1;
  std::int64_t top_k = 0;
  double temperature = 1.0;
  double top_p = 1.0;
  bool ignore_eos = false;
  DecodeOptions decode;
};

std::vector<std::int32_t> prompt_ids(const JsonLine& line, LazyTokenizer& tokenizer) {
  if (line.object.contains("ids") && line.object.contains("prompt"))
    throw Error(line.where() +
                " has both \"ids\" and \"prompt\", of which only one can be continued");
  return ids_of(line, "prompt", tokenizer);
}

struct Prompts {
  // To be continued.
  std::vector<Prompt> prompts;
  // Every line of standard input, those with faults too; empty for --prompt.
  std::vector<JsonLine> lines;
  // Exit code of the command.
  int code = 0;
};

Prompts read_prompts(const Model& model, const ModelGenerateOptions& options,
                     LazyTokenizer& tokenizer) {
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

Sampling sampling_of(const ModelGenerateOptions& options, const ModelConfig& config) {
  return {.max_tokens = options.max_tokens,
          .temperature = options.temperature,
          .eos = options.ignore_eos ? std::vector<std::int64_t>{} : config.eos,
          .seed = static_cast<std::uint64_t>(options.seed),
          .stream = RandomStream::generation,
          .top_k = options.top_k,
          .top_p = options.top_p};
}

// One line for each line of standard input, in order: its completion, or why it was refused.
void print_episodes(const Prompts& input, const std::vector<Episode>& episodes,
                    LazyTokenizer& tokenizer) {
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
}

int run_model_generate(const GlobalOptions& global, const ModelGenerateOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const fs::path folder = model_folder(options.folder);
  const Model model = load_model(folder);
  LazyTokenizer tokenizer(folder);
  const Prompts input = read_prompts(model, options, tokenizer);
  const auto engine = make_engine(model);
  print_episodes(input, engine->generate(input.prompts, sampling_of(options, model.config)),
                 tokenizer);
  return input.code;
}

}  // namespace

void add_model_generate(const Commands& commands) {
  commands.add<ModelGenerateOptions>(
      "generate", "Complete prompts: reads {\"ids\"} or {\"prompt\"} a line", run_model_generate,
      [](CLI::App& c, ModelGenerateOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
        c.add_option("--prompt", o.prompt, "one prompt, instead of standard input");
        c.add_option("--max-tokens", o.max_tokens, "longest completion")
            ->capture_default_str()
            ->check(between(1, 131072));
        c.add_option("--temperature", o.temperature, "0: greedy")
            ->capture_default_str()
            ->check(between(0.0, 10.0));
        c.add_option("--top-k", o.top_k, "draw only from the k likeliest tokens; 0: all")
            ->capture_default_str()
            ->check(between(0, 1 << 24));
        c.add_option("--top-p", o.top_p,
                     "draw only from the likeliest tokens that together have this probability")
            ->capture_default_str()
            ->check(between(0.0, 1.0));
        c.add_option("--seed", o.seed, "seed of the sampling")
            ->capture_default_str()
            ->check(whole_number());
        c.add_flag("--ignore-eos", o.ignore_eos, "continue after the end token");
        add_decode_options(c, o.decode);
      });
}

}  // namespace tinyzero
