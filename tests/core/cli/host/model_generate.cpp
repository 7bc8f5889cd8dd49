#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_generate");

namespace {

CommandResult generate(std::vector<std::string> words, const std::string& input = {}) {
  words.insert(words.begin(), {"generate", golden_folder() / "hf/qwen2_tied", "--max-tokens", "4"});
  return run_command(add_model_generate, words, input);
}

}  // namespace

TEST_CASE("a completion a line, and a refusal in the place of a bad one") {
  const CommandResult r =
      generate({"--temperature", "0", "--ignore-eos"},
               "{\"ids\":[1,2]}\n{\"ids\":[1],\"prompt\":\"a\"}\n{\"ids\":[1,2]}\n");
  CHECK(r.code == 2);
  const std::size_t first = r.out.find('\n') + 1, second = r.out.find('\n', first) + 1;
  const Json completion = parse_json(r.out.substr(0, first - 1), "first");
  CHECK(completion["ids"].size() == 4);
  CHECK(completion["end"] == "length");
  CHECK(r.out.substr(second) == r.out.substr(0, first));
  CHECK(r.out.substr(first).starts_with("{\"error\":\"line 2 of standard input has both"));
}

TEST_CASE("one prompt on the command line needs no input, and the seed is the randomness") {
  const std::string once = generate({"--prompt", "hello", "--seed", "3"}).out;
  CHECK(generate({"--prompt", "hello", "--seed", "3"}).out == once);
  CHECK(std::count(once.begin(), once.end(), '\n') == 1);
}
