#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/command.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_chat");

namespace {

struct Fixture {
  TemporaryFolder folder;
  fs::path model = folder / "model";

  Fixture() {
    fs::copy(golden_folder() / "hf/qwen2_tied", model, fs::copy_options::recursive);
    fs::remove(model / "chat_template.jinja");
    write_file_synced(model / "tokenizer_config.json",
                      Json{{"chat_template",
                            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"}}
                          .dump());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a turn follows the turns before it, and blank lines are none") {
  const CommandResult r =
      run_command(add_model_chat, {"chat", model, "--json", "--max-tokens", "3", "--system", "s"},
                  "one\n\n  \ntwo\n");
  CHECK(r.code == 0);
  const std::size_t end = r.out.find('\n');
  const Json first = parse_json(r.out.substr(0, end), "first");
  const Json second = parse_json(r.out.substr(end + 1), "second");
  CHECK(first["user"] == "one");
  CHECK(second["user"] == "two");
  CHECK(second["prompt_ids"].size() > first["prompt_ids"].size() + 2);
}

TEST_CASE_FIXTURE(Fixture, "a conversation that outgrows the context is an error with both sizes") {
  CHECK_THROWS_WITH_AS(
      run_command(add_model_chat, {"chat", model}, std::string(100000, 'x') + "\n"),
      doctest::Contains("and the model's context is"), Failure);
}
