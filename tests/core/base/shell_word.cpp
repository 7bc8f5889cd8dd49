#include "core/base/shell_word.h"

#include <doctest/doctest.h>

#include "support/process.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/shell_word");

TEST_CASE("a word for a shell means itself") {
  CHECK(shell_word("runs/one-2_3.4") == "runs/one-2_3.4");
  for (const char* text : {"", " ", "it's", "$HOME", "`id`", "a\nb", "\"", "*", "~", "#", "é"}) {
    CAPTURE(text);
    CHECK(run_process({"sh", "-c", "printf %s " + shell_word(text)}).out == text);
  }
}
