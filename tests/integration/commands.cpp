// The commands as machines and people use them: JSON lines in and out, exit codes, nothing on the
// wrong stream.

#include <doctest/doctest.h>

#include <cmath>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/commands");

namespace {

std::vector<Json> objects(const ProcessResult& result) {
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  std::vector<Json> out;
  for (std::size_t at = 0; at < result.out.size();) {
    const std::size_t end = result.out.find('\n', at);
    out.push_back(Json::parse(result.out.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

fs::path golden_model() { return golden_folder() / "hf" / "qwen2_tied"; }

}  // namespace

TEST_CASE("help and version, for every command, on standard output") {
  for (const char* command :
       {"",           "train",          "watch",         "compare",         "eval",
        "play",       "doctor",         "task",          "task draw",       "task verify",
        "algorithm",  "algorithm show", "algorithm new", "algorithm check", "algorithm explain",
        "replay",     "config",         "config check",  "config schema",   "plan",
        "model",      "model generate", "bench",         "bench rollout",   "bench train",
        "bench step", "bench start",    "episodes",      "task traits",     "traits"}) {
    std::vector<std::string> words;
    std::string text = command;
    while (!text.empty()) {
      const std::size_t space = text.find(' ');
      words.push_back(text.substr(0, space));
      text = space == std::string::npos ? "" : text.substr(space + 1);
    }
    words.push_back("--help");
    const ProcessResult result = tinyzero::tinyzero(words);
    CAPTURE(command);
    CHECK(result.code == 0);
    CHECK(result.out.find("Usage: tinyzero") != std::string::npos);
    CHECK(result.err.empty());
  }
  CHECK(tinyzero::tinyzero({"--version"}).out == "0.1.0\n");
}

TEST_CASE("task draw: fields of the contract, one object a line, the same for the same seed") {
  const auto first =
      objects(tinyzero::tinyzero({"task", "draw", "countdown", "--count", "300", "--seed", "3",
                                  "--split", "test", "numbers=3", "largest=9"}));
  REQUIRE(first.size() == 300);
  for (const Json& item : first) {
    for (const char* field : {"index", "key", "split_key", "prompt", "state", "difficulty"})
      CHECK(item.contains(field));
    CHECK(item["state"]["numbers"].size() == 3);
    CHECK(item["state"]["target"].is_number_integer());
  }
  CHECK(objects(tinyzero::tinyzero({"task", "draw", "countdown", "--count", "300", "--seed", "3",
                                    "--split", "test", "numbers=3", "largest=9"})) == first);
}

TEST_CASE("task verify and solve: lines in, lines out, in order, unknown fields ignored") {
  const std::string input =
      "{\"state\":{\"numbers\":[3,5],\"target\":8},\"completion\":\"<answer>3+5</"
      "answer>\",\"id\":7}\n\n"
      "{\"completion\":\"<answer>3-5</answer>\",\"state\":{\"target\":8,\"numbers\":[3,5]}}\n"
      "{\"state\":\"{\\\"numbers\\\":[3,5],\\\"target\\\":8}\",\"completion\":\"\"}\n";
  const auto verdicts = objects(tinyzero::tinyzero({"task", "verify", "countdown"}, input));
  REQUIRE(verdicts.size() == 3);
  CHECK(verdicts[0] ==
        Json::parse(R"({"reward":1.0,"outcome":"scored","reason":"correct","parts":{"correct":1.0,)"
                    R"("format":1.0}})"));
  CHECK(verdicts[1]["reward"] == 0.1);
  CHECK(verdicts[1]["reason"] == "wrong value");
  CHECK(verdicts[2]["outcome"] == "unparsable");
  const auto solved = objects(tinyzero::tinyzero({"task", "solve", "countdown"},
                                                 "{\"state\":{\"numbers\":[3,5],\"target\":8}}\n{"
                                                 "\"state\":{\"numbers\":[1,1],\"target\":9}}\n"));
  CHECK(solved[0]["solvable"] == true);
  CHECK(solved[0]["completion"] == "<answer>3+5</answer>");
  CHECK(solved[1]["solvable"] == false);
}

TEST_CASE("task draw tells the key that decides the split") {
  const auto split_key = [](const char* setting) {
    const Json item = objects(tinyzero::tinyzero({"task", "draw", "countdown", setting}))[0];
    CHECK(item["key"].get<std::string>().starts_with(item["split_key"].get<std::string>()));
    return item["split_key"].get<std::string>();
  };
  CHECK(split_key("hold_out=numbers").find('=') == std::string::npos);   // "3,7,25"
  CHECK(split_key("hold_out=problems").find('=') != std::string::npos);  // "3,7,25=46"
}

TEST_CASE("task traits: what a completion does, by name, null where a trait does not apply") {
  const auto rows =
      objects(tinyzero::tinyzero({"task", "traits", "countdown"},
                                 "{\"state\":{\"numbers\":[9,7,3],\"target\":5},\"completion\":"
                                 "\"9-7=2 3,2*3=6?2+3=5!<answer>9-7+3</answer>\"}\n"));
  const Json& traits = rows[0]["traits"];
  CHECK(traits["attempts"] == 2);
  CHECK(traits["right_after_miss"] == 1);
  CHECK(traits["backtracks"] == 1);
  CHECK(traits["nearest"] == 0);
  CHECK(traits.size() == 14);
  const auto product = objects(tinyzero::tinyzero(
      {"task", "traits", "multiplication"},
      "{\"state\":{\"a\":12,\"op\":\"*\",\"b\":7},\"completion\":\"<answer>80</answer>\"}\n"));
  CHECK(product[0]["traits"] ==
        Json::parse(R"({"steps":0.0,"slips":null,"follows":null,"distance":4.0})"));
  const ProcessResult refused =
      tinyzero::tinyzero({"task", "traits", "countdown"}, "{\"state\":{},\"completion\":\"\"}\n");
  CHECK(refused.code == 2);
  CHECK(refused.out.find("line 1 of standard input: ") != std::string::npos);
  CHECK(refused.out.find("numbers") != std::string::npos);
  const Json shown = objects(tinyzero::tinyzero({"task", "show", "countdown", "--json"}))[0];
  CHECK(shown["traits"][2]["name"] == "repeats");
  CHECK(shown["traits"][2]["per"] == "attempts");
  CHECK(tinyzero::tinyzero({"task", "show", "countdown"}).out.find("right_after_miss") !=
        std::string::npos);
}

TEST_CASE("task and algorithm: list and show") {
  CHECK(tinyzero::tinyzero({"task", "list"}).out.find("\ncountdown ") != std::string::npos);
  CHECK(objects(tinyzero::tinyzero({"task", "list", "--json"}))[1]["id"] == "countdown");
  CHECK(tinyzero::tinyzero({"task", "show", "countdown"}).out.find("format_reward") !=
        std::string::npos);
  const Json task = objects(tinyzero::tinyzero({"task", "show", "countdown", "--json"}))[0];
  CHECK(task["solves"] == true);
  CHECK(task["settings"].size() >= 10);
  CHECK(tinyzero::tinyzero({"algorithm", "list"}).out.find("grpo") == 0);
  const Json algorithm = objects(tinyzero::tinyzero({"algorithm", "show", "grpo", "--json"}))[0];
  CHECK(algorithm["settings"][0]["name"] == "clip");
  CHECK(tinyzero::tinyzero({"algorithm", "show", "grpo"}).out.find("group") != std::string::npos);
}

TEST_CASE("model info, generate and score on a Hugging Face folder") {
  const std::string folder = golden_model();
  const Json info = objects(tinyzero::tinyzero({"model", "info", folder, "--json"}))[0];
  CHECK(info["model_type"] == "qwen2");
  CHECK(info["layers"] == 2);
  CHECK(tinyzero::tinyzero({"model", "info", folder}).out.find("qwen2") != std::string::npos);

  const Json greedy =
      parse_json(read_file(golden_model() / "golden" / "greedy.json"), "greedy.json");
  std::string input;
  for (const Json& prompt : greedy["prompts"]) input += json_line({{"ids", prompt["ids"]}}) + "\n";
  const auto generated = objects(tinyzero::tinyzero(
      {"model", "generate", folder, "--max-tokens", "40", "--temperature", "0", "--ignore-eos"},
      input));
  REQUIRE(generated.size() == greedy["prompts"].size());
  for (std::size_t i = 0; i < generated.size(); ++i) {
    CHECK(generated[i]["ids"] == greedy["prompts"][i]["tokens"]);
    CHECK(generated[i]["end"] == "length");
    CHECK(generated[i].contains("text"));
  }
  const auto scored =
      objects(tinyzero::tinyzero({"model", "score", folder}, "{\"ids\":[1,2,3]}\n"));
  CHECK(scored[0]["ids"] == Json({1, 2, 3}));
  CHECK(scored[0]["logprobs"].size() == 2);
}

TEST_CASE("play by hand reads answers and judges them") {
  const ProcessResult result =
      tinyzero::tinyzero({"play", "countdown", "numbers=2", "largest=5", "target=[1, 30]",
                          "--problems", "3", "--seed", "1"},
                         "1+1\n?\n<answer>no</answer>\n");
  CHECK(result.code == 0);
  CHECK(result.out.find("->") != std::string::npos);
  CHECK(result.out.find("<answer>") != std::string::npos);
  CHECK(result.out.find("not an expression") != std::string::npos);
  CHECK(result.out.find("of 2 right") != std::string::npos);
}

TEST_CASE("config show and check") {
  const std::string config = "tests/integration/small.yaml";
  const ProcessResult shown = tinyzero::tinyzero({"config", "show", config, "train.steps=9"});
  CHECK(shown.code == 0);
  CHECK(shown.out.find("train.steps                  9                command line") !=
        std::string::npos);
  CHECK(shown.out.find("tests/integration/small.yaml:3:") != std::string::npos);
  const Json json = objects(tinyzero::tinyzero({"config", "show", config, "--json"}))[0];
  CHECK(json["eval.problems"]["value"] == "32");
  CHECK(json["train.beta1"]["origin"] == "default");
  CHECK(tinyzero::tinyzero({"config", "check", config}).out.find("is a valid experiment") !=
        std::string::npos);
  CHECK(objects(tinyzero::tinyzero({"config", "check", config, "--json"}))[0]["ok"] == true);
}

TEST_CASE("bench measures rates beside what the machine can do") {
  const std::vector<std::string> small = {
      "--prompts",    "4",  "--samples", "3", "--prompt-tokens", "5", "--mean-tokens", "9",
      "--max-tokens", "20", "--rounds",  "1", "--json"};
  for (const char* what : {"rollout", "train", "step"}) {
    CAPTURE(what);
    std::vector<std::string> words = {"bench", what};
    words.insert(words.end(), small.begin(), small.end());
    if (std::string(what) == "step")
      words.insert(words.end(), {"--model", "1M", "--profile", "--precision", "f32"});
    else words.push_back("--peers");
    const Json report = objects(tinyzero::tinyzero(words))[0];
    CHECK(report["bench"] == what);
    CHECK(report["tokens_per_second"]["median"].get<double>() > 0);
    CHECK(report["share_of_roof"]["median"].get<double>() > 0);
    CHECK(report["ceilings"]["multiply_add_gflops"].get<double>() > 0);
    CHECK(report["ceilings"]["read_memory_gb"].get<double>() > 0);
    CHECK(report["peak_memory_mb"].get<double>() > 10);
    double time = 0;
    for (const auto& [name, share] : report["time"].items()) time += share.get<double>();
    CHECK(time == doctest::Approx(1.0));
    CHECK(report["peers"].size() == (std::string(what) == "step" ? 0 : 2));
    for (const Json& peer : report["peers"]) CHECK(peer["ratio"]["median"].get<double>() > 0);
  }
  const Json start = objects(tinyzero::tinyzero({"bench", "start", "--rounds", "1", "--json"}))[0];
  CHECK(start["help_seconds"]["median"].get<double>() > 0);
  CHECK(start["first_token_seconds"]["median"].get<double>() > 0);
  const ProcessResult unknown = tinyzero::tinyzero({"bench", "rollout", "--model", "7M"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("1M, 5M, 30M or a Hugging Face folder") != std::string::npos);
}

TEST_CASE("TINYZERO_CPU chooses the kernels") {
  const std::string model = golden_model();
  const auto run = [&](const std::string& cpu) {
    return run_process({"env", "TINYZERO_CPU=" + cpu, TINYZERO_PROGRAM, "model", "generate", model,
                        "--max-tokens", "12", "--temperature", "0", "--top-k", "3"},
                       "{\"ids\":[3,4,5]}\n", TINYZERO_SOURCE);
  };
  const Json expected = objects(
      tinyzero::tinyzero({"model", "generate", model, "--max-tokens", "12", "--temperature", "0"},
                         "{\"ids\":[3,4,5]}\n"))[0];
  CHECK(objects(run("scalar"))[0] == expected);
  CHECK(objects(run("scalar-bf16"))[0]["ids"].size() == 12);
  const ProcessResult unknown = run("mmx");
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("it can run ") != std::string::npos);
}

TEST_CASE("doctor finds everything in a built checkout") {
  const Json report = objects(tinyzero::tinyzero({"doctor", "--json"}))[0];
  CHECK(report["ok"] == true);
  CHECK(report["tasks"] == Json({"arithmetic", "countdown", "dataset", "multiplication"}));
  CHECK(report["libtorch_ok"] == true);
  CHECK(tinyzero::tinyzero({"doctor"}).out.find("all is well") != std::string::npos);
}
