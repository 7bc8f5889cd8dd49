// The grade `choice`: which letter an answer chooses.

#include "support/grades.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/choice");

TEST_CASE("one letter is chosen, in any of the usual forms") {
  check_cases(*choice_grade(5), {{"B", "B", "right"},
                                 {"B", "(B)", "right"},
                                 {"(B)", "B.", "right"},
                                 {"B.", "B)", "right"},
                                 {"B", "b", "right"},
                                 {"B", "(b)", "right"},
                                 {"B", "B: Paris", "right"},
                                 {"B", "B. A dog", "right"},
                                 {"B", "The answer is B.", "right"},
                                 {"A", "The answer is A", "right"},
                                 {"A", "A. Paris", "right"},
                                 {"A", "Answer: A because it is", "right"},
                                 {"B", "C", "wrong"},
                                 {"B", "B, that is B", "right"}});
}

TEST_CASE("several letters, and words that hold letters, are not paid") {
  check_cases(*choice_grade(5), {{"B", "A or B", "several"},
                                 {"B", "A B C D E", "several"},
                                 {"B", "(A) (B)", "several"},
                                 {"B", "A/B", "several"},
                                 {"B", "Bob", "unreadable"},
                                 {"B", "ABC", "unreadable"},
                                 {"B", "", "unreadable"},
                                 {"B", "B'", "unreadable"},
                                 {"A", "I saw A dog", "unreadable"},
                                 {"B", "F", "unreadable"},
                                 {"B", "x", "unreadable"},
                                 {"B", std::string(5000, 'B'), "unreadable"}});
}

TEST_CASE("a reference is a letter within the number of choices") {
  CHECK(choice_grade(10)->reference("J") == "J");
  CHECK(choice_grade(5)->reference("Because.\n#### C") == "C");
  check_refused(
      *choice_grade(5),
      {{"J", "one letter from A to E"}, {"2", "one letter from A to E"}, {"A, B", "one letter"}});
  CHECK_THROWS_AS(choice_grade(5)->judge("", "A"), std::invalid_argument);
}
