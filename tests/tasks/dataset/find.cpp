// Where answers stand in completions.

#include "tasks/dataset/find.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/find");

TEST_CASE("each place is looked for as its name says, and the last one counts") {
  struct Case {
    const char *find, *completion, *answer;  // no answer: null
  };
  const Case cases[] = {{"tags", "1 <answer> 2 </answer> 3", "2"},
                        {"tags", "<answer>1</answer><answer>2</answer>", "2"},
                        {"tags", "2", nullptr},
                        {"tags", "<answer>2", nullptr},
                        {"boxed", "\\boxed{1} so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"},
                        {"boxed", "\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"},
                        {"boxed", "\\boxed{1} and \\boxed{2", nullptr},
                        {"boxed", "2", nullptr},
                        {"marker", "#### 1\n#### 2 \nmore", "2"},
                        {"marker", "2", nullptr},
                        {"last_line", "1\n 2 \n\n", "2"},
                        {"last_line", "", ""},
                        {"whole", " 1\n2 ", "1\n2"},
                        {"auto", "1\n\\boxed{2}\n#### 3\n<answer>4</answer>\n5", "4"},
                        {"auto", "1\n\\boxed{2}\n#### 3\n5", "2"},
                        {"auto", "1\n#### 3\n5", "3"},
                        {"auto", "1\n5", "5"},
                        {"auto", "<answer></answer> 5", ""},
                        {"auto", "**42**", "42"},
                        {"tags", "<answer>`x`</answer>", "x"}};
  for (const Case& c : cases) {
    CAPTURE(c.find);
    CAPTURE(c.completion);
    AnswerPlace place;
    place.find = c.find;
    const auto answer = place(c.completion);
    CHECK(answer.has_value() == (c.answer != nullptr));
    if (answer && c.answer != nullptr) CHECK(*answer == c.answer);
  }
}

TEST_CASE("a written answer is found again, in every place") {
  for (const char* find : {"auto", "tags", "boxed", "marker", "last_line", "whole"}) {
    AnswerPlace place;
    place.find = find;
    CHECK(place(place.written("42")) == "42");
  }
  AnswerPlace place;
  place.find = "marker";
  place.marker = "Answer:";
  CHECK(place("Steps.\nAnswer: 42\n") == "42");
}
