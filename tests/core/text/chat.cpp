// Conversations as their folder's template writes them. Expected texts are those of
// transformers 5.24; tests/peers/chat_templates.py holds whole conversations against it.
#include "core/text/chat.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/text/special_tokens.h"
#include "core/text/tokenizer.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/chat");

namespace {

using Talk = std::vector<ChatMessage>;

const Talk kTalk = {
    {"user", " Hi "}, {"assistant", "<think>\nwell\n</think>\n\nHello"}, {"user", "Bye"}};

Talk with_system(const std::string& text) {
  Talk talk = {{"system", text}};
  talk.insert(talk.end(), kTalk.begin(), kTalk.end());
  return talk;
}

std::tm some_day() {
  std::tm day{};
  day.tm_mday = 1;
  day.tm_mon = 1;
  day.tm_year = 130;
  return day;
}

std::string rendered(const std::string& source, const Talk& talk) {
  jinja::Context tokens;
  tokens.variables["bos_token"] = jinja::Value::text("<bos>");
  tokens.variables["eos_token"] = jinja::Value::text("<eos>");
  return ChatTemplate(source, tokens, "x").render(talk, some_day());
}

// Templates like ChatML, which differ in what their markers do not show.
const std::string kMessages =
    "{% for m in messages %}"
    R"({{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %})";
const std::string kAssistant =
    R"({% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";
const std::string kHi = "<|im_start|>user\n Hi <|im_end|>\n";
const std::string kHello = "<|im_start|>assistant\n<think>\nwell\n</think>\n\nHello<|im_end|>\n";
const std::string kBye = "<|im_start|>user\nBye<|im_end|>\n";
const std::string kAnswer = "<|im_start|>assistant\n";

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  return text.replace(text.find(old), old.size(), fresh);
}

fs::path write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  write_file_synced(path, text);
  return path;
}

}  // namespace

TEST_CASE("ChatML and its variants") {
  CHECK(rendered(kMessages + kAssistant, kTalk) == kHi + kHello + kBye + kAnswer);
  CHECK(rendered(replaced(kMessages, R"(<|im_end|>\n)", "<|im_end|>") + kAssistant,
                 {{"user", "a"}}) == "<|im_start|>user\na<|im_end|><|im_start|>assistant\n");
  CHECK(rendered("{{bos_token}}" + kMessages + kAssistant, {{"user", "a"}}) ==
        "<bos><|im_start|>user\na<|im_end|>\n" + kAnswer);
  CHECK(rendered(kMessages + replaced(kAssistant, "{% endif", R"({{ '<think>\n' }}{% endif)"),
                 {{"user", "a"}})
            .ends_with(kAnswer + "<think>\n"));
  CHECK(rendered(kMessages + replaced(kAssistant, R"(assistant\n)",
                                      R"(assistant\n<think>\n\n</think>\n\n)"),
                 {{"user", "a"}})
            .ends_with(kAnswer + "<think>\n\n</think>\n\n"));
  CHECK(rendered(kMessages + replaced(kAssistant, R"(assistant\n)",
                                      R"(assistant\nLet me solve this step by step.\n<think>)"),
                 {{"user", "a"}})
            .ends_with(kAnswer + "Let me solve this step by step.\n<think>"));
  CHECK(rendered(kMessages + "<|im_start|>user\nBriefly.<|im_end|>\n" + kAssistant,
                 {{"user", "a"}}) ==
        "<|im_start|>user\na<|im_end|>\n<|im_start|>user\nBriefly.<|im_end|>\n" + kAnswer);
  CHECK(rendered(replaced(kMessages, "m['content']", "m['content'] | trim") + kAssistant,
                 {{"user", " a\u3000"}}) == "<|im_start|>user\na<|im_end|>\n" + kAnswer);
  CHECK(rendered(replaced(kMessages, "m['content']",
                          R"(m['content'].split('</think>')[-1].lstrip('\n'))") +
                     kAssistant,
                 kTalk) == kHi + "<|im_start|>assistant\nHello<|im_end|>\n" + kBye + kAnswer);
}

TEST_CASE("a system message of the template's own, of the user, an empty one, and none") {
  const std::string own =
      "{% if messages[0].role != 'system' %}"
      R"({{ "<|im_start|>system\nYou're helpful.<|im_end|>\n" }}{% endif %})" +
      kMessages;
  CHECK(rendered(own, kTalk) ==
        "<|im_start|>system\nYou're helpful.<|im_end|>\n" + kHi + kHello + kBye);
  CHECK(rendered(own, with_system("Mine")) ==
        "<|im_start|>system\nMine<|im_end|>\n" + kHi + kHello + kBye);
  CHECK(rendered(own, with_system("")) == "<|im_start|>system\n<|im_end|>\n" + kHi + kHello + kBye);
  const std::string refuses =
      "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" +
      kMessages;
  CHECK(rendered(refuses, kTalk) == kHi + kHello + kBye);
  CHECK_THROWS_WITH_AS(rendered(refuses, with_system("")),
                       "x: line 1 of the chat template: it refuses the conversation: no system",
                       Error);
}

TEST_CASE("Yi writes a system message bare, and the assistant's beginning behind each question") {
  const std::string yi =
      "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% endif %}"
      "{% for m in messages %}{% if m['role'] == 'user' %}"
      R"({{ '<|im_start|>user\n' + m['content'] + '<|im_end|>\n<|im_start|>assistant\n' }})"
      R"({% elif m['role'] == 'assistant' %}{{ m['content'] + '<|im_end|>\n' }}{% endif %})"
      "{% endfor %}";
  CHECK(rendered(yi, with_system("S")) ==
        "S" + kHi + kAnswer + "<think>\nwell\n</think>\n\nHello<|im_end|>\n" + kBye + kAnswer);
}

TEST_CASE("Llama 3, with and without dates") {
  const std::string header = R"('<|start_header_id|>' + m.role + '<|end_header_id|>\n\n')";
  const std::string llama = "{{- bos_token }}{%- for m in messages %}{{- " + header +
                            R"( + m['content'] | trim + '<|eot_id|>' }}{%- endfor %})"
                            R"({{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }})";
  CHECK(rendered(llama, {{"user", " Hi "}}) ==
        "<bos><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<"
        "|end_header_id|>\n\n");
  const std::string now =
      R"({%- set date_string = strftime_now("%d %b %Y") if strftime_now is defined)"
      R"( else "26 Jul 2024" %})";
  CHECK(rendered(now + R"({{- "Today Date: " + date_string + "\n\n" }})" + llama, {{"user", "a"}})
            .starts_with("Today Date: 01 Feb 2030\n\n<bos>"));
}

TEST_CASE("templates lie in several places of a folder, of which the first counts") {
  const TemporaryFolder folder;
  const auto source = [&] {
    return ChatTemplate::of_folder(folder.path()).render({{"user", "a"}}, some_day());
  };
  const auto configure = [&](const Json& found) {
    write(folder / "tokenizer_config.json",
          Json{{"chat_template", found}, {"bos_token", {{"content", "<b>"}}}}.dump());
  };
  const auto entry = [](const char* name, const char* text) {
    return Json{{"name", name}, {"template", text}};
  };
  CHECK_THROWS_WITH_AS(source(), doctest::Contains("has no chat template"), Error);
  configure("{{ bos_token }}1");
  CHECK(source() == "<b>1");
  configure({entry("tool_use", "no"), entry("default", "2{{ bos_token }}")});
  CHECK(source() == "2<b>");
  configure({entry("tool_use", "no"), entry("rag", "no")});
  CHECK_THROWS_WITH_AS(source(), doctest::Contains("none is named \"default\": tool_use, rag"),
                       Error);
  for (const Json& wrong :
       {Json(7), Json{1}, Json{{{"name", "default"}}}, Json{{{"name", 1}, {"template", "x"}}}}) {
    configure(wrong);
    CHECK_THROWS_AS(source(), Error);
  }
  configure("{{ bos_token }}1");
  write(folder / "additional_chat_templates/tool_use.jinja", "no");
  CHECK_THROWS_WITH_AS(source(), doctest::Contains("none is named \"default\": tool_use"), Error);
  write(folder / "chat_template.jinja", "3{{ bos_token }}\n");
  CHECK(source() == "3<b>");
}

TEST_CASE("a variable on which versions of transformers disagree is refused where it is used") {
  const TemporaryFolder folder;
  write(folder / "tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizerFast"})");
  const auto rendered_with = [&](const char* source) {
    return ChatTemplate(source, special_token_variables(folder.path()), "x")
        .render({{"user", "a"}}, some_day());
  };
  CHECK(rendered_with("a") == "a");
  CHECK_THROWS_WITH_AS(rendered_with("{{ bos_token }}"),
                       doctest::Contains("versions of transformers disagree"), Error);
}

TEST_CASE("the token that ends an answer is the one that the template writes behind one") {
  for (const fs::path& folder : golden_models()) {
    const Tokenizer tokenizer = Tokenizer::load(folder);
    const auto end = ChatTemplate::of_folder(folder).answer_end(tokenizer);
    REQUIRE(end);
    CHECK(tokenizer.token_text(*end) ==
          (folder.filename().string().starts_with("llama") ? "<|eot_id|>" : "<|im_end|>"));
    CHECK_FALSE(ChatTemplate("{% for m in messages %}{{ m.content }}\n{% endfor %}", {}, "x")
                    .answer_end(tokenizer));
    CHECK_FALSE(ChatTemplate("{{ raise_exception('no') }}", {}, "x").answer_end(tokenizer));
  }
}

TEST_CASE("errors name the file and the line") {
  CHECK_THROWS_WITH_AS(ChatTemplate("a\n{% if %}", {}, "x/y.jinja"),
                       doctest::Contains("x/y.jinja: line 2 of the chat template: expected"),
                       Error);
  CHECK_THROWS_WITH_AS(
      ChatTemplate("\n{{ none.x.y }}", {}, "x").render({{"user", "a"}}, some_day()),
      doctest::Contains("x: line 2 of the chat template: "), Error);
}

TEST_CASE("variables of the conversation overwrite those of the context") {
  jinja::Context context;
  context.variables["messages"] = jinja::Value::text("mine");
  context.variables["add_generation_prompt"] = jinja::Value::boolean(false);
  const ChatTemplate chat("{{ messages | length }}{{ add_generation_prompt }}{{ tools }}", context,
                          "x");
  CHECK(chat.render({{"user", "a"}}, some_day()) == "1TrueNone");
  CHECK(chat.where() == "x");
}

TEST_CASE("the end of an answer is the longest special token, after white space") {
  Json json = parse_json(read_file(golden_folder() / "hf/qwen2_tied/tokenizer.json"), "golden");
  const std::int64_t next = Tokenizer::parse(json.dump(), "x").size();
  for (const auto& [i, content] : {std::pair(0, "<e>"), std::pair(1, "<e><f>")})
    json["added_tokens"].push_back({{"id", next + i}, {"content", content}, {"special", true}});
  json["added_tokens"].push_back({{"id", next + 2}, {"content", "<plain>"}, {"special", false}});
  const Tokenizer tokenizer = Tokenizer::parse(json.dump(), "x");
  const auto end = [&](const std::string& behind) {
    return ChatTemplate("{% for m in messages %}{{ m.content }}" + behind + "{% endfor %}", {}, "x")
        .answer_end(tokenizer);
  };
  CHECK(end("<e>") == next);
  CHECK(end(" \n<e><f>") == next + 1);
  CHECK_FALSE(end("<plain>"));
  CHECK_FALSE(end("x<e>"));
}
