// The grade `math`: what is the same value, what is another one, and what it cannot tell.

#include "support/grades.h"

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math");

TEST_CASE("values are compared in exact arithmetic, however they are written") {
  check_cases(*math_grade(), {{"\\frac{3}{4}", "3/4", "right"},
                              {"\\frac{3}{4}", "0.75", "right"},
                              {"\\frac34", "\\dfrac{6}{8}", "right"},
                              {"0.333", "\\frac{1}{3}", "wrong"},
                              {"3\\frac{1}{2}", "7/2", "right"},
                              {"7/2", "3 1/2", "right"},
                              {"2\\frac{x}{3}", "\\frac{2x}{3}", "right"},
                              {"\\sqrt{12}", "2\\sqrt{3}", "right"},
                              {"\\sqrt{12}", "2\\sqrt3", "right"},
                              {"\\sqrt{12}", "3.4641", "wrong"},
                              {"\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}", "right"},
                              {"\\frac{1}{\\sqrt{2}-1}", "1+\\sqrt{2}", "right"},
                              {"\\sqrt[3]{54}", "3\\sqrt[3]{2}", "right"},
                              {"\\sqrt{2}\\cdot\\sqrt[3]{2}", "2^{5/6}", "right"},
                              {"\\sqrt{\\frac{1}{2}}", "\\frac{\\sqrt2}{2}", "right"},
                              {"\\sqrt{-4}", "2i", "right"},
                              {"(1+i)^2", "2i", "right"},
                              {"2\\pi", "\\pi*2", "right"},
                              {"2\\pi", "6.283185", "wrong"},
                              {"2^{10}", "1024", "right"},
                              {"2^{2005}", "2^{2005}", "right"},
                              {"5!", "120", "right"},
                              {"\\binom{5}{2}", "10", "right"},
                              {"|-3|", "3", "right"},
                              {"1,234,567", "1234567", "right"},
                              {"10{,}000", "10,\\!000", "right"},
                              {"50\\%", "50", "right"},
                              {"50\\%", "0.5", "right"},
                              {"50", "0.5", "wrong"},
                              {"45^\\circ", "45", "right"},
                              {"\\$3.50", "3.5", "right"},
                              {"12\\text{ cm}", "12", "right"},
                              {"12\\text{ cm}^2", "12 cm^2", "right"},
                              {"1.5e3", "1500", "right"}});
}

TEST_CASE("sums with variables, equations and functions") {
  check_cases(*math_grade(), {{"x^2+2x+1", "(x+1)^2", "right"},
                              {"x^2+2x+1", "(x-1)^2", "wrong"},
                              {"\\frac{x+1}{x-1}", "\\frac{2x+2}{2x-2}", "right"},
                              {"\\frac{x^2-1}{x-1}", "x+1", "right"},
                              {"x = 5", "5", "right"},
                              {"5", "x=5", "right"},
                              {"x=5", "x=6", "wrong"},
                              {"y = 2x+1", "2y - 4x = 2", "right"},
                              {"y = 2x+1", "y = 2x+2", "wrong"},
                              {"\\ln 2", "\\ln(2)", "right"},
                              {"\\ln 2", "\\ln 3", "wrong"},
                              {"2\\ln 3", "\\ln 9", "right"},
                              {"\\sin^2 x + \\cos^2 x", "1", "undecided"},
                              {"\\sin x", "\\cos x", "wrong"},
                              {"\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}", "undecided"},
                              {"\\sqrt{3+2\\sqrt{2}}", "2+\\sqrt{2}", "wrong"},
                              {"e^{x}", "e^{x}", "right"},
                              {"\\log_2 8", "3", "right"},
                              {"\\log 1000", "3", "right"},
                              {"\\ln\\frac{1}{2}", "-\\ln 2", "right"},
                              {"\\log_b 8", "\\log_b 8", "right"},
                              {"\\alpha_1", "\\alpha_1", "right"}});
}

TEST_CASE("tuples, intervals, sets, lists and matrices") {
  check_cases(*math_grade(),
              {{"(1,2)", "(1, 2)", "right"},
               {"(1,2)", "(2,1)", "wrong"},
               {"(1,2)", "1, 2", "undecided"},
               {"(1,2)", "[1,2)", "wrong"},
               {"(-\\infty, 3]", "(-\\infty,3]", "right"},
               {"(-\\infty, 3]", "(-\\infty,3)", "wrong"},
               {"(-\\infty,0)\\cup(1,\\infty)", "(1,\\infty) \\cup (-\\infty,0)", "right"},
               {"\\{1,2,3\\}", "\\{3,1,2\\}", "right"},
               {"\\{1,2\\}", "1,2", "right"},
               {"1,2", "2 \\text{ and } 1", "right"},
               {"1,2", "2 or 1", "right"},
               {"1,2,2", "1,2", "wrong"},
               {"1 \\pm \\sqrt{5}", "1-\\sqrt5, 1+\\sqrt5", "right"},
               {"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
                "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}", "right"},
               {"\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}",
                "\\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}", "wrong"},
               {"1011_2", "1011_2", "right"},
               {"1011_2", "1011_3", "wrong"},
               {"\\emptyset", "\\{\\}", "right"},
               {"x > 3", "x>3", "right"},
               {"x > 3", "3 < x", "right"},
               {"1 < x \\le 5", "5 \\ge x > 1", "right"},
               {"x > 3", "x > 4", "undecided"}});
}

TEST_CASE("words, units and what else cannot be told") {
  check_cases(*math_grade(), {{"\\text{Tuesday}", "tuesday", "right"},
                              {"Tuesday", "Monday", "wrong"},
                              {"\\text{even}", "2", "wrong"},
                              {"5 \\text{ km}", "5 miles", "undecided"},
                              {"5", "5m", "undecided"},
                              {"5", "5x", "wrong"},
                              {"5", "\\int x", "undecided"},
                              {"x", "\\sqrt{x^2}", "undecided"}});
}

TEST_CASE("guesses, nonsense and endless work are not paid") {
  check_cases(*math_grade(),
              {{"42", "41, 42", "several"},
               {"42", "41 or 42", "several"},
               {"42", "42 \\pm 0", "several"},
               {"42", "\\{41, 42\\}", "wrong"},
               {"42", "42 43", "unreadable"},
               {"42", "\\frac{42}", "unreadable"},
               {"42", "\\foo{42}", "unreadable"},
               {"42", "nan", "wrong"},
               {"0", "inf", "wrong"},
               {"42", "1/0", "undecided"},
               {"42", "", "unreadable"},
               {"42", "((((42", "unreadable"},
               {"42", std::string(500, '(') + "42" + std::string(500, ')'), "unreadable"},
               {"42", std::string(5000, '1'), "unreadable"},
               {"42", "9^{9^{9^{9}}}", "undecided"},
               {"42", "(a+b+c+d+f)^{64}", "undecided"},
               {"42", "170141183460469231731687303715884105727!", "undecided"}});
  std::string product = "1";
  while (product.size() < 1990) product += "(x+y)";
  CHECK(math_grade()->judge("42", product) == Judgement::undecided);
}

TEST_CASE("a reference that cannot be read is refused with the reason") {
  CHECK(math_grade()->reference("So it is $\\boxed{\\frac{1}{2}}$.") == "\\frac{1}{2}");
  check_refused(*math_grade(), {{"\\int_0^1 x", "\\int is not computed"},
                                {"42)", "\")\" is not understood"},
                                {"", "it is empty"}});
}

TEST_CASE("words behind a value are paid only as its unit") {
  for (const char* answer :
       {"42 million", "42 hundred", "42 dozen", "42 tens", "42 half", "42 thirds", "42 squared",
        "42 factorial", "42 times two", "42 minus one", "42 doubled", "42 plus tax",
        "42 below zero", "42\\text{ or forty-one}", "42 \\text{ is wrong}"}) {
    CAPTURE(answer);
    CHECK(math_grade()->judge("42", answer) != Judgement::right);
  }
  for (const char* answer : {"42 apples", "42\\text{ square meters}", "42 cm"}) {
    CAPTURE(answer);
    CHECK(math_grade()->judge("42", answer) == Judgement::right);
  }
}
