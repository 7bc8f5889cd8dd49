// The grade `number`: what is the same number, and what is not one answer.

#include "support/grades.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/number");

TEST_CASE("numbers are compared exactly, however they are written") {
  check_cases(*number_grade(), {{"42", "42", "right"},
                                {"42", "43", "wrong"},
                                {"42", "42.0", "right"},
                                {"42", "42.", "right"},
                                {"42", "042", "right"},
                                {"42", "+42", "right"},
                                {"-42", "-42", "right"},
                                {"-42", "- 42", "right"},
                                {"-42",
                                 "\xE2\x88\x92"
                                 "42",
                                 "right"},
                                {"42", "-42", "wrong"},
                                {"1234.5", "1,234.50", "right"},
                                {"$1,200", "1200", "right"},
                                {"1200", "$1,200.00", "right"},
                                {"1200", "-$1,200", "wrong"},
                                {"0.5", "1/2", "right"},
                                {"1/2", "0.50", "right"},
                                {"2.5", "2 1/2", "right"},
                                {"-2.5", "-2 1/2", "right"},
                                {"100000", "1e5", "right"},
                                {"0.1", "0.10000000000000000001", "wrong"},
                                {"0.333", "1/3", "wrong"},
                                {"50%", "50", "right"},
                                {"50", "50%", "right"},
                                {"50", "50 percent", "right"},
                                {"0.5", "50%", "right"},
                                {"50%", "0.5", "right"},
                                {"50", "0.5%", "wrong"},
                                {"50%", "5000%", "wrong"},
                                {"1/2", "\\frac{1}{2}", "right"},
                                {"1/2", "$\\dfrac12$", "right"},
                                {"3", "\\sqrt{9}", "right"},
                                {"3", "\\text{no}", "unreadable"}});
}

TEST_CASE("words may stand around a number that do not change it") {
  check_cases(*number_grade(), {{"42", "42 apples", "right"},
                                {"42", "The answer is 42.", "right"},
                                {"42", "Total: $42 dollars!", "right"},
                                {"42", "x = 42", "right"},
                                {"42", "6*7 = 42", "right"},
                                {"42", "42km", "right"},
                                {"42", "42nd", "unreadable"},
                                {"42", "x42", "unreadable"},
                                {"42", "minus 42", "unreadable"},
                                {"42", "negative 42", "unreadable"},
                                {"42", "42 million", "unreadable"},
                                {"42", "not 42", "unreadable"},
                                {"5", "5 squared", "unreadable"},
                                {"42", "42 miles per hour", "right"},
                                {"42", "42 m", "right"},
                                {"5", "half of 5", "unreadable"}});
}

TEST_CASE("words that may change a number are not paid") {
  for (const char* answer : {"square root of 42",
                             "log 42",
                             "twice 42",
                             "at least 42",
                             "anything but 42",
                             "no, 42 it is",
                             "42 doubled",
                             "42 factorial",
                             "42 bn",
                             "42 k",
                             "42 K",
                             "42 M!",
                             "42 mil",
                             "42 lakh",
                             "42 tens",
                             "42 halves",
                             "42 thirds",
                             "42 thousandths",
                             "42 negatives",
                             "42 below zero",
                             "42 less",
                             "42 in hexadecimal",
                             "42 is wrong",
                             "42 plus tax",
                             "\\boxed{42\\text{ million}}",
                             "42 \\text{million}",
                             "42\\text{ squared}",
                             "42\\text{ or forty-one}",
                             "41 = 42",
                             "40+3 = 42",
                             "wrong = 42",
                             "\xC2\xBD 42"}) {
    CAPTURE(answer);
    CHECK(number_grade()->judge("42", answer) != Judgement::right);
  }
}

TEST_CASE("a list of guesses, an expression and a text without a number are not paid") {
  check_cases(*number_grade(), {{"42", "41, 42", "several"},
                                {"42", "41 or 42", "unreadable"},
                                {"42", "41 42 43", "several"},
                                {"42", "41; 42", "several"},
                                {"42", "40-42", "several"},
                                {"42", "x = 41 or x = 42", "unreadable"},
                                {"42", "x = 41, 42", "several"},
                                {"42", "41, x = 42", "unreadable"},
                                {"42", "6*7", "unreadable"},
                                {"42", "2^5", "unreadable"},
                                {"42", "12/25/2024", "unreadable"},
                                {"42", "1/0", "unreadable"},
                                {"42", "nan", "unreadable"},
                                {"0", "inf", "unreadable"},
                                {"1", "True", "unreadable"},
                                {"42", "forty-two", "unreadable"},
                                {"42", "0x2A", "unreadable"},
                                {"42", "4_2", "unreadable"},
                                {"42", "\xD9\xA4\xD9\xA2", "unreadable"},  // Arabic digits
                                {"42", "41 \\text{ or } 42", "several"},
                                {"42", std::string(2000, '4'), "unreadable"},
                                {"42", std::string(60, '9'), "unreadable"},
                                {"42", "42 (or 43)", "unreadable"}});
}

TEST_CASE("a reference is the number behind #### or in a box, or the whole cell") {
  const auto grade = number_grade();
  CHECK(grade->reference("So 6*7=42.\n#### 42") == "42");
  CHECK(grade->reference("#### 1\n#### 1,042\n") == "1,042");
  CHECK(grade->reference("It is \\boxed{\\frac{1}{2}}.") == "\\frac{1}{2}");
  CHECK(grade->reference(" $3.50 ") == "$3.50");
  check_refused(*grade, {{"6 apples and 7 pears", "not a number"},
                         {"1 2", "several numbers"},
                         {"", "not a number"},
                         {"about ten", "not a number"},
                         {"#### ", "not a number"}});
  CHECK_THROWS_AS(grade->judge("what", "42"), std::invalid_argument);
}
