// What a task may hand over to its host: too much, what cannot be, forged replies, memory that
// changes while it is read. All of it is refused by name. The acts are those of
// tests/support/hostile_acts.c.

#include <doctest/doctest.h>

#include "core/task/open_task.h"
#include "support/hostile_acts.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/hostile_words" *
                 doctest::skip(kSanitized));  // there are no filters then

TEST_CASE("a call that fails as a whole costs only rows that fail alone") {
  Acts acts;
  const Task together = open(acts.library("batch", "status"), quick_limits());
  for (const Verdict& verdict : judge(together, {"right", "right", "right"}))
    CHECK(verdict.reward == 1);
  const Task alone = open(acts.library("call", "status"), quick_limits()),
             unknown = open(acts.library("call", "number"), quick_limits());
  for (const Task* task : {&alone, &unknown}) {
    const auto verdicts = judge(*task, {"right", "act", "right"});
    CHECK(verdicts[0].reward == 1);
    CHECK(verdicts[1].outcome == Outcome::error);
    CHECK(holds(verdicts[1].detail, "task \"acts\" cannot verify: "));
    CHECK(verdicts[2].reward == 1);
  }
}

TEST_CASE("a task that declares too much, or what cannot be, is refused by name") {
  struct Case {
    const char* name;
    const char* words;
  };
  const Case cases[] = {
      {"seven_parts", "task \"acts\" declares 7 reward components; at most 6 are possible"},
      {"many_parts", "task \"acts\" declares 4294967295 reward components; at most 6 are possible"},
      {"many_reasons", "task \"acts\" declares 100000 reasons; at most 256 are possible"},
      {"many_settings", "task \"acts\" declares 1099511627776 settings; at most 256 are possible"},
      {"many_choices",
       "task \"acts\" declares 100000 choices of a setting; at most 256 are possible"},
      {"many_values",
       "task \"acts\" declares 4294967295 values of a setting; at most 65536 are possible"},
      {"path_as_id",
       "task \"???etc?passwd\" has an id that is not made of letters, digits, _, - and ."},
      {"long_id", "gives an id of 65 bytes; at most 64 are possible"},
      {"long_title", "task \"acts\" gives a title of 4097 bytes; at most 4096 are possible"},
      {"long_doc", "task \"acts\" gives a doc of 65537 bytes; at most 65536 are possible"},
      {"long_part",
       "task \"acts\" gives a name of a reward component of 65 bytes; at most 64 are possible"},
      {"long_default",
       "task \"acts\" gives a line about a setting of 4097 bytes; at most 4096 are possible"},
      {"unknown_type", "task \"acts\" declares a setting of type 9; there are 1 to 4"},
      {"deep_default", "default of task acts"},
      {"no_name", "task \"acts\" has a setting whose name \"\" is not made of letters"},
      {"odd_name",
       "task \"acts\" has a setting whose name \"a?[31mb\" is not made of letters, digits, _ and "
       "-"},
      {"dotted_name",
       "task \"acts\" has a setting whose name \"a.b\" is not made of letters, digits, _ and -"},
      {"reserved_name", "task \"acts\" has a setting \"use\", which is a word of this program"},
      {"upside_down", "task \"acts\" declares a setting from 1 to 0, which nothing can be"},
      {"no_values", "task \"acts\" declares a setting of no values"},
      {"twin_parts", "task \"acts\" has two reward components \"x\""},
      {"odd_part",
       "task \"acts\" has a reward component whose name \"a?[31m\" is not made of letters, digits, "
       "_, - and ."},
      {"twins", "task \"acts\" has two settings \"file\""},
      {"needs_nobody",
       "task \"acts\" has a setting \"file\" that needs a setting \"nobody\", which there is not"},
      {"no_range", "task \"acts\" declares a setting whose range is not a number"},
      {"short_setting", "task \"acts\" has a table of settings whose rows are too short: 8 bytes"},
      {"nan_reward", "task \"acts\" declares rewards from 0 to 1 and nan for a right answer"},
      {"infinite_reward", "task \"acts\" declares rewards from 0 to inf and 1 for a right answer"},
      {"rewards_reversed", "task \"acts\" declares rewards from 2 to 1 and 1 for a right answer"},
      {"short_solver", "task \"acts\" has an extension whose table is shorter than its ABI says"},
      {"no_id", "its table of functions is not whole"},
      {"no_verify", "its table of functions is not whole"},
      {"short_table", "its table of functions is not whole"},
      {"no_table", "its table of functions is not whole"},
      {"no_tables", "its table of functions is not whole"},
      {"no_tasks", "its note says ABI 1.0, its code says 1"},
  };
  Acts acts;
  for (const Case& c : cases) {
    CAPTURE(std::string(c.name));
    const std::string words =
        thrown_by([&] { open(acts.library("about", c.name), quick_limits()); });
    CAPTURE(words);
    CHECK(holds(words, c.words));
  }
}

TEST_CASE("what a task says of itself and of a verdict is one line each") {
  Acts acts;
  const Task task = open(acts.library("about", "many_lines"), quick_limits());
  CHECK(task.about().title == "a pass  anything");
  CHECK(task.about().doc == "b    hint: c");
  CHECK(task.about().version == "1 2");
  CHECK(task.about().params.front().doc == "d   e");
  CHECK(task.about().reasons[1] == "wrong right");
}

TEST_CASE("a library whose note and code say different ids is refused") {
  Acts acts;
  const fs::path library = acts.library("about", "other_id");
  const std::string words =
      thrown_by([&] { open_task(PluginCatalog({}, {}), library.string(), nullptr); });
  CAPTURE(words);
  CHECK(holds(words,
              "its note says that it is the task \"acts\", its code that it is \"countdown\""));
}

TEST_CASE("a problem that is too large, or no number, is refused by name") {
  struct Case {
    const char* name;
    const char* words;
  };
  const Case cases[] = {
      {"nan", "task \"acts\" gives the difficulty nan"},
      {"infinite", "task \"acts\" gives the difficulty inf"},
      {"very_hard",
       "task \"acts\" gives the difficulty 1e+300; it must be a number from -1e+15 to 1e+15"},
      {"large_prompt",
       "task \"acts\" gives a prompt of 1048577 bytes; at most 1048576 are possible"},
      {"large_key", "task \"acts\" gives a key of 65537 bytes; at most 65536 are possible"},
      {"large_state", "task \"acts\" gives a state of 65537 bytes; at most 65536 are possible"},
      {"endless", "task \"acts\" gives a prompt of 4611686018427387904 bytes"},
      {"nowhere", "was ended by signal 11"},
      {"fewer", "task \"acts\" drew 4 problems of 5"},
      {"more", "task \"acts\" drew more problems than the 5 it was asked for"},
      {"deaf", "task \"acts\" drew more problems than the 5 it was asked for"},
      {"status", "task \"acts\" cannot draw a problem: it gives no reason, and the status 12345"},
      {"no_address", "hands over a text of 9 bytes at no address"},
  };
  Acts acts;
  for (const Case& c : cases) {
    CAPTURE(std::string(c.name));
    const Task task = open(acts.library("item", c.name), quick_limits());
    const std::string words = thrown_by([&] { task.draw(1, {0, 1, 2, 3, 4}); });
    CAPTURE(words);
    CHECK(holds(words, c.words));
    CHECK(judge(task, {"right"}).front().reward == 1);
  }
  for (const auto& [stage, words] :
       {std::pair("solve", "gives a solution of 1048577 bytes"),
        std::pair("demonstrate", "gives a demonstration of 1048577 bytes")}) {
    const Task task = open(acts.library(stage, "large"), quick_limits()),
               endless = open(acts.library(stage, "endless"), quick_limits());
    const auto make = [stage = std::string(stage)](const Task& t) {
      stage == "solve" ? (void)t.solve("{}") : (void)t.demonstrate("{}", 1, 1);
    };
    CHECK(holds(thrown_by([&] { make(task); }), words));
    CHECK(holds(thrown_by([&] { make(endless); }), "of 4611686018427387904 bytes"));
  }
  CHECK(holds(thrown_by([&] { open(acts.library("none", "not_terminated"), quick_limits()); }),
              "task \"acts\" cannot be set up: " + std::string(1024, 'A')));
}

TEST_CASE("a verdict that cannot be is an error that says so, and the others stand") {
  struct Case {
    const char* name;
    const char* words;  // empty: the verdict stands
  };
  const Case cases[] = {
      {"nan", "task \"acts\" gave the reward nan, outside of what it declares, 0 to 1"},
      {"infinite", "task \"acts\" gave the reward inf, outside of what it declares, 0 to 1"},
      {"too_much", "task \"acts\" gave the reward 1.5, outside of what it declares, 0 to 1"},
      {"nan_part", "task \"acts\" gave nan as the reward component \"correct\""},
      {"infinite_part", "task \"acts\" gave -inf as the reward component \"6\""},
      {"outcome", "task \"acts\" gave the outcome 2147483647, which there is not"},
      {"timeout", "task \"acts\" gave the outcome 4, which there is not"},
      {"reason", "task \"acts\" gave the reason 4294967295; its reasons are 0 to 1"},
      {"detail_of_nobody", ""},
  };
  Acts acts;
  for (const Case& c : cases) {
    CAPTURE(std::string(c.name));
    const Task task = open(acts.library("verdict", c.name), quick_limits());
    const auto verdicts = judge(task, {"right", "act", "right"});
    CHECK(verdicts[0].reward == 1);
    CHECK(verdicts[1].detail == c.words);
    CHECK((verdicts[1].outcome == Outcome::error) == (*c.words != '\0'));
    CHECK(verdicts[1].reward == 0);
    for (const double part : verdicts[1].parts) CHECK(part == 0);
    CHECK(verdicts[2].reward == 1);
  }
  const auto cut = judge(open(acts.library("verdict", "long_detail"), quick_limits()), {"act"});
  CHECK(cut.front().detail == std::string(4096, 'x'));
}

TEST_CASE("a reply that is forged is refused at once, whatever it claims") {
  struct Case {
    const char* name;
    const char* words;
  };
  const Case cases[] = {
      {"zeros", "it has 134217728 bytes, at most 4194304 are possible"},
      {"too_large", "it has 1152921504606846976 bytes, at most"},
      {"empty", "it ends too early"},
      {"short", "it ends too early"},
      {"status", "it has an unknown status"},
      {"endless_text", "a count is 18446744073709551615, at most 64 are possible"},
      {"failure_of_lies", "it ends too early"},
      {"long_failure", "it has 67108864 bytes, at most"},
      {"many_settings", "a count is 43689, at most 256 are possible"},
  };
  Acts acts;
  for (const Case& c : cases) {
    for (const char* stage : {"constructor", "draw", "verify"}) {
      CAPTURE(std::string(c.name));
      CAPTURE(std::string(stage));
      const bool judges = std::string(stage) == "verify";
      std::string words;
      if (judges) {
        const Task task = open(acts.library(stage, c.name), quick_limits());
        const auto verdicts = judge(task, {"right", "act", "right"});
        CHECK(verdicts[0].reward == 1);
        CHECK(verdicts[1].outcome == Outcome::error);
        CHECK(verdicts[2].reward == 1);
        words = verdicts[1].detail;
      } else {
        words = thrown_by([&] { open(acts.library(stage, c.name), quick_limits()).draw(1, {0}); });
      }
      CAPTURE(words);
      CHECK(holds(words, "sent a reply that cannot be right: "));
      if (std::string(stage) == "constructor") CHECK(holds(words, c.words));
      CHECK(holds(words, std::string(stage) == "constructor" ? "constructor-"
                                                             : "the code of task \"acts\""));
    }
  }
}

// The threads write into the shared memory while the host reads it. What comes of it is a matter of
// chance; the host is not.
TEST_CASE("memory that changes while it is read harms nobody but the task") {
  Acts acts;
  for (const char* name : {"change_size", "change_status", "change_turn", "change_reply"}) {
    for (const char* stage : {"constructor", "create"}) {
      CAPTURE(std::string(name));
      for (int trial = 0; trial < 4; ++trial) {
        try {
          const Task task = open(acts.library(stage, name), hurried_limits(1, 1));
          for (const Verdict& verdict : judge(task, {"right", "wrong", "right"}))
            CHECK((verdict.outcome == Outcome::error ||
                   (verdict.reward >= 0 && verdict.reward <= 1)));
          for (const Item& item : task.draw(1, {0, 1})) CHECK(item.prompt.size() <= 1 << 20);
        } catch (const Error& e) {
          CHECK((holds(e.what(), "acts") || holds(e.what(), name)));
        }
      }
    }
  }
}
