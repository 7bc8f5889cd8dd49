#include "core/text/chat.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/chat");

namespace {

const std::vector<ChatMessage> kTalk = {{"user", " Hi "}, {"assistant", "<think>\nwell\n</think>\n\nHello"}, {"user", "Bye"}};

std::string with_system(const ChatTemplate& chat, const std::string& text) {
  std::vector<ChatMessage> talk = {{"system", text}};
  talk.insert(talk.end(), kTalk.begin(), kTalk.end());
  return chat.render(talk, "01 Feb 2030");
}

ChatTemplate known(const std::string& jinja) { return ChatTemplate::recognise(jinja, "<bos>", "x"); }

// As Jinja writes them, with \n in strings; tests/peers/chat_templates.py renders the like with Jinja itself.
const std::string kChatMl =
    R"({%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endfor %}{{- '<|im_start|>assistant\n' }})";
const std::string kLlama =
    R"({{- bos_token }}{%- for m in messages %})"
    R"({{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{%- endfor %})"
    R"({{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }})";

}  // namespace

TEST_CASE("the golden folders' templates are recognised") {
  for (const fs::path& folder : golden_models()) {
    const std::string name = ChatTemplate::of_folder(folder).name();
    CHECK(name == (folder.filename().string().starts_with("llama") ? "Llama 3" : "ChatML"));
  }
}

TEST_CASE("ChatML, plain and with what Qwen's models vary") {
  CHECK(known(kChatMl).render(kTalk, "") ==
        "<|im_start|>user\n Hi "
        "<|im_end|>\n<|im_start|>assistant\n<think>\nwell\n</"
        "think>\n\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
  const ChatTemplate helpful = known(R"({{ "<|im_start|>system\nYou're helpful.<|im_end|>\n" }})" + kChatMl);
  CHECK(helpful.render(kTalk, "").starts_with("<|im_start|>system\nYou're helpful.<|im_end|>\n<|im_start|>user\n"));
  CHECK(with_system(helpful, "Mine").starts_with("<|im_start|>system\nMine<|im_end|>\n<|im_start|>user\n"));
  const ChatTemplate thinking =
      known(R"({% set content = m.content.split('</think>')[-1].lstrip('\n') %}{{ '<|im_start|>assistant\n<think>\n' }})" + kChatMl);
  CHECK(thinking.render(kTalk, "").find("assistant\nHello<|im_end|>") != std::string::npos);
  CHECK(thinking.render(kTalk, "").ends_with("<|im_start|>assistant\n<think>\n"));
  CHECK(known("{{ bos_token }}" + kChatMl).render(kTalk, "").starts_with("<bos><|im_start|>user"));
}

TEST_CASE("Llama 3, with and without dates") {
  CHECK(known(kLlama).render({{"user", " Hi "}}, "") ==
        "<bos><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
  const std::string dates = R"({{- "Cutting Knowledge Date: December 2023\n" }}{{- "Today Date: " + date_string + "\n\n" }})" + kLlama;
  const std::string system = "<bos><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: ";
  CHECK(known(R"({%- set date_string = "26 Jul 2024" %})" + dates)
            .render(kTalk, "01 Feb 2030")
            .starts_with(system + "26 Jul 2024\n\n<|eot_id|>"));
  const std::string now = R"({%- set date_string = strftime_now("%d %b %Y") %})";
  CHECK(with_system(known(now + dates), " Be brief. ").starts_with(system + "01 Feb 2030\n\nBe brief.<|eot_id|><|start_header_id|>user"));
}

TEST_CASE("templates lie in three places of a folder") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(ChatTemplate::of_folder(folder.path()), doctest::Contains("has no chat template"), Error);
  write_file_synced(folder / "tokenizer_config.json",
                    Json{{"chat_template", {{{"name", "tool_use"}, {"template", "x"}}, {{"name", "default"}, {"template", kLlama}}}},
                         {"bos_token", {{"content", "<b>"}}}}
                        .dump());
  CHECK(ChatTemplate::of_folder(folder.path()).render({}, "").starts_with("<b><|start_header_id|>assistant"));
  write_file_synced(folder / "chat_template.jinja", kChatMl);
  CHECK(std::string(ChatTemplate::of_folder(folder.path()).name()) == "ChatML");
}

TEST_CASE("other templates are refused with a hint") {
  for (const std::string& jinja : {std::string("[INST] {{ m.content }} [/INST]"),
                                   std::string("<|im_start|>user<|im_sep|><|im_end|><|im_start|>assistant\n"), kChatMl + kLlama}) {
    CHECK_THROWS_WITH_AS(known(jinja), doctest::Contains("is not one that tinyzero knows"), Error);
  }
}
