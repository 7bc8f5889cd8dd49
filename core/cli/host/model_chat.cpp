// model chat: a conversation with a model, on a terminal or through a pipe (one message a line).

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/base/utf8.h"
#include "core/cli/decode.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/text/chat.h"
#include "core/text/tokenizer.h"

namespace tinyzero {
namespace {

struct ModelChatOptions {
  std::string folder;
  // nullopt: no system message. An empty one is a message, too.
  std::optional<std::string> system;
  std::int64_t max_tokens = 1024;
  std::int64_t seed = 1;
  double temperature = 0.7;
  bool json = false;
  DecodeOptions decode;
};

class Conversation {
 public:
  Conversation(const Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat,
               const ModelChatOptions& options, const EngineMaker& make_engine)
      : model_(model),
        tokenizer_(tokenizer),
        chat_(chat),
        options_(options),
        engine_(make_engine(model)),
        now_(local_time()) {
    stops_ = model.config.eos;
    const std::optional<std::int32_t> end = chat.answer_end(tokenizer);
    if (end && std::find(stops_.begin(), stops_.end(), *end) == stops_.end())
      stops_.push_back(*end);
    if (options.system) messages_.push_back({"system", replace_invalid(*options.system)});
  }

  // Answers a message; `show` is called with each piece of text as it is sampled.
  Json answer(const std::string& user, const std::function<void(const std::string&)>& show) {
    messages_.push_back({"user", user});
    const Prompt prompt{tokenizer_.encode(chat_.render(messages_, now_)), 1};
    const std::int64_t left = model_.config.context - std::ssize(prompt.ids);
    if (left < 1)
      throw Failure(fmt::format("the conversation has {} tokens, and the model's context is {}",
                                prompt.ids.size(), model_.config.context),
                    "begin a new one");
    TextStream stream = tokenizer_.stream();
    std::string text;
    const auto take = [&](const std::string& more) {
      text += more;
      if (!more.empty()) show(more);
    };
    const Sampling sampling{.max_tokens = std::min(options_.max_tokens, left),
                            .temperature = options_.temperature,
                            .eos = stops_,
                            .seed = static_cast<std::uint64_t>(options_.seed),
                            .stream = RandomStream::generation,
                            .step = turn_++};
    const auto on_token = [&](std::int32_t token) {
      if (std::find(stops_.begin(), stops_.end(), token) == stops_.end()) take(stream.push(token));
    };
    const Episode episode = engine_->generate({prompt}, sampling, {.on_token = on_token}).front();
    take(stream.finish());
    messages_.push_back({"assistant", text});
    return {{"user", user},
            {"text", text},
            {"ids", episode.tokens},
            {"end", episode.end == End::eos ? "eos" : "length"},
            {"prompt_ids", prompt.ids}};
  }

 private:
  const Model& model_;
  const Tokenizer& tokenizer_;
  const ChatTemplate& chat_;
  const ModelChatOptions& options_;
  std::unique_ptr<Engine> engine_;
  std::tm now_;  // when the conversation began
  std::vector<std::int64_t> stops_;
  std::vector<ChatMessage> messages_;
  std::uint64_t turn_ = 0;
};

// Answers messages until the end of standard input, or until a person enters an empty line.
void converse(Conversation& conversation, const fs::path& folder, bool json) {
  const bool by_hand = ::isatty(STDIN_FILENO) != 0;
  if (by_hand) print(stderr, "{} · an empty line or Ctrl-D ends\n", folder.string());
  const auto show = [&](const std::string& text) {
    if (json) return;
    print("{}", text);
    flush_output();
  };
  for (std::string line;;) {
    if (by_hand) print(stderr, "> ");
    if (!std::getline(std::cin, line)) break;
    if (line.empty() && by_hand) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json answer = conversation.answer(replace_invalid(line), show);
    if (json) print_json(answer);
    else print("\n");
    if (by_hand && answer["end"] == "length")
      print(stderr, "(cut after {} tokens; --max-tokens)\n", answer["ids"].size());
    flush_output();
  }
}

int run_model_chat(const GlobalOptions& global, const ModelChatOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const fs::path folder = model_folder(options.folder);
  const ChatTemplate chat = ChatTemplate::of_folder(folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const Model model = load_model(folder);
  Conversation conversation(model, tokenizer, chat, options, make_engine);
  converse(conversation, folder, options.json);
  return 0;
}

}  // namespace

void add_model_chat(const Commands& commands) {
  commands.add<ModelChatOptions>(
      "chat", "Talk to a model on a terminal, or through a pipe, one message a line",
      run_model_chat, [](CLI::App& c, ModelChatOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
        c.add_option("--system", o.system,
                     "system message, which may be empty; default: none, and the model's template "
                     "may write one of its own");
        c.add_option("--temperature", o.temperature, "0: greedy")
            ->capture_default_str()
            ->check(between(0.0, 10.0));
        c.add_option("--max-tokens", o.max_tokens,
                     "longest answer; the model's context is a limit, too")
            ->capture_default_str()
            ->check(between(1, 131072));
        c.add_option("--seed", o.seed, "seed of the sampling")
            ->capture_default_str()
            ->check(whole_number());
        c.add_flag("--json", o.json, "print one JSON object an answer");
        add_decode_options(c, o.decode);
      });
}

}  // namespace tinyzero
