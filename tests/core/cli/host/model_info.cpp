#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_info");

TEST_CASE(
    "every folder of the golden models has its shape, size and tokenizer in words and in JSON") {
  for (const fs::path& folder : golden_models()) {
    CAPTURE(folder.string());
    const CommandResult text = run_command(add_model_info, {"info", folder});
    CHECK(text.code == 0);
    CHECK(text.out.find("\n  shape       ") != std::string::npos);
    CHECK(text.out.find("tokenizer") != std::string::npos);
    const Json json = parse_json(run_command(add_model_info, {"info", folder, "--json"}).out, "");
    const Json config = parse_json(read_file(folder / "config.json"), "config.json");
    CHECK(json["layers"] == config["num_hidden_layers"]);
    CHECK(json["width"] == config["hidden_size"]);
    CHECK(json["parameters"] > 0);
  }
}
