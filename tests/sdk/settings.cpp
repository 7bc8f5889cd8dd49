#include "tinyzero/settings.h"

#include <doctest/doctest.h>

#include <clocale>
#include <cstdlib>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/settings");

TEST_CASE("a table knows types, defaults and fields") {
  std::int64_t count = 3;
  double rate = 2e-4;
  bool on = true;
  std::string word = "+-*/";
  std::vector<double> clip = {0.2, 0.28};
  SettingsTable table;
  table.add("count", count, "how many").between(1, 9);
  table.add("rate", rate, "how fast");
  table.add("on", on, "whether");
  table.add("word", word, "which");
  table.add("clip", clip, "limits").up_to(2);

  CHECK(table.find("count")->fallback == "3");
  CHECK(table.find("rate")->fallback == "0.0002");
  CHECK(table.find("on")->fallback == "true");
  CHECK(table.find("word")->fallback == "\"+-*/\"");
  CHECK(table.find("clip")->fallback == "[0.2, 0.28]");
  CHECK(table.find("count")->type() == SettingType::integer);
  CHECK(table.find("clip")->type() == SettingType::real);
  CHECK(table.find("clip")->is_list());
  CHECK(table.find("nothing") == nullptr);

  table.find("count")->assign({{7}, {}, {}});
  table.find("clip")->assign({{}, {0.1}, {}});
  table.find("on")->assign({{0}, {}, {}});
  CHECK(count == 7);
  CHECK(clip == std::vector<double>{0.1});
  CHECK_FALSE(on);
  CHECK(table.find("count")->text() == "7");
  CHECK(table.find("count")->fallback == "3");
}

TEST_CASE("numbers are written so that they read back the same") {
  for (const double value : {0.1, 1.0, 100.0, 1e6, 1e-9, 2.0 / 3.0, 1e300, -0.25, 0.0})
    CHECK(std::strtod(real_text(value).c_str(), nullptr) == value);
  CHECK(real_text(100.0) == "100");
  CHECK(real_text(0.28) == "0.28");
  CHECK(real_text(1e-5) == "1e-05");  // as printf's %g, since files hold it
  CHECK(real_text(0.0002) == "0.0002");
  CHECK(real_text(1e300) == "1e+300");
  CHECK(real_text(123456.75) == "123456.75");
}

TEST_CASE("numbers in text are read whole or not at all") {
  struct Case {
    const char* text;
    std::optional<double> value;
  };
  const Case reals[] = {
      {"1.5", 1.5}, {"-1e-4", -1e-4}, {"+.5", 0.5},   {"1.", 1.0}, {"1e3", 1000.0}, {"1e-999", 0.0},
      {"0.1", 0.1}, {"", {}},         {".", {}},      {"1,5", {}}, {"1.5 ", {}},    {" 1", {}},
      {"1e", {}},   {"1e999", {}},    {"--1", {}},    {"+-1", {}}, {"inf", {}},     {"nan", {}},
      {"0x10", {}}, {"1_000", {}},    {"1e+2", 100.0}};
  for (const Case& c : reals) {
    CAPTURE(c.text);
    CHECK(parse_real(c.text) == c.value);
  }
  CHECK(parse_integer("-7") == -7);
  CHECK(parse_integer("+7") == 7);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  for (const char* text :
       {"", "+", "-", "+-1", "1.0", "1e3", " 1", "1 ", "9223372036854775808", "0x1", "1'000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text));
  }
}

TEST_CASE("the process's locale changes no number") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    CAPTURE(name);
    CHECK(real_text(0.28) == "0.28");
    CHECK(parse_real("1.5") == 1.5);
    CHECK_FALSE(parse_real("1,5"));
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("texts are quoted where YAML would see something else") {
  CHECK(yaml_text("strict") == "strict");
  CHECK(yaml_text("/models/Qwen2.5-0.5B") == "/models/Qwen2.5-0.5B");
  CHECK(yaml_text("") == "\"\"");
  CHECK(yaml_text("true") == "\"true\"");
  CHECK(yaml_text("3") == "\"3\"");
  CHECK(yaml_text("a: b") == "\"a: b\"");
  CHECK(yaml_text("say \"x\"\n") == "\"say \\\"x\\\"\\n\"");
}
