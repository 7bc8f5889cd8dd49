// What a run's policy said: looking through the completions of a step, and one update of it once
// more, token by token.

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/episodes");

namespace {

ProcessResult must(const std::vector<std::string>& arguments, const std::string& input = {}) {
  ProcessResult result = tinyzero::tinyzero(arguments, input);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return result;
}

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out.push_back(line);
  return out;
}

// Nothing wider than 80 columns, and nothing that a terminal would obey.
void check_page(const std::string& text) {
  for (const std::string& line : lines_in(text)) {
    CAPTURE(line);
    CHECK(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }) <= 80);
    CHECK(std::none_of(line.begin(), line.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
}

// A run folder with one step of these lines, plain as older programs wrote them.
fs::path old_run(const fs::path& path, const std::string& lines) {
  fs::create_directories(path / "episodes");
  write_file_synced(path / "config.yaml", "seed: 1\n");
  write_file_synced(path / "episodes/step-000003.jsonl", lines);
  return path;
}

// log-probs of a completion's tokens under a model folder, by the decoder.
std::vector<double> scores(const fs::path& model, const std::vector<int>& prompt,
                           const std::vector<int>& completion) {
  std::vector<int> ids = prompt;
  ids.insert(ids.end(), completion.begin(), completion.end());
  const Json scored =
      Json::parse(must({"model", "score", model}, json_line({{"ids", ids}}) + "\n").out);
  const auto all = scored["logprobs"].get<std::vector<double>>();
  return {all.end() - static_cast<std::ptrdiff_t>(completion.size()), all.end()};
}

}  // namespace

TEST_CASE(
    "the 20 worst completions of a step, with tokens, log-probs and reason, and that update once "
    "more") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  // Enough of a start for groups with spread, without which no update runs. In f32, decoder and
  // trainer agree to many places.
  run_to_the_end(train(
      run, {"task.format_reward=0.3", "warm_start.steps=200", "rollout.max_tokens=48",
            "checkpoint.every=1", "train.steps=5", "train.learning_rate=1e-2", "precision=f32"}));
  const std::string step = "5";

  // Against an order of our own over the file.
  std::vector<Json> all = json_lines(run / "episodes/step-000005.jsonl.zst");
  REQUIRE(all.size() == 32);
  std::stable_sort(all.begin(), all.end(), [](const Json& a, const Json& b) {
    if (a["reward"] != b["reward"]) return a["reward"].get<double>() < b["reward"].get<double>();
    return a["tokens"].get<int>() > b["tokens"].get<int>();
  });
  const auto worst =
      lines_in(must({"episodes", run, "--step", step, "--worst", "20", "--json"}).out);
  REQUIRE(worst.size() == 20);
  for (std::size_t i = 0; i < worst.size(); ++i) CHECK(worst[i] == json_line(all[i]));
  const std::string page = must({"episodes", run, "--step", step, "--worst", "20"}).out;
  check_page(page);
  CHECK(page.find("\nthe 20 worst: lowest reward, then the longest\n") != std::string::npos);

  const Json replayed =
      Json::parse(must({"replay", run, "--step", step, "--worst", "20", "--json"}).out);
  CHECK(replayed["weights_as_saved"] == true);
  CHECK_FALSE(replayed.contains("other"));
  std::map<int, std::vector<double>> rewards;  // by problem
  for (const Json& episode : all) rewards[episode["problem"]].push_back(episode["reward"]);
  double largest_change = 0;
  int teaching = 0;
  REQUIRE(replayed["worst"].size() == 20);
  for (std::size_t i = 0; i < 20; ++i) {
    CAPTURE(i);
    Json episode = replayed["worst"][i];
    const Json tokens = episode["by_token"];
    episode.erase("by_token");
    CHECK(json_line(episode) == worst[i]);
    REQUIRE(tokens.size() == episode["tokens"].get<std::size_t>());
    std::string text;
    std::vector<int> ids;
    for (const Json& token : tokens) {
      ids.push_back(token["id"]);
      if (token["text"] != "<|endoftext|>") text += token["text"].get<std::string>();
    }
    CHECK(text == episode["completion"]);
    const auto prompt =
        Json::parse(must({"model", "tokenize", run},
                         json_line({{"text", episode["prompt"].get<std::string>() + "\n"}}) + "\n")
                        .out);
    const auto before = scores(run / "checkpoints/step-000004", prompt["ids"], ids),
               after = scores(run / "checkpoints/step-000005", prompt["ids"], ids);
    const auto& group = rewards[episode["problem"]];
    const auto [low, high] = std::minmax_element(group.begin(), group.end());
    for (std::size_t t = 0; t < ids.size(); ++t) {
      CHECK(std::abs(tokens[t]["sampler"].get<double>() - before[t]) < 1e-5);
      CHECK(std::abs(tokens[t]["before"].get<double>() - before[t]) < 1e-4);
      CHECK(std::abs(tokens[t]["own"]["after"].get<double>() - after[t]) < 1e-4);
      largest_change = std::max(largest_change, std::abs(after[t] - before[t]));
      CHECK((tokens[t]["own"]["advantage"] == 0.0) == (*low == *high));
    }
    teaching += *low < *high ? 1 : 0;
  }
  CHECK(largest_change > 1e-2);
  CHECK(teaching > 0);

  const std::string both =
      must({"replay", run, "--step", step, "--worst", "32", "--algorithm", "ppo"}).out;
  check_page(both);
  for (const char* words :
       {"are those of checkpoint step-000005, bit for bit", "norm of the gradient", "the 32 worst",
        "<|endoftext|>", "sampler    before"})
    CHECK(both.find(words) != std::string::npos);
  // Without what came of it there is nothing to hold the update against; with something else it is
  // said.
  fs::rename(run / "checkpoints/step-000005", run / "elsewhere");
  CHECK(must({"replay", run, "--step", step, "--worst", "1"})
            .out.find("the run has no checkpoint step-000005") != std::string::npos);
  fs::copy(run / "checkpoints/step-000003", run / "checkpoints/step-000005",
           fs::copy_options::recursive);
  CHECK(Json::parse(must({"replay", run, "--step", step, "--json"}).out)["weights_as_saved"] ==
        false);
}

TEST_CASE("the newest step in numbers and a few completions, and those that are asked for") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"train.steps=3"}));
  const auto stored = lines_in(lines_of(run / "episodes/step-000003.jsonl.zst"));
  std::map<std::string, int> reasons;
  for (const std::string& line : stored) ++reasons[Json::parse(line)["reason"]];

  const std::string page = must({"episodes", run}).out;
  check_page(page);
  CHECK(page.starts_with("step 3 · 32 completions of 8 problems · the run has steps 1 to 3\n"));
  CHECK(page.find("\n3 drawn at random\n") != std::string::npos);
  CHECK(page.find("\n  completion  ") != std::string::npos);
  CHECK(must({"episodes", run}).out == page);
  const Json record = json_lines(run / "metrics.jsonl").back();
  CHECK(page.find(" % right") != std::string::npos);
  for (const auto& [reason, count] : reasons) {
    const std::size_t row = page.find("\n  " + reason + " ");
    REQUIRE(row != std::string::npos);
    std::istringstream numbers(page.substr(row + 3 + 40));
    int told = 0;
    numbers >> told;
    CHECK(told == count);
  }

  const auto values =
      [](const std::vector<std::string>& lines) {  // with escapes for what no terminal should get
        std::vector<Json> out;
        for (const std::string& line : lines) out.push_back(Json::parse(line));
        return out;
      };
  CHECK(values(lines_in(must({"episodes", run, "--json"}).out)) == values(stored));
  CHECK(lines_in(must({"episodes", run, "--json", "--sample", "5"}).out).size() == 5);
  const Json first = Json::parse(stored.front());
  const auto chosen = [&](const std::string& option, const Json& value, const char* field) {
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    const auto lines = lines_in(must({"episodes", run, "--json", option, word}).out);
    std::vector<std::string> expected;
    std::copy_if(stored.begin(), stored.end(), std::back_inserter(expected),
                 [&](const auto& line) { return Json::parse(line)[field] == value; });
    CHECK(values(lines) == values(expected));
    CHECK(lines.size() < stored.size());
    const std::string head = lines_in(must({"episodes", run, option, word}).out).front();
    CHECK(head.find(std::to_string(expected.size()) + " of 32 completions") != std::string::npos);
  };
  chosen("--problem", 2, "problem");
  chosen("--key", first["key"], "key");
  if (reasons.size() > 1) chosen("--reason", first["reason"], "reason");
  const std::string none = must({"episodes", run, "--outcome", "timeout"}).out;
  CHECK(
      none.starts_with("step 3 · 0 of 32 completions of 0 problems · the run has steps 1 to "
                       "3\nreasons of the step: "));
  for (const auto& [reason, count] : reasons) CHECK(none.find(reason) != std::string::npos);

  const auto refused = [&](const std::vector<std::string>& words, const std::string& error) {
    std::vector<std::string> command = {"episodes"};
    command.insert(command.end(), words.begin(), words.end());
    const ProcessResult result = tinyzero::tinyzero(command);
    CHECK(result.code == 2);
    CAPTURE(result.err);
    CHECK(result.err.find(error) != std::string::npos);
  };
  refused({run, "--step", "4"}, "has no episodes of step 4: it has 3 steps from 1 to 3");
  refused({run, "--worst", "1", "--best", "1"}, "excludes");
  refused({run, "--worst", "0"}, "--worst");
  refused({folder / "nothing"}, "is not a run folder");
  refused({run / "checkpoints"}, "is not a run folder");
  const std::string whole = read_file(run / "episodes/step-000002.jsonl.zst");
  write_file_synced(run / "episodes/step-000002.jsonl.zst", whole.substr(0, whole.size() / 2));
  refused({run, "--step", "2"},
          "episodes/step-000002.jsonl.zst is cut off: 0 of its lines can be read");

  // A report leaves the rest of such a file out, and says so.
  const ProcessResult report = must({"report", run});
  CHECK(report.err ==
        "warning: run: episodes/step-000002.jsonl.zst is cut off: 0 of its lines can be read\n");
  CHECK(read_file(run / "report.html").find("episodes/step-000002.jsonl.zst is cut off") !=
        std::string::npos);
}

TEST_CASE("runs of older programs, and completions that would play with a terminal") {
  const TemporaryFolder folder;
  const std::string long_text(5000, 'x');
  const fs::path run =
      old_run(folder / "old",
              json_line({{"problem", 0},
                         {"sample", 0},
                         {"prompt", "a\nb"},
                         {"completion", "\x1b[2J\x07 red\rover\x9b" + long_text},
                         {"reward", 0.25},
                         {"outcome", "scored"},
                         {"reason", "\x1b]0;title\x07"},
                         {"end", "length"},
                         {"tokens", 7},
                         {"difficulty", 4.5},
                         {"kept", false}}) +
                  "\n{\"problem\":\"x\",\"reward\":null,\"completion\":7,\"tokens\":-1e300}\n{}\n");
  const std::string page = must({"episodes", run, "--worst", "9"}).out;
  check_page(page);
  CHECK(page.starts_with("step 3 · 3 completions of 2 problems · the run has steps 3 to 3\n"));
  for (const char* words : {"  prompt      a\n              b\n", "  completion  ?[2J? red?over",
                            "not in the update", "difficulty 4.5", "lines …", "the 3 worst"})
    CHECK(page.find(words) != std::string::npos);
  CHECK(page.find("% right") == std::string::npos);  // they did not say
  CHECK(page.find("problem 0") > page.find("problem nan"));
  CHECK(must({"report", run}).err.empty());

  write_file_synced(run / "episodes/step-000004.jsonl", "{\"problem\":0}\n{\"pro");
  const ProcessResult cut = tinyzero::tinyzero({"episodes", run});
  CHECK(cut.code == 2);
  CHECK(cut.err.find("step-000004.jsonl, line 2 is not valid JSON") != std::string::npos);
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a step of any size is looked through in little memory") {
  const TemporaryFolder folder;
  const fs::path run = old_run(folder / "run", "");
  std::string lines;
  for (int i = 0; i < 64; ++i) {
    lines += json_line({{"problem", i},
                        {"completion", std::string(1 << 20, static_cast<char>('a' + i % 26))},
                        {"reward", i % 7},
                        {"tokens", 1}});
    lines += "\n";
  }
  const std::string frame = compress_episodes(lines);
  std::string frames;
  for (int i = 0; i < 20; ++i) frames += frame;  // 1.3 GB
  write_file_synced(run / "episodes/step-000004.jsonl.zst", frames);
  const ProcessResult result = run_process({"sh", "-c",
                                            "ulimit -v 600000 && exec '" + tinyzero_path() +
                                                "' episodes '" + run.string() + "' --worst 3"});
  CAPTURE(result.err);
  CHECK(result.code == 0);
  CHECK(result.out.starts_with(
      "step 4 · 1280 completions of 64 problems · the run has steps 3 to 4\n"));
}
#endif

TEST_CASE(
    "traits of a run, counted anew, are those that it recorded; also where states are missing") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"warm_start.steps=60", "train.steps=2"}));
  std::map<std::int64_t, Json> recorded;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    for (const auto& [name, value] : record.items()) {
      if (name.starts_with("train/traits/"))
        recorded[record["step"].get<std::int64_t>()][name.substr(13)] = value;
    }
  }
  REQUIRE(recorded.size() == 2);
  REQUIRE(recorded.at(1).contains("attempts"));
  const auto check_all = [&] {
    for (const std::string& line : lines_in(must({"traits", run, "--json"}).out)) {
      const Json counted = Json::parse(line);
      CHECK(counted["completions"] == 32);
      CHECK(counted["traits"] == recorded.at(counted["step"].get<std::int64_t>()));
    }
  };
  check_all();
  const std::string page = must({"traits", run}).out;
  CHECK(page.starts_with("countdown · means over the completions of a step\n\nstep"));
  CHECK(page.find("right_after_miss") != std::string::npos);
  CHECK(lines_in(must({"traits", run, "--step", "2", "--json"}).out).size() == 1);

  // As older programs wrote episodes.
  for (const int step : {1, 2}) {
    std::string lines;
    const fs::path file = run / ("episodes/step-00000" + std::to_string(step) + ".jsonl");
    for (Json record : json_lines(file.string() + ".zst")) {
      CHECK(record["state"]["numbers"].is_array());
      record.erase("state");
      lines += json_line(record) + "\n";
    }
    fs::remove(file.string() + ".zst");
    write_file_synced(file, lines);
  }
  check_all();
  const ProcessResult missing = tinyzero::tinyzero({"traits", run, "--step", "9"});
  CHECK(missing.code == 2);
  CHECK(missing.err.find("has no episodes of step 9") != std::string::npos);
  const std::string lines = read_file(run / "episodes/step-000001.jsonl");
  std::string other = lines;
  other.replace(other.find("\"key\":\"") + 7, 1, "9,");
  write_file_synced(run / "episodes/step-000001.jsonl", other);
  const ProcessResult changed = tinyzero::tinyzero({"traits", run, "--step", "1"});
  CHECK(changed.code == 2);
  CHECK(changed.err.find("did not store the states of problems") != std::string::npos);
}
