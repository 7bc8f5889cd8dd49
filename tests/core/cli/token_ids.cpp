#include "core/cli/token_ids.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/token_ids");

namespace {

JsonLine line_of(Json object) {
  JsonLine line;
  line.number = 2;
  line.object = std::move(object);
  return line;
}

}  // namespace

TEST_CASE("ids are whole numbers from 0 that fit into 32 bits") {
  CHECK(given_ids(line_of({{"ids", {0, 5, 2147483647}}})) ==
        std::vector<std::int32_t>{0, 5, 2147483647});
  CHECK_THROWS_WITH(given_ids(line_of({{"ids", 5}})),
                    "line 2 of standard input: \"ids\" is not a list of token ids");
  for (const Json& bad : {Json(-1), Json(2147483648), Json(1.0), Json("5"), Json()}) {
    CAPTURE(bad.dump());
    CHECK_THROWS_WITH_AS(given_ids(line_of({{"ids", Json::array({bad})}})),
                         doctest::Contains("which is no token id"), Error);
  }
}

TEST_CASE("ids need no tokenizer; a text does") {
  const TemporaryFolder empty;
  LazyTokenizer none(empty.path());
  CHECK(ids_of(line_of({{"ids", {1, 2}}, {"text", "a"}}), "text", none) ==
        std::vector<std::int32_t>{1, 2});
  CHECK(none.try_decode({1, 2}).is_null());
  CHECK_THROWS_AS(ids_of(line_of({{"text", "a"}}), "text", none), Error);

  LazyTokenizer tokenizer(golden_folder() / "hf/qwen2_tied");
  const auto ids = ids_of(line_of({{"text", "hello"}}), "text", tokenizer);
  CHECK(tokenizer.try_decode(ids) == "hello");
  CHECK_THROWS_WITH(ids_of(line_of({{"prompt", "a"}}), "text", tokenizer),
                    "line 2 of standard input has neither \"ids\" nor \"text\"");
}
