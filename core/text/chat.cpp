#include "core/text/chat.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/lfs_pointer.h"
#include "core/text/jinja/python_text.h"
#include "core/text/special_tokens.h"
#include "core/text/tokenizer.h"

namespace tinyzero {
namespace {

constexpr std::uintmax_t kLargestFile = 16 << 20;
constexpr const char* kHint = "frame the text yourself and give it to `model generate`";
constexpr const char* kFile = "chat_template.jinja";
constexpr const char* kFolder = "additional_chat_templates";
constexpr const char* kConfig = "tokenizer_config.json";
constexpr const char* kProbe = "tinyzero";  // an answer, to see what a template writes after it

struct Source {
  std::string text;
  fs::path path;
};

[[noreturn]] void no_default(const std::string& where, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error(where + " has several chat templates, and none is named \"default\": " + list,
              std::string("copy the right one to ") + kFile);
}

// The template in tokenizer_config.json: a text, or the default of a list of {"name", "template"}
// or of an object of texts by name. Nothing if there is none.
std::optional<std::string> template_of(const Json& found, const std::string& where) {
  if (found.is_null()) return std::nullopt;
  if (found.is_string()) return found.get<std::string>();
  if (!found.is_structured())
    throw Error(where + ": \"chat_template\" is neither a text nor a list of texts");
  std::vector<std::string> names;
  for (const auto& [key, entry] : found.items()) {
    const bool in_list = found.is_array() && entry.is_object();
    const Json name = in_list ? entry.value("name", Json()) : Json(key);
    const Json text = in_list ? entry.value("template", Json()) : entry;
    if (found.is_array() != in_list || !name.is_string() || !text.is_string())
      throw Error(where + ": a chat template without a name and a text");
    if (name == "default") return text.get<std::string>();
    names.push_back(name.get<std::string>());
  }
  no_default(where, names);
}

// The names of the templates in the folder of additional templates.
std::vector<std::string> additional_names(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jinja") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Source find_source(const fs::path& folder) {
  if (fs::exists(folder / kFile)) return {read_file(folder / kFile, kLargestFile), folder / kFile};
  const std::vector<std::string> names = additional_names(folder / kFolder);
  const fs::path named = folder / kFolder / "default.jinja";
  if (fs::exists(named)) return {read_file(named, kLargestFile), named};
  if (!names.empty()) no_default((folder / kFolder).string(), names);
  const fs::path path = folder / kConfig;
  if (fs::exists(path)) {
    const Json config = parse_json(read_file(path, kLargestFile), path.string());
    if (!config.is_object()) throw Error(path.string() + " is not a JSON object");
    const auto text = template_of(config.value("chat_template", Json()), path.string());
    if (text) return {*text, path};
  }
  throw Error(folder.string() + " has no chat template: it is not a model for conversations",
              kHint);
}

jinja::Template parsed(const std::string& source, const std::string& where) {
  refuse_lfs_pointer(source, where);
  try {
    return jinja::Template(source);
  } catch (const Error& e) {
    throw Error(where + ": " + e.what(), kHint);
  }
}

}  // namespace

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  localtime_r(&now, &out);
  return out;
}

ChatTemplate ChatTemplate::of_folder(const fs::path& folder) {
  const Source source = find_source(folder);
  return ChatTemplate(source.text, special_token_variables(folder), source.path.string());
}

ChatTemplate::ChatTemplate(const std::string& source, jinja::Context context, std::string where)
    : template_(parsed(source, where)), context_(std::move(context)), where_(std::move(where)) {
  context_.variables["add_generation_prompt"] = jinja::Value::boolean(true);
  context_.variables["tools"] = jinja::Value::none();
  context_.variables["documents"] = jinja::Value::none();
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages,
                                 const std::tm& now) const {
  jinja::Items items;
  jinja::Budget budget;
  for (const ChatMessage& message : messages) {
    items.push_back(
        jinja::Value::dict({{jinja::Value::text("role"), jinja::Value::text(message.role)},
                            {jinja::Value::text("content"), jinja::Value::text(message.content)}},
                           budget));
  }
  jinja::Context context = context_;
  context.variables["messages"] = jinja::Value::list(std::move(items));
  context.now = now;
  try {
    return template_.render(context);
  } catch (const Error& e) {
    throw Error(where_ + ": " + e.what(), kHint);
  }
}

std::optional<std::int32_t> ChatTemplate::answer_end(const Tokenizer& tokenizer) const {
  std::string text;
  try {
    text = render({{"user", "a"}, {"assistant", kProbe}, {"user", "b"}}, local_time());
  } catch (const Error&) {
    return std::nullopt;
  }
  const std::size_t at = text.rfind(kProbe);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view behind = jinja::strip(
      std::string_view(text).substr(at + std::string_view(kProbe).size()), jinja::Ends::left);
  const AddedToken* longest = nullptr;
  for (const AddedToken& token : tokenizer.added()) {
    if (!token.special || token.content.empty() || !behind.starts_with(token.content)) continue;
    if (longest == nullptr || token.content.size() > longest->content.size()) longest = &token;
  }
  if (longest == nullptr) return std::nullopt;
  return longest->id;
}

}  // namespace tinyzero
