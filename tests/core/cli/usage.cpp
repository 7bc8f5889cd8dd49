#include "core/cli/usage.h"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include "core/base/error.h"
#include "core/cli/commands.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/usage");

namespace {

using Words = std::vector<std::string>;

// The whole command line of the program.
struct Program {
  GlobalOptions global;
  CommandWork chosen;
  CLI::App app{"", "tinyzero"};

  Program() { add_commands(app, global, chosen); }

  // What is told of a command line that cannot be followed: "what | hint".
  std::string told(const Words& words) {
    try {
      const Words understood = understood_words(app, words);
      try {
        app.parse(Words(understood.rbegin(), understood.rend()));
      } catch (const CLI::ParseError& e) {
        throw_usage_error(app, e);
      }
    } catch (const Error& e) {
      return std::string(e.what()) + " | " + e.hint();
    }
    return "";
  }
};

}  // namespace

TEST_CASE_FIXTURE(Program, "help and version are words, too") {
  CHECK(understood_words(app, {"help"}) == Words{"--help"});
  CHECK(understood_words(app, {"help", "task", "draw"}) == Words{"task", "draw", "--help"});
  CHECK(understood_words(app, {"task", "help"}) == Words{"task", "--help"});
  CHECK(understood_words(app, {"version"}) == Words{"--version"});
  CHECK(understood_words(app, {"--plugins", "help", "task"}) == Words{"--plugins", "help", "task"});
  CHECK(understood_words(app, {"watch", "help"}) == Words{"watch", "help"});  // a run of that name
}

TEST_CASE_FIXTURE(Program, "a command that does not exist is named with what was meant") {
  CHECK(told({"trian"}) == "no command \"trian\" of tinyzero | did you mean \"train\"?");
  CHECK(told({"draw"}) == "no command \"draw\" of tinyzero | did you mean `tinyzero task draw`?");
  CHECK(told({"run"}) == "no command \"run\" of tinyzero | did you mean `tinyzero train`?");
  CHECK(told({"task", "lst"}).starts_with("no command \"lst\" of tinyzero task | did you mean"));
}

TEST_CASE_FIXTURE(Program, "an option or a word too many is named with its command") {
  CHECK(told({"doctor", "--jsn"}) == "tinyzero doctor has no option --jsn | did you mean --json?");
  CHECK(told({"doctor", "now"}).starts_with("tinyzero doctor has no use for \"now\" | "));
  CHECK(told({"train", "x.yaml", "--steps", "5"})
            .starts_with(
                "tinyzero train has no option --steps | settings are words without dashes: "));
}

TEST_CASE_FIXTURE(Program, "a value that an option does not take is named with what it takes") {
  CHECK(told({"eval", "--device", "tpu"})
            .starts_with("--device is tpu, expected one of cpu, cuda | "));
  CHECK(told({"eval", "--problems", "0x10"})
            .starts_with("--problems is 0x10, expected a number of 1 to 1000000 | "));
  CHECK(told({"eval", "--samples"}).starts_with("--samples wants a value | "));
}

TEST_CASE_FIXTURE(Program, "what is missing is named with what it is") {
  CHECK(told({"task"}).starts_with("a command is missing: tinyzero task COMMAND | "));
  CHECK(told({"watch"}).starts_with("tinyzero watch is missing its run: run folder | "));
}
