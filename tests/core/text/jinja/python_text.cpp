// Methods of Python's str. Expected results are Python's.

#include "core/text/jinja/python_text.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/python_text");

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("positions count characters") {
  CHECK(length("") == 0);
  CHECK(length("a\u00E9\u4E2D\U0001F600") == 4);
  CHECK(characters("a\u00E9\u4E2D") == Texts{"a", "\u00E9", "\u4E2D"});
  CHECK(find("\u00E9a\u00E9a", "a") == 1);
  CHECK(find_last("\u00E9a\u00E9a", "a") == 3);
  CHECK(find("abc", "x") == -1);
  CHECK(find("abc", "") == 0);
  CHECK(find_last("\u00E9b", "") == 2);
}

TEST_CASE("white space of str") {
  for (const std::uint32_t code : {0x20u, 0x9u, 0xAu, 0x1Cu, 0x1Fu, 0x85u, 0xA0u, 0x2003u, 0x3000u})
    CHECK(is_space(code));
  for (const std::uint32_t code : {0x61u, 0x200Bu, 0x180Eu, 0x0u}) CHECK_FALSE(is_space(code));
}

TEST_CASE("strip takes white space, or the characters of a set, from either end") {
  CHECK(strip(" \t a \u3000", Ends::both) == "a");
  CHECK(strip(" a ", Ends::left) == "a ");
  CHECK(strip(" a ", Ends::right) == " a");
  CHECK(strip("   ", Ends::both).empty());
  CHECK(strip("xyaxy", Ends::both, "yx") == "a");
  CHECK(strip("\u00E9a\u00E9", Ends::both, "\u00E9") == "a");
  CHECK(strip("abc", Ends::both, "") == "abc");
}

TEST_CASE("split at a separator, with and without a limit") {
  CHECK(split("a,b,,c", ",", -1) == Texts{"a", "b", "", "c"});
  CHECK(split("a,b,c", ",", 1) == Texts{"a", "b,c"});
  CHECK(split("a,b,c", ",", 0) == Texts{"a,b,c"});
  CHECK(split("", ",", -1) == Texts{""});
  CHECK(split("aaa", "aa", -1) == Texts{"", "a"});
  CHECK(split_right("a,b,c", ",", 1) == Texts{"a,b", "c"});
  CHECK(split_right("a,b,c", ",", -1) == Texts{"a", "b", "c"});
  CHECK(split_right("aaa", "aa", -1) == Texts{"a", ""});
  CHECK_THROWS_AS(split("a", "", -1), Error);
  CHECK_THROWS_AS(split_right("a", "", -1), Error);
}

TEST_CASE("split at white space takes all of it, and none at the ends") {
  CHECK(split(" a  b\u3000c ", std::nullopt, -1) == Texts{"a", "b", "c"});
  CHECK(split(" a  b c ", std::nullopt, 1) == Texts{"a", "b c "});
  CHECK(split("  ", std::nullopt, -1).empty());
  CHECK(split_right(" a  b c ", std::nullopt, 1) == Texts{" a  b", "c"});
  CHECK(split_right(" a b ", std::nullopt, -1) == Texts{"a", "b"});
  CHECK(split_right("a b", std::nullopt, 0) == Texts{"a b"});
}

TEST_CASE("lines end at every line end that Python knows") {
  CHECK(split_lines("a\nb\r\nc\rd", false) == Texts{"a", "b", "c", "d"});
  CHECK(split_lines("a\n\nb\n", false) == Texts{"a", "", "b"});
  CHECK(split_lines("a\r\nb", true) == Texts{"a\r\n", "b"});
  CHECK(split_lines("a\u2028b\x0B"
                    "c\x1C"
                    "d\u0085e",
                    false) == Texts{"a", "b", "c", "d", "e"});
  CHECK(split_lines("", false).empty());
}

TEST_CASE("replace everywhere, or so often, and between all characters") {
  CHECK(replace("aaa", "a", "bb", -1) == "bbbbbb");
  CHECK(replace("aaa", "a", "b", 2) == "bba");
  CHECK(replace("aaa", "aa", "b", -1) == "ba");
  CHECK(replace("abc", "x", "y", -1) == "abc");
  CHECK(replace("\u00E9a", "", "-", -1) == "-\u00E9-a-");
  CHECK(replace("ab", "", "-", 2) == "-a-b");
  CHECK(replace("ab", "a", "b", 0) == "ab");
  CHECK(replace("", "", "x", -1) == "x");
}

TEST_CASE("occurrences do not overlap") {
  CHECK(count("banana", "an") == 2);
  CHECK(count("aaaa", "aa") == 2);
  CHECK(count("\u00E9\u00E9", "") == 3);
  CHECK(count("abc", "x") == 0);
}

TEST_CASE("upper and lower case, of ASCII") {
  CHECK(with_case("aBc-1", Case::upper) == "ABC-1");
  CHECK(with_case("ABC", Case::lower) == "abc");
  CHECK(with_case("aBC dEF", Case::capitalized) == "Abc def");
  CHECK(with_case("they're bill's friends", Case::title) == "They'Re Bill'S Friends");
  CHECK(with_case("they're bill's (good) friends", Case::words) == "They're Bill's (Good) Friends");
  CHECK_THROWS_WITH_AS(with_case("\u00E9", Case::upper), doctest::Contains("beyond ASCII"), Error);
}

TEST_CASE("repr of a text") {
  CHECK(quoted_text("a") == "'a'");
  CHECK(quoted_text("it's") == "\"it's\"");
  CHECK(quoted_text("it's \"x\"") == "'it\\'s \"x\"'");
  CHECK(quoted_text("\n\t\r\\\x01\x7F") == "'\\n\\t\\r\\\\\\x01\\x7f'");
  CHECK(quoted_text("\u00E9\u00A0\u200B\U000E0001") == "'\u00E9\\xa0\\u200b\\U000e0001'");
}

TEST_CASE("texts of JSON") {
  CHECK(json_quoted("a\"\\\n\t\b\f\r/", false) == "\"a\\\"\\\\\\n\\t\\b\\f\\r/\"");
  CHECK(json_quoted("\x01\u00E9", false) == "\"\\u0001\u00E9\"");
  CHECK(json_quoted("\u00E9\U0001F600\x7F", true) == "\"\\u00e9\\ud83d\\ude00\\u007f\"");
}
