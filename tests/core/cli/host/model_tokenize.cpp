#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_tokenize");

TEST_CASE("texts become ids, and ids the same text again") {
  const auto tokenize = [](const Json& line) {
    const CommandResult r = run_command(
        add_model_tokenize, {"tokenize", golden_folder() / "hf/qwen2_tied"}, line.dump() + "\n");
    CHECK(r.code == 0);
    return parse_json(r.out, "tokenize");
  };
  const Json there = tokenize({{"text", "hello, world é"}});
  CHECK(there["text"] == "hello, world é");
  CHECK(there.contains("ids_with_special"));
  const Json back = tokenize({{"ids", there["ids"]}});
  CHECK(back["text"] == "hello, world é");
  CHECK_FALSE(back.contains("ids_with_special"));
}
