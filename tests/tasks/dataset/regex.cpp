// The grade `regex`: whole answers against patterns, in linear time.

#include "support/grades.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/regex");

TEST_CASE("the whole answer must match") {
  check_cases(*regex_grade(), {{"[Cc]olou?r", "color", "right"},
                               {"[Cc]olou?r", "a color", "wrong"},
                               {"[Cc]olou?r", "colors", "wrong"},
                               {"(?i)yes|yep", "YEP", "right"},
                               {".*", "\xFF", "wrong"},
                               {"a.b", "a\nb", "wrong"}});
}

TEST_CASE("no answer and no pattern takes long") {
  const auto grade = regex_grade();
  const std::string pattern = grade->reference("(a*)*(a|aa)*b");
  CHECK(grade->judge(pattern, std::string(1000000, 'a')) == Judgement::wrong);
  check_refused(*grade, {{"(a", "no regular expression"},
                         {"(?=a)b", "no regular expression"},
                         {"(((a{100}){100}){100})", "no regular expression"}});
}

TEST_CASE("a pattern that matches itself is its own answer") {
  CHECK(regex_grade()->answer("colour") == "colour");
  CHECK_FALSE(regex_grade()->answer("colou?r"));
}
