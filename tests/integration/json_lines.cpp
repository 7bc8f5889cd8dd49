// Commands that answer JSON lines: a line that cannot be used costs itself alone, and answers come
// while the input is still open.

#include <doctest/doctest.h>

#include <csignal>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/json_lines");

namespace {

const std::string kModel = (golden_folder() / "hf" / "qwen2_tied").string();
const std::string kRight =
    R"({"state":{"numbers":[3,5],"target":8},"completion":"<answer>3+5</answer>"})";

std::vector<Json> rows_of(const std::string& text) {
  std::vector<Json> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out.push_back(parse_json(text.substr(at, end - at), "a line"));
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE(
    "task verify: a bad line is one row of outcome error with its number, and every other line is "
    "judged") {
  const std::pair<std::string, std::string> bad[] = {
      {"{\"state\":",
       "line 3 of standard input is not valid JSON: it ends in the middle of a value"},
      {"[1]", "line 3 of standard input is not a JSON object"},
      {"\"text\"", "line 3 of standard input is not a JSON object"},
      {"{\"completion\":\"\"}", "line 3 of standard input has no \"state\""},
      {"{\"state\":{}}", "line 3 of standard input has no \"completion\""},
      {"{\"state\":{},\"completion\":5}",
       "line 3 of standard input: \"completion\" has the wrong type"},
      {"{\"state\":{},\"completion\":null}",
       "line 3 of standard input: \"completion\" has the wrong type"},
      {"\xff",
       "line 3 of standard input is not valid JSON: line 1, column 1: a byte that is not UTF-8"},
      {std::string("{\"a\":") + '\0' + "}",
       "line 3 of standard input is not valid JSON: line 1, column 6: a control character"},
      {std::string(100000, '['),
       "line 3 of standard input is not valid JSON: it is nested more than 256 deep"},
      {"{\"state\":" + std::string(300, '[') + std::string(300, ']') + ",\"completion\":\"\"}",
       "line 3 of standard input is not valid JSON: it is nested more than 256 deep"},
  };
  for (const auto& [line, reason] : bad) {
    CAPTURE(reason);
    const ProcessResult result =
        tinyzero::tinyzero({"task", "verify", "countdown"}, kRight + "\n\n" + line + "\n" + kRight);
    const auto rows = rows_of(result.out);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0]["reward"] == 1.0);
    CHECK(rows[2] == rows[0]);
    CHECK(rows[1]["outcome"] == "error");
    CHECK(rows[1]["reward"] == 0.0);
    CHECK(rows[1]["line"] == 3);
    CHECK(rows[1]["parts"] == parse_json(R"({"correct":0.0,"format":0.0})", "parts"));
    CHECK(rows[1]["reason"].get<std::string>().find(reason) == 0);
    CHECK(result.code == 2);
    CHECK(result.err.find("error: 1 of 4 lines was refused; the first: line 3") == 0);
  }
}

TEST_CASE("task verify: what a task cannot judge is its row's error, not the line's") {
  const ProcessResult result = tinyzero::tinyzero(
      {"task", "verify", "countdown"}, "{\"state\":{},\"completion\":\"\"}\n" + kRight + "\n");
  const auto rows = rows_of(result.out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["outcome"] == "error");
  CHECK_FALSE(rows[0].contains("line"));
  CHECK(rows[1]["reward"] == 1.0);
  CHECK(result.code == 0);
}

TEST_CASE("answers flow while the input is open") {
  const std::pair<std::vector<std::string>, std::string> commands[] = {
      {{"task", "verify", "countdown"}, kRight},
      {{"task", "solve", "countdown"}, R"({"state":{"numbers":[3,5],"target":8}})"},
      {{"model", "tokenize", kModel}, R"({"text":"abc"})"},
      {{"model", "score", kModel}, R"({"ids":[1,2,3]})"},
  };
  for (const auto& [words, question] : commands) {
    std::vector<std::string> command = {tinyzero_path()};
    command.insert(command.end(), words.begin(), words.end());
    CAPTURE(words[1]);
    TalkingProcess process(command);
    for (int round = 0; round < 2; ++round) {
      process.write(question + "\n");
      CHECK(process.read_line().starts_with("{"));
    }
    process.write(question);  // without a line end, to the end of the input
    CHECK(process.finish() == 0);
  }
}

TEST_CASE("every command that reads lines goes on after a bad one") {
  const std::tuple<std::vector<std::string>, std::string, const char*> commands[] = {
      {{"task", "solve", "countdown"}, R"({"state":{"numbers":[3,5],"target":8}})", "solvable"},
      {{"model", "tokenize", kModel}, R"({"text":"abc"})", "ids"},
      {{"model", "score", kModel}, R"({"ids":[1,2,3]})", "logprobs"},
      {{"model", "generate", kModel, "--max-tokens", "2"}, R"({"ids":[1,2,3]})", "end"},
  };
  const std::string deep = "{\"ids\":" + std::string(50000, '[') + "}";
  for (const auto& [words, good, field] : commands) {
    CAPTURE(words[1]);
    const ProcessResult result =
        tinyzero::tinyzero(words, "nonsense\n" + good + "\n" + deep + "\n{}\n" + good + "\n[]");
    const auto rows = rows_of(result.out);
    REQUIRE(rows.size() == 6);
    for (const std::size_t row : {0, 2, 3, 5}) {
      CHECK(rows[row].contains("error"));
      CHECK(rows[row]["line"] == row + 1);
    }
    CHECK(rows[1].contains(field));
    CHECK(rows[4].contains(field));
    CHECK(result.code == 2);
    CHECK(result.err.find("4 of 6 lines were refused") != std::string::npos);
  }
}

TEST_CASE("token ids are whole numbers of the vocabulary, never rounded or cut to 32 bits") {
  const std::pair<const char*, const char*> bad[] = {
      {R"({"ids":[1,4294967297]})", "4294967297"},
      {R"({"ids":[1.5]})", "1.5"},
      {R"({"ids":[1.0]})", "1.0"},
      {R"({"ids":[true]})", "true"},
      {R"({"ids":[null]})", "null"},
      {R"({"ids":["1"]})", "\"1\""},
      {R"({"ids":[-1]})", "-1"},
      {R"({"ids":[18446744073709551615]})", "18446744073709551615"},
      {R"({"ids":[[1]]})", "[1]"},
      {R"({"ids":3})", "not a list"},
      {R"({"ids":null})", "not a list"},
      {R"({"ids":[1,999999]})", "token id 999999 is outside"},
      {R"({"ids":[]})", "empty prompt"},
  };
  for (const auto& [line, part] : bad) {
    for (const char* command : {"score", "generate"}) {
      CAPTURE(line);
      CAPTURE(command);
      const ProcessResult result = tinyzero::tinyzero({"model", command, kModel}, line);
      const auto rows = rows_of(result.out);
      REQUIRE(rows.size() == 1);
      CHECK(rows[0]["error"].get<std::string>().find(part) != std::string::npos);
      CHECK(result.code == 2);
    }
  }
  const ProcessResult both =
      tinyzero::tinyzero({"model", "generate", kModel}, R"({"ids":[1],"prompt":"a"})");
  CHECK(both.code == 2);
  CHECK(rows_of(both.out)[0]["error"].get<std::string>().find("has both \"ids\" and \"prompt\"") !=
        std::string::npos);
}

TEST_CASE("a line of more than 64 MiB is refused and the next one answered") {
  const ProcessResult result = tinyzero::tinyzero(
      {"task", "verify", "countdown"},
      "{\"x\":\"" + std::string((std::size_t{64} << 20) + 100000, 'x') + "\"}\n" + kRight);
  const auto rows = rows_of(result.out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["reason"] == "line 1 of standard input is longer than 64 MiB");
  CHECK(rows[1]["reward"] == 1.0);
}

TEST_CASE("a state that JSON would write in another way travels as a text, byte for byte") {
  const std::string state = R"({ "numbers": [3, 5], "target": 8 })";
  const ProcessResult verified = tinyzero::tinyzero(
      {"task", "verify", "countdown"},
      json_line({{"state", state}, {"completion", "<answer>3+5</answer>"}}) + "\n");
  CHECK(rows_of(verified.out)[0]["reward"] == 1.0);
}
