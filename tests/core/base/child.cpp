#include "core/base/child.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/child");

TEST_CASE("a program gets its arguments as they are, and says how it ended") {
  const TemporaryFolder folder;
  const fs::path program = folder / "it's a $(touch broken) \"program\"";
  write_file_synced(
      program,
      "#!/bin/sh\nfor word; do echo \"[$word]\"; done\necho wrong >&2\nread line\nexit 3\n");
  REQUIRE(::chmod(program.c_str(), 0755) == 0);
  const ProgramWords words =
      run_program({program.string(), "a b", "'; touch broken; '", "$(touch broken)", ""});
  CHECK(words.code == 3);
  CHECK(words.text == "[a b]\n['; touch broken; ']\n[$(touch broken)]\n[]\nwrong\n");
  CHECK_FALSE(fs::exists(folder / "broken"));
  CHECK(run_program({"/bin/sh", "-c", "kill -9 $$"}).code == 128 + 9);
  CHECK_THROWS_WITH_AS(run_program({folder / "none"}), doctest::Contains("none: No such file"),
                       Failure);
}

TEST_CASE("a word for a shell means itself") {
  CHECK(shell_word("runs/one-2_3.4") == "runs/one-2_3.4");
  for (const char* text : {"", " ", "it's", "$HOME", "`id`", "a\nb", "\"", "*", "~", "#", "é"}) {
    CAPTURE(text);
    CHECK(run_process({"sh", "-c", "printf %s " + shell_word(text)}).out == text);
  }
}
