// The values of a row by name.

#include "tasks/dataset/record.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/record");

TEST_CASE("values, lists and objects are found by their dotted names") {
  Record record;
  record.fields = {{"question", "Why?"},
                   {"reward_model.ground_truth", "42"},
                   {"answers.0", "a"},
                   {"answers.1", "b"},
                   {"messages.0.role", "user"}};
  CHECK(*record.find("question") == "Why?");
  CHECK(record.find("reward_model") == nullptr);
  CHECK(record.has("reward_model"));
  CHECK(record.has("messages"));
  CHECK_FALSE(record.has("message"));
  CHECK(record.list("answers") == std::vector<std::string>{"a", "b"});
  CHECK(record.list("question") == std::vector<std::string>{"Why?"});
  CHECK(record.list("nothing").empty());
  CHECK(record.columns() == "question, reward_model.ground_truth, answers, messages");
}
