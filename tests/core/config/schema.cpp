#include "core/config/schema.h"

#include <doctest/doctest.h>

#include "support/experiment_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/schema");

TEST_CASE("a setting has type, range, choices, default and meaning") {
  SmallTables f;
  const Json schema = experiment_schema(f.tables);
  const Json part = schema.at("properties").at("part").at("properties");
  CHECK(part.at("level").at("type") == "integer");
  CHECK(part.at("level").at("minimum").dump() == "1");
  CHECK(part.at("level").at("maximum").dump() == "9");
  CHECK(part.at("level").at("default") == 1);
  CHECK(part.at("kind").at("enum") == Json::array({"soft", "hard"}));
  CHECK(part.at("on").at("default") == false);
  CHECK(part.at("hardness").at("type") == "number");
  CHECK(part.at("hardness").at("description") ==
        "for hard ones. Only with kind: hard. Default: 0.5");
  const Json words = part.at("words").at("anyOf");
  CHECK(words.at(0).at("type") == "string");
  CHECK(words.at(1).at("maxItems") == 3);
  CHECK(part.at("words").at("default") == Json::array({"a"}));
  CHECK(schema.at("properties").at("part").at("additionalProperties") == false);
}

TEST_CASE("settings that need others are rules for files that extend no other") {
  SmallTables f;
  const Json schema = experiment_schema(f.tables);
  CHECK(schema.at("if") == Json::parse(R"({"required": ["extends"]})"));
  const Json rules = schema.at("else").at("properties").at("part").at("allOf");
  REQUIRE(rules.size() == 2);
  // The default of `kind` is another one, so it must be written; so must `level`.
  CHECK(rules.at(0) == Json::parse(R"({"if": {"required": ["hardness"]},
      "then": {"properties": {"kind": {"const": "hard"}}, "required": ["kind"]}})"));
  CHECK(rules.at(1) == Json::parse(R"({"if": {"required": ["on"]},
      "then": {"properties": {"level": {"not": {"const": 1}}}, "required": ["level"]}})"));
}

TEST_CASE("a plugin is its name, a path, or a map whose settings depend on the name") {
  SmallTables f;
  const Json schema = experiment_schema(f.tables);
  const Json task = schema.at("properties").at("task").at("anyOf");
  const Json names = task.at(1).at("properties").at("use").at("anyOf");
  CHECK(names.at(0).at("enum") == Json::array({"count"}));
  CHECK(names.at(1).at("pattern") == "/|\\.so$|\\.py(:|$)|^rg:");
  CHECK(names.at(2).at("const") == "mix");
  const Json one = task.at(1).at("allOf").at(0);
  CHECK(one.at("if").at("properties").at("use").at("const") == "count");
  const Json settings = one.at("then").at("properties");
  for (const char* name : {"use", "in_process", "level", "words", "levels"})
    CHECK(settings.contains(name));
  CHECK(settings.at("levels").at("items").at("properties").at("level").at("$ref") ==
        "#/properties/task/anyOf/1/allOf/0/then/properties/level");
  const Json algorithm = schema.at("properties").at("algorithm").at("anyOf").at(1).at("allOf");
  CHECK(algorithm.at(0).at("then").at("properties").at("variant").at("enum") ==
        Json::array({"dapo"}));
  CHECK_FALSE(algorithm.at(0).at("then").at("properties").contains("in_process"));
}

TEST_CASE("the rules of an algorithm with variants hold where none is chosen") {
  SmallTables f;
  const Json rules = experiment_schema(f.tables).at("else").at("properties");
  const Json algorithm = rules.at("algorithm").at("then").at("allOf").at(0);
  CHECK(algorithm.at("if").at("properties").at("use").at("const") == "grpo");
  const Json rule = algorithm.at("then").at("allOf").at(0);
  CHECK(rule.at("if") == Json::parse(R"({"required": ["variant"]})"));
  CHECK(rule.at("else").at("allOf").size() == 2);
  CHECK(rules.at("task").at("then").at("allOf").at(0).at("then").at("allOf").size() == 2);
}

TEST_CASE("every reference of the schema leads somewhere") {
  SmallTables f;
  const Json schema = experiment_schema(f.tables);
  int references = 0;
  const auto check = [&](const auto& self, const Json& json) -> void {
    if (json.is_object() && json.contains("$ref") && json["$ref"].is_string()) {
      const std::string target = json["$ref"].get<std::string>();
      CAPTURE(target);
      CHECK(target.starts_with("#/"));
      CHECK(schema.contains(Json::json_pointer(target.substr(1))));
      ++references;
    }
    if (json.is_structured())
      for (const Json& child : json) self(self, child);
  };
  check(check, schema);
  CHECK(references > 10);
}
