// Conversations as text: a folder's chat template, rendered as transformers renders it.
//
// A template is a program in Jinja. It is run (jinja/template.h), in the settings of transformers;
// what it refuses, and what this program cannot render exactly, is an error with the reason.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/text/jinja/template.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

struct ChatMessage {
  std::string role;  // "system" (only first), "user" or "assistant"
  std::string content;
};

class ChatTemplate {
 public:
  // The template that transformers takes: chat_template.jinja, else that of tokenizer_config.json,
  // a text or several of which one is named "default". Throws Error with a hint if there is none,
  // if none is the default, or if it is no template.
  static ChatTemplate of_folder(const std::filesystem::path& folder);

  // `where` names the file that `source` comes from. Variables of `context` that the conversation
  // sets are overwritten.
  ChatTemplate(const std::string& source, jinja::Context context, std::string where);

  // The conversation up to where the assistant is to write. To be encoded with Tokenizer::encode:
  // the template writes beginning tokens itself. `now` is for templates that tell the date.
  std::string render(const std::vector<ChatMessage>& messages, const std::tm& now) const;

  // The special token that ends an answer: the one that the template writes behind an answer in a
  // conversation that goes on. Nothing if it writes none, or refuses such conversations.
  std::optional<std::int32_t> answer_end(const Tokenizer& tokenizer) const;

  // The name of its file.
  const std::string& where() const { return where_; }

 private:
  jinja::Template template_;
  jinja::Context context_;
  std::string where_;
};

// The time of this moment where the user is.
std::tm local_time();

// Variables of a folder's special tokens (bos_token …), from tokenizer_config.json and
// special_tokens_map.json. Those whose value depends on the version of transformers are unknown:
// a template that uses one is refused.
jinja::Context special_token_variables(const std::filesystem::path& folder);

}  // namespace tinyzero
