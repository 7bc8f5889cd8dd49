#include "core/cli/completion_text.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/cli/terminal.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/completion_text");

namespace {

const Json kRecord = {{"problem", 3},        {"sample", 1},       {"reward", 0.25},
                      {"outcome", "scored"}, {"reason", "wrong"}, {"tokens", 1},
                      {"end", "eos"},        {"key", "k"},        {"prompt", "1+1="},
                      {"completion", "a\nb"}};

}  // namespace

TEST_CASE("verdict, key, prompt and completion, each under its name") {
  CHECK(completion_text(kRecord, 120) ==
        "problem 3 · sample 1 · reward 0.25 · scored: wrong · 1 token · end eos\n"
        "  key         k\n"
        "  prompt      1+1=\n"
        "  completion  a\n"
        "              b\n");
}

TEST_CASE("what a record lacks or what is ordinary is left out") {
  Json record = kRecord;
  record.erase("key");
  record["difficulty"] = 2.5;
  record["kept"] = false;
  record["tokens"] = "many";
  const std::string text = completion_text(record, 120);
  CHECK(text.find("token") == std::string::npos);
  CHECK(text.find("key") == std::string::npos);
  CHECK(text.find("difficulty 2.5 · not in the update\n") != std::string::npos);
}

TEST_CASE("of a long text the begin and the end are shown, within the columns") {
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "line " + std::to_string(i) + "\n";
  Json record = kRecord;
  record["completion"] = lines;
  const std::string text = completion_text(record, 60);
  CHECK(text.find("line 11\n") != std::string::npos);
  CHECK(text.find("… 14 lines …") != std::string::npos);
  CHECK(text.find("line 12\n") == std::string::npos);
  CHECK(text.find("line 26\n") != std::string::npos);
  record["completion"] = std::string(500, 'x');
  const std::string wide = completion_text(record, 60);
  for (std::size_t at = 0; at < wide.size();) {
    const std::size_t end = wide.find('\n', at);
    CHECK(text_columns(wide.substr(at, end - at)) <= 60);
    at = end + 1;
  }
}

TEST_CASE("fields of another type are as if they were not there") {
  CHECK(text_field({{"a", "x"}}, "a") == "x");
  CHECK(text_field({{"a", 1}}, "a").empty());
  CHECK(text_field(Json::object(), "a").empty());
  CHECK(number_field({{"a", 1.5}}, "a") == 1.5);
  CHECK(std::isnan(number_field({{"a", "1.5"}}, "a")));
}
