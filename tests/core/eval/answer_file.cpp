#include "core/eval/answer_file.h"

#include <doctest/doctest.h>

#include <fstream>

#include "core/task/stream.h"
#include "support/task.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/answer_file");

namespace {

struct Fixture {
  TemporaryFolder folder;
  fs::path path = folder / "answers.jsonl";
  Task task = open_task("multiplication");
  EvalSet set = draw_eval_set(task, Split::test, 3);
  Json about = {{"model", "m"}, {"problem_set", set.fingerprint}, {"temperature", 1.0}};

  EvalAnswer answer(std::size_t problem, const std::string& completion, bool failed = false) const {
    EvalAnswer a;
    a.problem = problem;
    a.completion = completion;
    a.failed = failed;
    a.tokens = 3;
    return a;
  }
  void append_text(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
  std::vector<EvalAnswer> read() const { return AnswerFile(path).begin(about, task, set); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "answers come back, judged again, once each") {
  {
    AnswerFile file(path);
    CHECK(file.begin(about, task, set).empty());
    file.append(answer(0, *task.solve(set.items[0].state)), set.items[0]);
    file.append(answer(1, "<answer>no</answer>"), set.items[1]);
    file.append(answer(1, "another"), set.items[1]);
    file.append(answer(2, "", true), set.items[2]);
  }
  const auto answers = read();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].right);
  CHECK(answers[0].tokens == 3);
  CHECK(answers[1].completion == "<answer>no</answer>");
  CHECK(answers[1].outcome == Outcome::unparsable);
  {
    AnswerFile file(path);
    file.begin(about, task, set);
    file.append(answer(2, "late"), set.items[2]);
  }
  CHECK(read().size() == 3);  // what had failed has its answer now
}

TEST_CASE_FIXTURE(
    Fixture, "a row that ended by a failure of the server is no answer, whoever took it for one") {
  std::vector<EvalAnswer> rows;
  for (const char* end : {"error", "content_filter", "MAX_TOKENS"}) {
    rows.push_back(answer(rows.size(), "<answer>7</answer>"));
    rows.back().end = end;
  }
  {
    AnswerFile file(path);
    file.begin(about, task, set);
    for (std::size_t i = 0; i < rows.size(); ++i) file.append(rows[i], set.items[i]);
  }
  const auto answers = read();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].problem == 2);
  CHECK(answers[0].end == "length");
}

TEST_CASE_FIXTURE(Fixture, "what was odd about an answer is kept") {
  {
    AnswerFile file(path);
    file.begin(about, task, set);
    EvalAnswer odd = answer(0, "");
    odd.remark = "text only in the reasoning";
    file.append(odd, set.items[0]);
    file.append(answer(1, "a"), set.items[1]);
  }
  const auto answers = read();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].remark == "text only in the reasoning");
  CHECK(answers[1].remark.empty());
  CHECK(read_file(path).find("\"remark\"") == read_file(path).rfind("\"remark\""));
}

TEST_CASE_FIXTURE(Fixture, "half a line at the end is cut, at every byte") {
  {
    AnswerFile file(path);
    file.begin(about, task, set);
    file.append(answer(0, "a"), set.items[0]);
    file.append(answer(1, "b"), set.items[1]);
  }
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    fs::resize_file(path, 0);
    append_text(whole.substr(0, size));
    const auto lines = static_cast<std::size_t>(
        std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size), '\n'));
    CHECK(read().size() == (lines > 0 ? lines - 1 : 0));
    AnswerFile file(path);
    file.begin(about, task, set);
    file.append(answer(2, "c"), set.items[2]);
    CHECK(read_file(path).substr(0, 14) == "{\"evaluation\":");
    CHECK(read_file(path).find("}\n{\"model\":\"m\",\"problem\":2") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "another evaluation of the model, another file, another writer are refused") {
  AnswerFile(path).begin(about, task, set);
  Json warmer = about;
  warmer["temperature"] = 2.0;
  CHECK_THROWS_WITH_AS(AnswerFile(path).begin(warmer, task, set),
                       doctest::Contains("m with temperature 1.0, this evaluation has 2.0"), Error);
  Json seeded = about;
  seeded["seed"] = 3;
  CHECK_THROWS_WITH_AS(AnswerFile(path).begin(seeded, task, set),
                       doctest::Contains("seed null, this evaluation has 3"), Error);
  Json other = warmer;
  other["model"] = "n";
  CHECK(AnswerFile(path).begin(other, task, set).empty());
  {
    const AnswerFile holder(path);
    CHECK_THROWS_WITH_AS(AnswerFile{path}, doctest::Contains("another process writes"), Error);
  }
  append_text(
      "{\"model\":\"m\",\"problem\":9,\"sample\":0,\"greedy\":false,\"completion\":\"\",\"end\":"
      "\"eos\",\"tokens\":1}\n");
  CHECK_THROWS_WITH_AS(
      read(), doctest::Contains("answers.jsonl:3 answers a problem that is not in the set"), Error);
  const std::string good =
      R"({"model":"m","problem":0,"sample":0,"greedy":false,"completion":"","end":"eos",)"
      R"("tokens":1})";
  for (const auto& [number, instead] :
       {std::pair("\"problem\":0", "\"problem\":0.5"), std::pair("\"problem\":0", "\"problem\":-1"),
        std::pair("\"sample\":0", "\"sample\":18446744073709551615"),
        std::pair("\"tokens\":1", "\"tokens\":1e3")}) {
    std::string line = good;
    line.replace(line.find(number), std::string(number).size(), instead);
    CAPTURE(line);
    fs::resize_file(path, 0);
    AnswerFile(path).begin(about, task, set);
    append_text(line + "\n");
    CHECK_THROWS_WITH_AS(read(), doctest::Contains("answers.jsonl:2: \""), Error);
  }
  const fs::path precious = folder / "notes.txt";
  write_file_synced(precious, "precious, without a line end");
  CHECK_THROWS_WITH_AS(AnswerFile{precious}, doctest::Contains("is no file of completions"), Error);
  CHECK(read_file(precious) == "precious, without a line end");
}
