#include "core/cli/task_state.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/task/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/task_state");

TEST_CASE("a state travels as JSON only if the same bytes come back") {
  CHECK(json_or_text("{\"a\":3}") == Json({{"a", 3}}));
  CHECK(json_or_text("[1,2]") == Json({1, 2}));
  for (const char* text : {"{\"a\": 3}", "1.0e1", "\"quoted\"", "3 7 9", ""}) {
    CAPTURE(text);
    CHECK(json_or_text(text) == Json(text));
  }
}

TEST_CASE("the state of a line is what `task draw` printed") {
  for (const char* state : {"{\"a\":3}", "{\"a\": 3}", "plain", "7"}) {
    const Json line = {{"state", json_or_text(state)}};
    CHECK(state_text(line, "line 1") == state);
  }
  CHECK_THROWS_WITH_AS(state_text(Json::object(), "line 4"), "line 4 has no \"state\"", Error);
}
