#include "core/config/yaml.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/yaml");

TEST_CASE("values remember where they stand") {
  const Node root = parse_yaml(
      "seed: 1\ntrain:\n  steps: 20\n  name: \"3\"\nlist: [1, a, \"b\"]\nnothing: ~\n", "x.yaml");
  CHECK(root.find("seed")->origin.text() == "x.yaml:1:7");
  const Node* steps = root.find("train")->find("steps");
  CHECK(steps->scalar == "20");
  CHECK(steps->origin.text() == "x.yaml:3:10");
  CHECK(root.find("train")->find("name")->quoted);
  CHECK(root.find("list")->items.size() == 3);
  CHECK(root.find("nothing")->kind == Node::Kind::null);
  CHECK(root.find("absent") == nullptr);
}

TEST_CASE("bad YAML is refused where it stands") {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"a: 1\na: 2\n", "x.yaml:2:1: \"a\" is set twice (first at x.yaml:1:4)"},
      {"a: [1, 2\nb: 3\n", "not valid YAML"},
      {"a: &x 1\nb: *x\n", "anchors and aliases"},
      {"a: 1\n---\nb: 2\n", "a second YAML document"},
      {"? [1]\n: 2\n", "a key must be a plain name"},
      {"\ta: 1\n", "x.yaml:1:1: indented with a tab"},
      {"a:\n  \tb: 1\n", "x.yaml:2:3: indented with a tab"},
      {"a: 1\nb: \xE4\n", "x.yaml:2:4: byte 0xE4 is not UTF-8"},  // Latin-1
      {"\xC3\xA4: \xED\xA0\x80\n",
       "x.yaml:1:4: byte 0xED is not UTF-8"},  // a surrogate; columns count characters
      {"a: \xC0\xAF\n", "x.yaml:1:4: byte 0xC0 is not UTF-8"},  // overlong
      {"\xFF\xFE"
       "a:1",
       "x.yaml:1:1: the text is UTF-16"},
      {"a: 1\nb: \x04\nc: 3\n", "x.yaml:2:4: control character 0x04"},  // yaml-cpp would end here
      {"a: !!int 5\n", "x.yaml:1:4: tags are not supported"},
      {"a: !x [1]\n", "tags are not supported"},
      {"a: !x {b: 1}\n", "tags are not supported"},
      {"a:\n  <<: {b: 1}\n", "x.yaml:2:3: merge keys are not supported"},
      {"{a: 1}: 2\n", "a key must be a plain name"},
      {"~: 2\n", "a key must be a plain name"},
      {"\"\": 2\n", "a key must be a plain name"},
      {"\"a\\e[2J\": 2\n", "a key must be a plain name"},
      {"a: 1\n]\n", "x.yaml:2:1: not valid YAML"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK_THROWS_WITH_AS(parse_yaml(c.text, "x.yaml"), doctest::Contains(c.message), Error);
  }
}

TEST_CASE("a quote that is not closed is named where it begins, not taken to the end of the file") {
  const auto place = [](const char* text) {
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(place("# é\na: 1\nb: \"abc\nc: 2\n") == "x.yaml:3:4: a quote that is not closed");
  CHECK(place("a: 'it''s\n") == "x.yaml:1:4: a quote that is not closed");
  CHECK(place("a: \"x\\\"\n") == "x.yaml:1:4: a quote that is not closed");
  CHECK(place("\"a: 1\n").find("x.yaml:1:1") == 0);
  CHECK(place("a: [1, \"b]\n").find("x.yaml:") == 0);
  CHECK(place("é: \"é\"\nb: 'it''s'\nc: \"x\\\"\"\nd: |\n  \"open\ne: it's\n").empty());
}

TEST_CASE("what is taken: a byte order mark, other line ends, tabs within a line, any quotes") {
  const Node root = parse_yaml(
      "\xEF\xBB\xBF"
      "a: 1\t# b\r\n\r\n\r\nb: \"\\t\"\r\nc: 'it''s'\r\nd: \xC3\xA9\r\n",
      "x.yaml");
  CHECK(root.find("a")->scalar == "1");
  CHECK(root.find("b")->scalar == "\t");
  CHECK(root.find("b")->origin.text() == "x.yaml:4:4");
  CHECK(root.find("c")->scalar == "it's");
  CHECK(root.find("d")->scalar == "\xC3\xA9");
}

TEST_CASE("no text takes more than bounded depth, values and bytes") {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  std::string bomb = "a: &a [x]\n";
  for (char c = 'b'; c < 'k'; ++c)
    bomb += fmt::format("{}: &{} [*{}, *{}]\n", c, c, static_cast<char>(c - 1),
                        static_cast<char>(c - 1));
  std::string keys;
  for (int i = 0; i < 50'000; ++i) keys += fmt::format("k{}: 1\n", i);
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {bomb, "x.yaml:1:4: anchors and aliases"},
      {repeated("[", 5000) + repeated("]", 5000), "nested more than 32 levels deep"},
      {repeated("[", 5000), "x.yaml:1:1: a key must be a plain name"},
      {repeated("- ", 5000), "nested more than 32 levels deep"},
      {"a: [" + repeated("1,", 20'000) + "]", "more than 10000 values"},
      {keys, "more than 10000 values"},
      {"a: " + repeated("x", 2 << 20), "x.yaml:1:1: 2097155 bytes; an experiment may have 1048576"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.message);
    CHECK_THROWS_WITH_AS(parse_yaml(c.text, "x.yaml"), doctest::Contains(c.message), Error);
  }
  CHECK_THROWS_AS(parse_yaml(repeated("? ", 100'000), "x.yaml"), Error);
  CHECK_THROWS_AS(parse_yaml(repeated("\"", 100'001), "x.yaml"), Error);
}

TEST_CASE("a key without a space after its colon is named") {
  const auto hint_of = [](const char* text) {
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      return e.hint();
    }
    return std::string();
  };
  CHECK(hint_of("train:\n  steps:20\n  updates: 2\n") == "put a space after the colon: steps: 20");
  CHECK(hint_of("a: 1\n]\n") == "check indentation, quotes and brackets");
  CHECK(hint_of("a: {b: 1\nc: 2\n").find("check indentation") == 0);
}

TEST_CASE("no word of the YAML library stands alone") {
  for (const char* text :
       {"a: 1\n]\n", "a: [1, 2\n", "a: {b: 1\n", "a: b: c\n", "- a\nb: 1\n", "a: 1\n  b: 2\n",
        "a: \"\\q\"\n", "a: @b\n", "a: \"\\xZZ\"\n", "a: |x\n  b\n", "a:\n- b\n c: 1\n"}) {
    CAPTURE(text);
    std::string what;
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      what = e.what();
      CHECK_FALSE(e.hint().empty());
    }
    CAPTURE(what);
    CHECK(what.find("x.yaml:") == 0);
    for (const char* theirs : {"illegal", "not found", "unknown", "scanning", "yaml-cpp"})
      CHECK(what.find(theirs) == std::string::npos);
  }
}

TEST_CASE("a word with a colon may be a key without a space; a path is not") {
  CHECK(colon_hint("steps:20") == "put a space after the colon: steps: 20");
  CHECK(colon_hint("a:b:c") == "put a space after the colon: a: b:c");
  CHECK(colon_hint("train.steps:20") == "put a space after the colon: train.steps: 20");
  for (const char* word : {"", "steps", ":20", "steps:", "/a:b", "a/b:c"}) {
    CAPTURE(word);
    CHECK(colon_hint(word).empty());
  }
  CHECK(colon_hint("model:a/b") == "put a space after the colon: model: a/b");
}

TEST_CASE("the line with the missing space is found from the line before the fault on") {
  const std::string text = "a:1\nb: 2\nc:3\nd: http://x\n";
  CHECK(colon_hint_near(text, 1) == "put a space after the colon: a: 1");
  CHECK(colon_hint_near(text, 2) == "put a space after the colon: a: 1");
  CHECK(colon_hint_near(text, 3) == "put a space after the colon: c: 3");
  CHECK(colon_hint_near(text, 5).empty());
  CHECK(colon_hint_near("- x:1\n", 1) == "put a space after the colon: x: 1");
  for (const char* line : {"http://x", "a b:1", ":1", "a:", "a: 1", "", "- - "}) {
    CAPTURE(line);
    CHECK(colon_hint_near(line, 1).empty());
  }
}

TEST_CASE("keys are short texts without control characters") {
  for (const std::string& name : {std::string("a"), std::string("train.steps"), std::string("é"),
                                  std::string("a b"), std::string(200, 'x')})
    CHECK(is_plain_name(name));
  for (const std::string& name : {std::string(), std::string(201, 'x'), std::string("a\n"),
                                  std::string("\x7f"), std::string("a\0b", 3)})
    CHECK_FALSE(is_plain_name(name));
}

TEST_CASE("an empty text is nothing, with a place") {
  for (const char* text : {"", "\n\n", "# a comment\n", "---\n"}) {
    CAPTURE(text);
    const Node root = parse_yaml(text, "x.yaml");
    CHECK(root.kind == Node::Kind::null);
    CHECK(root.origin.source == "x.yaml");
    CHECK(root.origin.line >= 1);
  }
  CHECK(parse_yaml("", "command line", 8).origin.column == 8);
}

TEST_CASE("a text that begins inside a line has its columns counted from there") {
  CHECK(parse_yaml("7", "x.yaml", 13).origin.text() == "x.yaml:1:13");
  CHECK(parse_yaml("[7,\n 8]", "x.yaml", 13).items[1].origin.text() == "x.yaml:2:2");
}

TEST_CASE("the limit of size is a mebibyte") {
  CHECK_NOTHROW(check_yaml_size(1 << 20, {"x.yaml", 1, 1}));
  CHECK_THROWS_WITH_AS(check_yaml_size((1 << 20) + 1, {"x.yaml", 1, 1}),
                       "x.yaml:1:1: 1048577 bytes; an experiment may have 1048576", Error);
}
