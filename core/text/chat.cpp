#include "core/text/chat.h"

#include <algorithm>
#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

constexpr const char* kHint = "tinyzero chats in ChatML (Qwen) and Llama 3; frame the text yourself and give it to `model generate`";
constexpr std::uintmax_t kLargestFile = 16 << 20;

// With the line ends that Jinja's strings write as \n.
std::string with_line_ends(const std::string& jinja) {
  std::string out;
  for (std::size_t i = 0; i < jinja.size(); ++i) {
    const bool escaped = jinja[i] == '\\' && i + 1 < jinja.size() && jinja[i + 1] == 'n';
    out += escaped ? '\n' : jinja[i];
    i += escaped ? 1 : 0;
  }
  return out;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// What stands between `before` and `after` as one piece of literal text; empty if it is nowhere.
std::string literal_between(const std::string& text, const std::string& before, const std::string& after) {
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    const char quote = at > 0 && (text[at - 1] == '\'' || text[at - 1] == '"') ? text[at - 1] : '{';  // or outside of a string
    const std::size_t start = at + before.size(), end = text.find(after, start);
    if (end == std::string::npos) break;
    const std::string found = text.substr(start, end - start);
    if (!found.empty() && found.find(quote) == std::string::npos) return found;
  }
  return "";
}

std::string trimmed(const std::string& text) {
  const std::size_t start = text.find_first_not_of(" \t\n\v\f\r");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_last_not_of(" \t\n\v\f\r") + 1 - start);
}

std::string without_thinking(const std::string& text) {
  const std::size_t end = text.rfind("</think>");
  if (end == std::string::npos) return text;
  const std::size_t start = text.find_first_not_of('\n', end + std::string("</think>").size());
  return start == std::string::npos ? "" : text.substr(start);
}

// A token's text, which stands as such or as {"content": …}.
std::string token_text(const Json& config, const char* name) {
  if (!config.contains(name)) return "";
  const Json& token = config[name];
  if (token.is_string()) return token.get<std::string>();
  return token.is_object() && token.contains("content") && token["content"].is_string() ? token["content"].get<std::string>() : "";
}

std::string template_of_config(const Json& config) {
  if (!config.contains("chat_template")) return "";
  const Json& found = config["chat_template"];
  if (found.is_string()) return found.get<std::string>();
  if (!found.is_array()) return "";
  for (const Json& entry : found) {
    if (entry.is_object() && entry.contains("name") && entry["name"] == "default" && entry.contains("template") &&
        entry["template"].is_string())
      return entry["template"].get<std::string>();
  }
  return "";
}

}  // namespace

ChatTemplate ChatTemplate::of_folder(const std::filesystem::path& folder) {
  fs::path path = folder / "tokenizer_config.json";
  const Json config =
      fs::exists(path) ? parse_json(read_file(path, kLargestFile), path.string()) : Json::object();
  if (!config.is_object()) throw Error(path.string() + " is not a JSON object");
  std::string jinja;
  if (fs::exists(folder / "chat_template.jinja")) {
    path = folder / "chat_template.jinja";
    jinja = read_file(path, kLargestFile);
  } else {
    jinja = template_of_config(config);
  }
  if (jinja.empty()) throw Error(folder.string() + " has no chat template: it is not a model for conversations", kHint);
  return recognise(jinja, token_text(config, "bos_token"), path.string());
}

ChatTemplate ChatTemplate::recognise(const std::string& jinja, const std::string& bos, const std::string& where) {
  const std::string text = with_line_ends(jinja);
  ChatTemplate t;
  const bool chatml =
      has(text, "<|im_start|>") && has(text, "<|im_end|>") && has(text, "<|im_start|>assistant\n") && !has(text, "<|im_sep|>");
  const bool llama3 =
      has(text, "<|start_header_id|>") && has(text, "<|eot_id|>") && has(text, "<|start_header_id|>assistant<|end_header_id|>\n\n");
  if (chatml == llama3) throw Error("the chat template of " + where + " is not one that tinyzero knows", kHint);
  t.style_ = chatml ? Style::chatml : Style::llama3;
  t.bos_ = has(text, "bos_token") ? bos : "";
  static const std::regex kTrim(R"(content('\]|"\])?\s*\|\s*trim)");
  t.trims_ = std::regex_search(text, kTrim);
  if (chatml) {
    t.default_system_ = literal_between(text, "<|im_start|>system\n", "<|im_end|>");
    t.drops_thinking_ = has(text, "split('</think>')[-1]");
    t.opens_thinking_ = has(text, "<|im_start|>assistant\n<think>\n'") || has(text, "<|im_start|>assistant\n<think>\n\"");
  } else if (has(text, "Cutting Knowledge Date: ")) {
    t.knowledge_ = literal_between(text, "Cutting Knowledge Date: ", "\n");
    if (!has(text, "strftime_now")) t.date_ = literal_between(text, "date_string = \"", "\"");
    if (t.knowledge_.empty() || (t.date_.empty() && !has(text, "strftime_now")))
      throw Error("the dates in the chat template of " + where + " are not where Llama 3 has them", kHint);
  }
  return t;
}

std::string ChatTemplate::opening(const std::string& role) const {
  return style_ == Style::chatml ? "<|im_start|>" + role + "\n" : "<|start_header_id|>" + role + "<|end_header_id|>\n\n";
}

std::string ChatTemplate::message(const std::string& role, const std::string& content) const {
  std::string shown = role == "assistant" && drops_thinking_ ? without_thinking(content) : content;
  if (trims_) shown = trimmed(shown);
  return opening(role) + shown + end() + (style_ == Style::chatml ? "\n" : "");
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, const std::string& date) const {
  std::string out = bos_;
  auto next = messages.begin();
  std::string system = default_system_;
  const bool given = next != messages.end() && next->role == "system";
  if (given) system = (next++)->content;
  if (!knowledge_.empty()) {
    out += opening("system") + "Cutting Knowledge Date: " + knowledge_ + "\nToday Date: " + (date_.empty() ? date : date_) + "\n\n" +
           trimmed(system) + end();
  } else if (given || !system.empty()) {
    out += message("system", system);
  }
  for (; next != messages.end(); ++next) out += message(next->role, next->content);
  return out + opening("assistant") + (opens_thinking_ ? "<think>\n" : "");
}

}  // namespace tinyzero
