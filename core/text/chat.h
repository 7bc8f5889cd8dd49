// Conversations as text: the chat templates of Qwen (ChatML) and Llama 3.
//
// A folder's own template is a program (Jinja). It is not run but recognised: by its markers, and what models of these families vary is read out of
// it (system message, dates, thinking). A template that is neither is refused.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tinyzero {

struct ChatMessage {
  std::string role;  // system (only first), user or assistant
  std::string content;
};

class ChatTemplate {
 public:
  // Of folder/chat_template.jinja, or of tokenizer_config.json's "chat_template", a text or a list with one named "default". Throws Error with a
  // hint if there is none or it is not recognised.
  static ChatTemplate of_folder(const std::filesystem::path& folder);

  // `bos`: the text of the beginning token. `where` says what the template came from.
  static ChatTemplate recognise(const std::string& jinja, const std::string& bos, const std::string& where);

  // "ChatML" or "Llama 3".
  const char* name() const { return style_ == Style::chatml ? "ChatML" : "Llama 3"; }
  // The token that ends every message.
  const char* end() const { return style_ == Style::chatml ? "<|im_end|>" : "<|eot_id|>"; }

  // The conversation up to where the assistant is to write: encode it with Tokenizer::encode, the beginning token is in it. `date` ("26 Jul 2024") is
  // for templates that tell the model today's date.
  std::string render(const std::vector<ChatMessage>& messages, const std::string& date) const;

 private:
  enum class Style { chatml, llama3 };

  std::string message(const std::string& role, const std::string& content) const;
  std::string opening(const std::string& role) const;

  Style style_ = Style::chatml;
  std::string bos_;               // put before everything; may be empty
  std::string default_system_;    // where no system message is given; empty: none
  std::string knowledge_, date_;  // Llama 3.1 and newer: until when it knows, and the date that it takes for today, empty for the real one
  bool trims_ = false;            // contents lose white space at both ends
  bool drops_thinking_ = false;   // earlier answers are shown without what stands before </think>
  bool opens_thinking_ = false;   // the answer begins inside <think>
};

}  // namespace tinyzero
