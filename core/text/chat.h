// Conversations as text: a folder's chat template, rendered as transformers renders it.
//
// A template is a program in Jinja. It runs (jinja/template.h) in the settings of transformers;
// what it refuses, and what this program cannot render exactly, is an error with the reason.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/text/jinja/context.h"
#include "core/text/jinja/template.h"

namespace tinyzero {

class Tokenizer;

struct ChatMessage {
  std::string role;  // "system" (only first), "user" or "assistant"
  std::string content;
};

class ChatTemplate {
 public:
  // The template that transformers takes: chat_template.jinja, else the one in
  // tokenizer_config.json, either a single text or the text named "default". Throws Error with a
  // hint if there is none, if none is the default, or if it is not a template.
  static ChatTemplate of_folder(const std::filesystem::path& folder);

  // `where` names the file of `source`. The conversation overwrites variables of `context`.
  ChatTemplate(const std::string& source, jinja::Context context, std::string where);

  // The conversation up to the point where the assistant is to write, to be encoded with
  // Tokenizer::encode: the template itself writes beginning tokens. `now` is for templates that
  // tell the date.
  std::string render(const std::vector<ChatMessage>& messages, const std::tm& now) const;

  // The special token that ends an answer: the one that the template writes after an answer in the
  // middle of a conversation. Nothing if it writes none, or refuses such conversations.
  std::optional<std::int32_t> answer_end(const Tokenizer& tokenizer) const;

  // The name of its file.
  const std::string& where() const { return where_; }

 private:
  jinja::Template template_;
  jinja::Context context_;
  std::string where_;
};

// The present time in the user's time zone.
std::tm local_time();

}  // namespace tinyzero
