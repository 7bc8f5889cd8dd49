// Expected values are those of CPython 3.11: re.finditer(r"<answer>(.*?)</answer>", text),
// str.strip, int.

#include "tinyzero/python_scorer.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/python_scorer");

TEST_CASE("the last answer is the last match of the lazy pattern, which stops at line ends") {
  struct Case {
    const char* text;
    const char* answer;  // null: none
  };
  const Case cases[] = {
      {"<answer>1</answer>", "1"},
      {"<answer>1</answer><answer>2</answer>", "2"},
      {"<answer>1</answer>\n<answer>2", "1"},
      {"<answer>\n1</answer>", nullptr},
      {"<answer>\n<answer>1</answer>", "1"},
      {"<answer> <answer>1</answer>", " <answer>1"},
      {"<answer></answer>", ""},
      {"<answer>1", nullptr},
      {"</answer>1<answer>", nullptr},
      {"", nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto answer = python::last_answer(c.text);
    CHECK(answer.has_value() == (c.answer != nullptr));
    if (answer) CHECK(*answer == c.answer);
  }
}

TEST_CASE("markers are those of the prompt, or the first that the completion brings") {
  using python::after_marker;
  CHECK(after_marker("a Assistant: b", "base", false) == "a Assistant: b");
  CHECK(after_marker("a Assistant: b Assistant: c", "qwen", true) == " b Assistant: c");
  CHECK(after_marker("a", "qwen", true) == "a");
  CHECK_FALSE(after_marker("a", "qwen", false));
  CHECK_FALSE(after_marker("a", "other", true));
  CHECK(after_marker("a<|im_start|>assistant b", "other", true) == " b");
}

TEST_CASE("strip takes Unicode's white space from both ends") {
  CHECK(python::strip(" \t\r\n\x0B\x0C\x1C\x1F"
                      "a b \xC2\xA0\xE2\x80\x83\xE3\x80\x80\xC2\x85") == "a b");
  CHECK(python::strip("\xE2\x80\x8B"
                      "a") ==
        "\xE2\x80\x8B"
        "a");  // a zero-width space is none
  CHECK(python::strip(" ").empty());
}

TEST_CASE("integers are what int() takes") {
  struct Case {
    const char* text;
    const char* value;  // null: ValueError
  };
  const Case cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"+7", "7"},
      {"007", "7"},
      {" 7\n", "7"},
      {"1_000", "1000"},
      {"1__0", nullptr},
      {"_1", nullptr},
      {"1_", nullptr},
      {"+-1", nullptr},
      {"", nullptr},
      {"-", nullptr},
      {"1.0", nullptr},
      {"0x1", nullptr},
      {"1 0", nullptr},
      {"1,000", nullptr},
      {"- 1", nullptr},
      {"\xEF\xBC\x95\xEF\xBC\x96", "56"},  // full-width
      {"\xD9\xA3"
       "4",
       "34"},                     // Arabic and ASCII
      {"\xF0\x9D\x9F\x97", "9"},  // mathematical bold 9
      {"\xC2\xB2", nullptr},      // superscript two is no decimal digit
      {"\xEF\xBC", nullptr},      // cut off
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto value = python::integer(c.text);
    CHECK(value.has_value() == (c.value != nullptr));
    if (value) CHECK(*value == c.value);
  }
  CHECK(python::integer(std::string(4300, '9')).has_value());
  CHECK_FALSE(python::integer(std::string(4301, '9')).has_value());
}
