// Data files as tasks, through the plugin as the host loads it.

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/task/stream.h"
#include "support/task.h"
#include "support/temporary.h"
#include "tinyzero/key.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/dataset");

namespace {

const std::string kProblems = TINYZERO_SOURCE "/tests/data/word_problems.jsonl";

Task open_problems(const std::string& settings = "") {
  return open_task("dataset", "{file: " + kProblems + ", grade: number" + settings + "}");
}

// A task of these lines.
struct Data {
  TemporaryFolder folder;
  std::string path = folder / "data.jsonl";

  explicit Data(const std::string& lines) { write_file_synced(path, lines); }
  Task open(const std::string& settings) const {
    return open_task("dataset", "{file: " + path + ", " + settings + "}");
  }
};

}  // namespace

TEST_CASE("each row comes once before any comes twice, and in another order for another seed") {
  const Task task = open_problems();
  std::vector<std::string> orders;
  for (const std::uint64_t seed : {1, 2}) {
    std::set<std::string> states;
    std::string order;
    for (const Item& item : task.draw(seed, 0, 200)) {
      states.insert(item.state);
      order += item.state;
    }
    CHECK(states.size() == 200);
    orders.push_back(order);
  }
  CHECK(orders[0] != orders[1]);
}

TEST_CASE("verdicts have the reasons of the answer") {
  struct Case {
    const char *completion, *reason;
    Outcome outcome;
    double reward;
  };
  const Case cases[] = {{"6*7=42\n<answer>42</answer>", "correct", Outcome::scored, 1},
                        {"The answer is 42.", "correct", Outcome::scored, 1},
                        {"<answer>41</answer>", "wrong answer", Outcome::scored, 0.1},
                        {"<answer>41, 42</answer>", "several answers", Outcome::unparsable, 0},
                        {"<answer>many</answer>", "not such an answer", Outcome::unparsable, 0},
                        {"<answer> </answer>", "blank answer", Outcome::unparsable, 0},
                        {"", "blank answer", Outcome::unparsable, 0}};
  const Task task = open_problems(", format_reward: 0.1");
  for (const Case& c : cases) {
    CAPTURE(c.completion);
    const Verdict verdict = judge(task, R"({"answer":"42"})", c.completion);
    CHECK(task.reason(verdict) == c.reason);
    CHECK(verdict.outcome == c.outcome);
    CHECK(verdict.reward == c.reward);
    CHECK(verdict.parts[0] == (verdict.reward == 1 ? 1 : 0));
    CHECK(verdict.parts[1] == (c.outcome == Outcome::scored ? 1 : 0));
  }
  const Task tags = open_problems(", find: tags");
  CHECK(tags.reason(judge(tags, R"({"answer":"42"})", "42")) == "no answer");
  const Task math = open_task("dataset", "{file: " + kProblems + ", grade: math}");
  const Verdict open = judge(math, R"({"answer":"5"})", "<answer>5m</answer>");
  CHECK(open.outcome == Outcome::abstain);
  CHECK(math.reason(open) == "cannot tell");
}

TEST_CASE("a state may hold several right answers, and a damaged one is an error") {
  const Task task = open_problems();
  CHECK(task.is_right(judge(task, R"({"answer":["41","42"]})", "42")));
  CHECK_FALSE(task.is_right(judge(task, R"({"answer":["41","42"]})", "43")));
  for (const char* state : {"", "{}", "[]", R"({"answer":42})", R"({"answer":[]})",
                            R"({"answer":["1",2]})", R"({"answer":"what"})"}) {
    CAPTURE(state);
    CHECK(judge(task, state, "<answer>42</answer>").outcome == Outcome::error);
  }
}

TEST_CASE("solutions earn the full reward in every place, demonstrations where the data has them") {
  for (const char* find : {"auto", "tags", "boxed", "marker", "last_line", "whole"}) {
    CAPTURE(find);
    const Task task = open_problems(std::string(", demonstration: answer, find: ") + find);
    for (const Item& item : task.draw(1, 0, 20)) {
      const auto solution = task.solve(item.state);
      REQUIRE(solution);
      CHECK(task.is_right(judge(task, item.state, *solution)));
      if (std::string(find) == "whole") continue;  // a worked solution is no bare answer
      const std::string shown = task.demonstrate(item.state, 1, item.index);
      CHECK(shown.find("####") != std::string::npos);
      CHECK(task.is_right(judge(task, item.state, shown)));
    }
  }
  const Task bare = open_problems();
  CHECK(bare.demonstrate(R"({"answer":"42"})", 1, 1) == "<answer>42</answer>");
}

TEST_CASE("a pattern without an answer of its own is solved by the row's demonstration") {
  const Data data(R"({"question": "q", "answer": "[Bb]lue", "demo": "It is\nblue"})");
  const Task task = data.open("grade: regex, demonstration: demo");
  const Item item = task.draw(1, 0, 1).front();
  CHECK(task.solve(item.state) == "It is\nblue");
  CHECK_FALSE(task.solve(R"({"answer":"[Bb]lue"})"));
}

TEST_CASE("equations of completions are counted") {
  const Task task = open_problems();
  const TraitRow row =
      task.count_traits({{"{}", "3*4=12, 12+1=14, so <answer>14</answer>"}}).front();
  CHECK(row == TraitRow{2, 0.5});
}

TEST_CASE("rows of a file for the test are the test, and no problem is on both sides") {
  const Data data(
      "{\"question\": \"a\", \"answer\": \"1\"}\n{\"question\": \"b\", \"answer\": \"2\"}\n");
  std::string more;
  for (int i = 0; i < 50; ++i)
    more += "{\"question\": \"word " + std::string(1 + i % 26, 'x') + std::string(1 + i / 26, 'y') +
            "\", \"answer\": \"1\"}\n";
  write_file_synced(data.folder / "train.jsonl",
                    more + "{\"question\": \" a \", \"answer\": \"1\"}\n");
  const Task task = open_task("dataset", "{file: " + (data.folder / "train.jsonl").string() +
                                             ", test_file: " + data.path + "}");
  std::map<Split, std::size_t> counts;
  for (const Item& item : task.draw(1, 0, 52)) {
    const Split split = split_of_key(item.key);
    ++counts[split];
    CHECK((split == Split::test) == (item.prompt == "a" || item.prompt == "b"));
    CHECK((split == Split::test) == (item.state.find("test_line") != std::string::npos));
  }
  CHECK(counts[Split::test] == 2);
  CHECK(counts[Split::train] > 35);
  CHECK(counts[Split::validation] > 0);
  CHECK(task.notes() ==
        std::vector<std::string>{"1 row of `file` left out: the same problems are in `test_file`"});
}

TEST_CASE("wordings can be held out, and are told where they are not") {
  const Data data(
      "{\"question\": \"Has 1\", \"answer\": \"1\"}\n{\"question\": \"has 2\", \"answer\": "
      "\"2\"}\n");
  CHECK(data.open("grade: number").notes().size() == 1);
  const Task task = data.open("grade: number, hold_out: wordings");
  CHECK(task.notes().empty());
  const auto items = task.draw(1, 0, 2);
  CHECK(items[0].key != items[1].key);
  CHECK(group_of_key(items[0].key) == group_of_key(items[1].key));
}

TEST_CASE("in a worker the task reads its file, and says and judges the same") {
  const std::string settings = "{file: " + kProblems + ", grade: number, demonstration: answer}";
  const Node map = parse_yaml(settings, "settings");
  const Task inside = open_task("dataset", settings);
  const Task outside = open_task(PluginCatalog({TINYZERO_PLUGINS}, {}), "dataset", &map);
  CHECK(outside.notes() == inside.notes());
  CHECK(outside.notes().size() == 1);
  for (const Item& item : inside.draw(1, 0, 20)) {
    CHECK(outside.draw(1, {item.index}).front().state == item.state);
    CHECK(outside.demonstrate(item.state, 1, 1) == inside.demonstrate(item.state, 1, 1));
    CHECK(outside.is_right(judge(outside, item.state, *inside.solve(item.state))));
  }
}

TEST_CASE("settings that cannot be used are refused") {
  const Data data("{\"question\": \"a\", \"answer\": \"1\"}\n");
  struct Case {
    std::string settings, what;
  };
  const Case cases[] = {
      {"{}", "no file is named"},
      {"{file: " + data.path + ", prompt: q}", "its columns are question, answer"},
      {"{file: " + data.path + ", find: marker, marker: \"\"}", "the marker is empty"},
      {"{file: " + data.path + ", test_file: " + data.path + ", hold_out: wordings}",
       "hold_out: wordings divides one file"},
      {"{file: " + data.path + ", grade: choice}", "line 1: its answer \"1\" cannot be graded"},
      {"{file: " + data.path + ", grade: maths}", "maths"}};
  for (const Case& c : cases) {
    CAPTURE(c.settings);
    CHECK_THROWS_WITH_AS(open_task("dataset", c.settings), doctest::Contains(c.what.c_str()),
                         Error);
  }
}
