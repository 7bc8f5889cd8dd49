// Texts without the differences that do not count.

#include "tasks/dataset/normal_text.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/normal_text");

TEST_CASE("white space and control characters become single blanks") {
  CHECK(with_single_blanks(" a \t\n b\x1F"
                           "c ") == "a b c");
  CHECK(with_single_blanks(" \n") == "");
  CHECK(with_single_blanks("\xC3\xA9") == "\xC3\xA9");
}

TEST_CASE("a wording has no digits, case and white space") {
  CHECK(wording_of("Ada has 12 apples.") == wording_of("ada HAS 7\napples."));
  CHECK(wording_of("Ada has 12 apples.") != wording_of("Ada has 12 pears."));
  CHECK(wording_of("1 2") == wording_of("34"));
  CHECK(wording_of("\xFF"
                   "1") ==
        "\xFF"
        "0");
}

TEST_CASE("case is folded as Unicode says, in UTF-8") {
  CHECK(case_folded("STRASSE") == case_folded("stra\xC3\x9F"
                                              "e"));
  CHECK(case_folded("\xFF") == "\xFF");
  CHECK(is_utf8("\xC3\xA9"));
  CHECK_FALSE(is_utf8("\xC3"));
}
