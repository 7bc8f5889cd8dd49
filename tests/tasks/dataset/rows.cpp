// Rows of data files as problems.

#include "tasks/dataset/rows.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/rows");

namespace {

struct Read {
  std::vector<Row> rows;
  std::vector<std::string> notes;
  std::string error;  // with FILE for the file's path
};

Read read(const std::string& content, const RowSettings& settings = {},
          const std::string& name = "x.jsonl") {
  const TemporaryFolder folder;
  const std::string path = folder / name;
  write_file_synced(path, content);
  Read out;
  try {
    out.rows = read_rows(path, settings, *number_grade(), out.notes);
  } catch (const std::invalid_argument& e) {
    out.error = e.what();
  }
  for (std::string* text : {&out.error, out.notes.empty() ? &out.error : &out.notes[0]}) {
    for (std::size_t at; (at = text->find(path)) != std::string::npos;)
      text->replace(at, path.size(), "FILE");
  }
  return out;
}

}  // namespace

TEST_CASE("a row has its prompt, key, reference answer, line and what else is asked for") {
  const Read out = read(
      "{\"question\": \" One\\n plus one?\", \"answer\": \"1+1=2\\n#### 2\", \"level\": \"Level "
      "3\"}\n",
      {.columns = {.demonstration = "answer", .difficulty = "level"},
       .system = "Be brief.",
       .suffix = "\nAnswer in <answer></answer>."});
  CHECK(out.error == "");
  REQUIRE(out.rows.size() == 1);
  CHECK(out.rows[0].prompt == "Be brief.\n\n One\n plus one?\nAnswer in <answer></answer>.");
  CHECK(out.rows[0].key == "One plus one?");
  CHECK(out.rows[0].answers == std::vector<std::string>{"2"});
  CHECK(out.rows[0].demonstration == "1+1=2\n#### 2");
  CHECK(out.rows[0].difficulty == 3);
  CHECK(out.rows[0].line == 1);
}

TEST_CASE("conversations, lists of answers, choices and CSV are read") {
  const Read out = read(
      R"~({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}, )~"
      R"~({"role": "assistant", "content": "6*7=42"}], )~"
      R"~("reward_model": {"ground_truth": [42, "42.0"]}})~");
  CHECK(out.error == "");
  REQUIRE(out.rows.size() == 1);
  CHECK(out.rows[0].prompt == "S\n\nQ");
  CHECK(out.rows[0].answers == std::vector<std::string>{"42", "42.0"});
  CHECK(out.rows[0].demonstration == "6*7=42");

  const Read choices = read("{\"question\": \"Q\", \"choices\": [\"x\", \"y\"], \"answer\": 1}",
                            {.columns = {.options = "choices"}});
  REQUIRE(choices.rows.size() == 1);
  CHECK(choices.rows[0].prompt == "Q\nA. x\nB. y");

  const Read csv = read("question,answer\n\"a, b\",1\n", {}, "x.csv");
  REQUIRE(csv.rows.size() == 1);
  CHECK(csv.rows[0].prompt == "a, b");
}

TEST_CASE("a bad row is an error with its line, or left out and told") {
  const std::string content =
      "{\"question\": \"a\", \"answer\": 1}\n{\"question\": \"b\", \"answer\": \"about ten\"}\n"
      "{\"question\": \"\", \"answer\": 1}\n{\"question\": \"c\"}\nnonsense\n";
  const Read refused = read(content);
  CHECK(refused.error ==
        "FILE, line 2: its answer \"about ten\" cannot be graded: it is not a number; and 3 more: "
        "3, 4, 5; bad_rows: skip leaves such rows out");
  const Read skipped = read(content, {.skip_bad = true});
  CHECK(skipped.error == "");
  CHECK(skipped.rows.size() == 1);
  REQUIRE(skipped.notes.size() == 1);
  CHECK(skipped.notes[0] ==
        "4 of 5 rows are left out: FILE, line 2: its answer \"about ten\" cannot be graded: it is "
        "not a "
        "number; and 3 more: 3, 4, 5");
}

TEST_CASE("what is wrong with a file is said") {
  struct Case {
    std::string content;
    RowSettings settings;
    std::string error;
  };
  const Case cases[] = {
      {"{\"question\": \"a\"}\n", {}, "FILE has no column that is known as the answer"},
      {"{\"question\": \"a\", \"answer\": 1}",
       {.columns = {.prompt = "q"}},
       "FILE has no column \"q\""},
      {"[]", {}, "FILE has no rows"},
      {"nonsense\n", {.skip_bad = true}, "FILE, line 1: it is not JSON"},
      {"{\"question\": \"a\", \"answer\": {\"x\": 1}}",
       {},
       "no text or number in its answer column"},
      {"{\"question\": \"a\", \"answer\": 1, \"d\": \"hard\"}",
       {.columns = {.difficulty = "d"}},
       "difficulty \"hard\" is not a number"},
      {"{\"question\": \"a\", \"answer\": 1, \"o\": 3}\n{\"question\": \"b\", \"answer\": 1}",
       {.columns = {.options = "o"}},
       "line 2: it has no list of up to 26 texts"},
      {"{\"question\": \"" + std::string(70000, 'x') + "\", \"answer\": 1}",
       {},
       "its prompt has 70000 bytes"}};
  for (const Case& c : cases) {
    CAPTURE(c.content.substr(0, 100));
    CHECK(read(c.content, c.settings).error.find(c.error) != std::string::npos);
  }
}
