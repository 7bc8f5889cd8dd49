#include "core/cli/settings_text.h"

#include <doctest/doctest.h>

#include "core/task/settings.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/settings_text");

namespace {

struct Example {
  std::int64_t numbers = 3;
  double scale = 0.5;
  std::string kind = "plain";

  SettingsTable table() {
    SettingsTable t;
    t.add("numbers", numbers, "how many numbers").between(2, 6);
    t.add("kind", kind, "what they are").one_of({"plain", "odd"});
    t.add("scale", scale, "of odd ones");
    return t;
  }
};

}  // namespace

TEST_CASE("a setting has a line with its default and a line with what it accepts") {
  Example example;
  const std::string text = settings_text(example.table());
  CHECK(text.starts_with("  numbers          3            how many numbers\n"));
  CHECK(text.find("plain") < text.find("scale"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 6);
}

TEST_CASE("settings as JSON say type, bounds and choices where there are some") {
  Example example;
  const Json json = settings_json(example.table());
  REQUIRE(json.size() == 3);
  CHECK(json[0]["name"] == "numbers");
  CHECK(json[0]["type"] == "integer");
  CHECK(json[0]["low"] == 2);
  CHECK(json[0]["high"] == 6);
  CHECK(json[1]["type"] == "text");
  CHECK(json[1]["choices"] == Json({"plain", "odd"}));
  CHECK(json[2]["type"] == "real");
  CHECK_FALSE(json[2].contains("choices"));
}

TEST_CASE("settings of the command line have plain names") {
  const Node map = settings_from_words({"numbers=3", "target=[1, 9]"});
  REQUIRE(map.find("target") != nullptr);
  CHECK(map.find("target")->items.size() == 2);
  CHECK_THROWS_WITH(settings_from_words({"a.b=1"}), doctest::Contains("no dots"));
}
