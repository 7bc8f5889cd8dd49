// The grade `exact`: texts whose white space does not count.

#include "support/grades.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/exact");

TEST_CASE("white space may differ, and case if it is ignored") {
  check_cases(*exact_grade(false), {{"New York", "New \n York ", "right"},
                                    {"New York", "new york", "wrong"},
                                    {"New York", "NewYork", "wrong"},
                                    {"New York", "New York.", "wrong"},
                                    {"42", "42.0", "wrong"}});
  check_cases(*exact_grade(true), {{"New York", "new YORK", "right"},
                                   {"\xC3\x89t\xC3\xA9", "\xC3\xA9T\xC3\x89", "right"},
                                   {"e\xCC\x81", "\xC3\x89", "right"},  // composed or not
                                   {"a", "b", "wrong"},
                                   {"a", "\xFF", "wrong"}});
}

TEST_CASE("a reference may be the end of a worked solution, but not blank") {
  CHECK(exact_grade(false)->reference("Think.\n####  New\tYork ") == "New York");
  check_refused(*exact_grade(false), {{" \n", "blank"}, {"####", "blank"}});
}
