// Columns that are found, and conversations in them.

#include "tasks/dataset/columns.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/columns");

namespace {

Record with_fields(std::vector<Record::Field> fields) {
  Record record;
  record.fields = std::move(fields);
  return record;
}

}  // namespace

TEST_CASE("columns that people have are found without their names") {
  struct Case {
    std::vector<Record::Field> fields;
    std::string prompt, answer;
  };
  const Case cases[] = {
      {{{"question", "q"}, {"answer", "a"}}, "question", "answer"},
      {{{"problem", "q"}, {"solution", "s"}, {"answer", "a"}}, "problem", "answer"},
      {{{"problem", "q"}, {"solution", "s"}}, "problem", "solution"},
      {{{"prompt.0.role", "user"}, {"prompt.0.content", "q"}, {"reward_model.ground_truth", "a"}},
       "prompt",
       "reward_model.ground_truth"},
      {{{"messages.0.role", "user"}, {"label", "a"}}, "messages", "label"}};
  for (const Case& c : cases) {
    const Columns columns = found_columns({}, with_fields(c.fields));
    CHECK(columns.prompt == c.prompt);
    CHECK(columns.answer == c.answer);
  }
}

TEST_CASE("a column that is not there is refused with those that are") {
  const Record sample = with_fields({{"q", "1"}, {"a.b", "2"}});
  CHECK_THROWS_WITH_AS(found_columns({}, sample),
                       "has no column that is known as the prompt; name one of its columns with "
                       "`prompt:`: q, a.b",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(found_columns({.prompt = "q"}, sample), doctest::Contains("`answer:`"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(found_columns({.prompt = "p", .answer = "a.b"}, sample),
                       "has no column \"p\" for `prompt:`; its columns are q, a.b",
                       std::invalid_argument);
  for (Columns columns :
       {Columns{.demonstration = "d"}, Columns{.options = "d"}, Columns{.difficulty = "d"}}) {
    columns.prompt = "q";
    columns.answer = "a.b";
    CHECK_THROWS_WITH_AS(found_columns(columns, sample), doctest::Contains("no column \"d\""),
                         std::invalid_argument);
  }
}

TEST_CASE("a conversation has at most one message of each role") {
  const Record chat = with_fields({{"m.0.role", "system"},
                                   {"m.0.content", "Be brief."},
                                   {"m.1.role", "user"},
                                   {"m.1.content", "Why?"},
                                   {"m.2.role", "assistant"},
                                   {"m.2.content", "So."}});
  CHECK(has_messages(chat, "m"));
  const Messages messages = messages_of(chat, "m");
  CHECK(messages.system == "Be brief.");
  CHECK(messages.user == "Why?");
  CHECK(messages.assistant == "So.");
  CHECK(messages_of(with_fields({{"m.0.from", "human"}, {"m.0.value", "Why?"}}), "m").user ==
        "Why?");
  for (const auto& [fields, what] :
       {std::pair(std::vector<Record::Field>{{"m.0.role", "user"},
                                             {"m.0.content", "1"},
                                             {"m.1.role", "user"},
                                             {"m.1.content", "2"}},
                  "several messages of the role \"user\""),
        std::pair(std::vector<Record::Field>{{"m.0.role", "tool"}, {"m.0.content", "1"}},
                  "role \"tool\""),
        std::pair(std::vector<Record::Field>{{"m.0.role", "user"}}, "without a text")})
    CHECK_THROWS_WITH_AS(messages_of(with_fields(fields), "m"), doctest::Contains(what),
                         std::invalid_argument);
}
