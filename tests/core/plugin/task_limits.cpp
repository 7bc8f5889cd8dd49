#include "core/plugin/task_limits.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "tinyzero/task_abi.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/task_limits");

namespace {

TaskAbout good_about() {
  TaskAbout about;
  about.id = "good";
  about.components = {"correct"};
  about.reasons = {"correct", "wrong"};
  TaskParam param;
  param.type = TZ_INTEGER;
  param.name = "size";
  param.fallback = "3";
  param.low = 1;
  param.high = 9;
  about.params = {param};
  about.traits = {{"steps", "steps", ""}, {"slips", "share of them", "steps"}};
  return about;
}

}  // namespace

TEST_CASE("a description within the limits is accepted, up to each limit") {
  TaskAbout about = good_about();
  CHECK_NOTHROW(check_about(about));
  about.id.assign(TINYZERO_TASK_MAX_NAME, 'x');
  about.title.assign(TINYZERO_TASK_MAX_LINE, 'x');
  about.doc.assign(TINYZERO_TASK_MAX_DOC, 'x');
  about.components = {"1", "2", "3", "4", "5", "6"};
  about.reasons.assign(TINYZERO_TASK_MAX_REASONS, "x");
  about.params[0].max_count = TINYZERO_TASK_MAX_VALUES;
  about.params[0].choices.assign(TINYZERO_TASK_MAX_CHOICES, "x");
  CHECK_NOTHROW(check_about(about));
}

TEST_CASE("a description beyond a limit is refused, naming the task and the limit") {
  struct Case {
    std::function<void(TaskAbout&)> change;
    const char* words;
  };
  const Case cases[] = {
      {[](auto& a) { a.version.assign(65, 'x'); }, "gives a version of 65 bytes; at most 64"},
      {[](auto& a) { a.components.assign(7, "x"); }, "declares 7 reward components; at most 6"},
      {[](auto& a) { a.components = {"a", "a"}; }, "has two reward components \"a\""},
      {[](auto& a) { a.components = {"a b"}; }, "has a reward component whose name \"a b\" is not"},
      {[](auto& a) { a.reasons = {std::string(4097, 'x')}; }, "gives a reason of 4097 bytes"},
      {[](auto& a) { a.params[0].name = "levels"; },
       "has a setting \"levels\", which is a word of"},
      {[](auto& a) { a.params[0].name = ""; }, "has a setting whose name \"\" is not made of"},
      {[](auto& a) { a.params.push_back(a.params[0]); }, "has two settings \"size\""},
      {[](auto& a) { a.params[0].needs_name = "mode"; },
       "has a setting \"size\" that needs a setting \"mode\", which there is not"},
      {[](auto& a) { a.params[0].type = 0; }, "declares a setting of type 0; there are 1 to 4"},
      {[](auto& a) { a.params[0].low = std::nan(""); }, "whose range is not a number"},
      {[](auto& a) { a.params[0].low = 10; },
       "declares a setting from 10 to 9, which nothing can be"},
      {[](auto& a) { a.params[0].max_count = 0; }, "declares a setting of no values"},
      {[](auto& a) { a.reward_max = std::numeric_limits<double>::infinity(); },
       "declares rewards from 0 to inf and 1 for a right answer; they must be finite and in order"},
      {[](auto& a) { a.traits.assign(65, a.traits[0]); }, "declares 65 traits; at most 64"},
      {[](auto& a) { a.traits[0].name = "a/b"; }, "has a trait whose name \"a/b\" is not made of"},
      {[](auto& a) { a.traits[1].name = "steps"; }, "has two traits \"steps\""},
      {[](auto& a) { a.traits[1].per = "claims"; },
       "has a trait \"slips\" per \"claims\", a trait that there is not"},
      {[](auto& a) { a.traits[1].per = "slips"; }, "per \"slips\", which is a share itself"},
      {[](auto& a) { a.reward_full = -1; },
       "declares rewards from 0 to 1 and -1 for a right answer"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    TaskAbout about = good_about();
    c.change(about);
    CHECK_THROWS_WITH_AS(check_about(about), doctest::Contains(c.words), Failure);
    CHECK_THROWS_WITH_AS(check_about(about), doctest::Contains("task \"good\" "), Failure);
  }
  TaskAbout path = good_about();
  path.id = "../a\n";
  CHECK_THROWS_WITH_AS(check_about(path),
                       "task \"..?a?\" has an id that is not made of letters, digits, _, - and .",
                       Failure);
}

TEST_CASE("problems have limits") {
  CHECK_NOTHROW(check_item("t", TINYZERO_TASK_MAX_PROMPT, TINYZERO_TASK_MAX_KEY,
                           TINYZERO_TASK_MAX_STATE, -1e15));
  CHECK_THROWS_WITH_AS(check_item("t", TINYZERO_TASK_MAX_PROMPT + 1, 0, 0, 0),
                       "task \"t\" gives a prompt of 1048577 bytes; at most 1048576 are possible",
                       Failure);
  CHECK_THROWS_AS(check_item("t", 0, TINYZERO_TASK_MAX_KEY + 1, 0, 0), Failure);
  CHECK_THROWS_AS(check_item("t", 0, 0, TINYZERO_TASK_MAX_STATE + 1, 0), Failure);
  for (const double difficulty : {std::nan(""), 1.1e15, -std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(check_item("t", 0, 0, 0, difficulty), Failure);
}

TEST_CASE("texts of a task become one printable line") {
  CHECK(plain_line("a\nb\tc\rd") == "a b c?d");
  CHECK(plain_line("plain, with ümlaut") == "plain, with ümlaut");
  CHECK(plain_line("a\x1b[31mb").find('\x1b') == std::string::npos);
  TaskAbout about = good_about();
  about.title = "two\nlines";
  about.reasons[1] = "wrong\nright";
  about.params[0].doc = "a\nb";
  about.params[0].fallback = "a\nb";
  clean_about(about);
  CHECK(about.title == "two lines");
  CHECK(about.reasons[1] == "wrong right");
  CHECK(about.params[0].doc == "a b");
  CHECK(about.params[0].fallback == "a\nb");  // a value stays as it is
}

TEST_CASE("texts in messages are quoted, short and printable") {
  CHECK(shown("3+5") == "\"3+5\"");
  CHECK(shown("a\nb\xFF") == "\"a?b?\"");
  CHECK(shown(std::string(60, 'x')) == "\"" + std::string(60, 'x') + "\"");
  CHECK(shown(std::string(61, 'x')) == "\"" + std::string(60, 'x') + "…\"");
}

TEST_CASE("a detail is cut between characters") {
  CHECK(cut_detail("short") == "short");
  const std::string exact(TINYZERO_TASK_MAX_DETAIL, 'x');
  CHECK(cut_detail(exact) == exact);
  CHECK(cut_detail(exact + "y") == exact);
  const std::string split =
      exact.substr(1) + "ü" + "more";  // ü has two bytes, one within the limit
  CHECK(cut_detail(split) == exact.substr(1));
  CHECK(is_utf8(std::string(cut_detail(split))));
}
