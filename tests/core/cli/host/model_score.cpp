#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_score");

TEST_CASE("a log-probability for each token but the first, of ids and of texts") {
  const CommandResult r = run_command(add_model_score, {"score", golden_folder() / "hf/qwen2_tied"},
                                      "{\"ids\":[1,2,3]}\n{\"text\":\"hello\"}\n");
  CHECK(r.code == 0);
  const std::size_t end = r.out.find('\n');
  for (const std::string& line : {r.out.substr(0, end), r.out.substr(end + 1)}) {
    const Json scored = parse_json(line, "score");
    REQUIRE_FALSE(scored["ids"].empty());
    CHECK(scored["logprobs"].size() == scored["ids"].size() - 1);
    for (const Json& logp : scored["logprobs"]) CHECK(logp <= 0);
  }
}
