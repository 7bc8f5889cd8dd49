// Whole comparisons: what they leave behind, that a budget binds, that no crash changes them, and
// that nothing that fails is hidden.

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "core/base/cpus.h"
#include "support/comparisons.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/compare");

namespace {

const Json& arm_of(const Json& comparison, const std::string& name) {
  for (const Json& arm : comparison["arms"]) {
    if (arm["name"] == name) return arm;
  }
  FAIL("no arm " << name);
  return comparison;
}

// A file of /proc, whose size the system does not tell; empty if its process has ended.
std::string proc_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Processes whose command line holds all of these words.
std::vector<pid_t> processes_with(const std::vector<std::string>& words) {
  std::vector<pid_t> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string command = proc_text(entry.path() / "cmdline");
    bool all = true;
    for (const std::string& word : words) all = all && command.find(word) != std::string::npos;
    if (all) out.push_back(std::stoi(name));
  }
  return out;
}

}  // namespace

TEST_CASE(
    "a comparison leaves ordinary runs that began alike, a table, and a file that says "
    "everything") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const ProcessResult result = tinyzero::tinyzero(compare(run));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CAPTURE(result.out);
  for (const char* words : {"test % [95 %]", "group", "critic", "untrained", "warm_start", "2/2",
                            "against group", "2 seeds are few"})
    CHECK(result.out.find(words) != std::string::npos);
  CHECK(result.err.find('\x1b') == std::string::npos);

  const Json comparison = comparison_of(run);
  CHECK(comparison["budget"] == Json{{"unit", "steps"}, {"amount", 4.0}});
  CHECK(comparison["validation"]["set"] != comparison["test"]["set"]);
  CHECK(comparison["warnings"].empty());
  REQUIRE(comparison["arms"].size() == 4);
  for (const char* name : {"group", "critic"}) {
    const Json& arm = arm_of(comparison, name);
    CHECK(arm["ok"] == 2);
    CHECK(arm["test_accuracy"]["problems"] >= 0);
    CHECK(arm["curve"].size() == 3);
    CHECK(arm["test_accuracy"]["low"] <= arm["test_accuracy"]["value"]);
    CHECK(arm["test_accuracy"]["value"] <= arm["test_accuracy"]["high"]);
    for (const Json& one : arm["runs"]) {
      CHECK(one["steps"] == 4);
      CHECK(one["budget_used"] == 1.0);
      CHECK(one["curve"].size() == 3);  // steps 0, 2 and 4
      const fs::path path = run / one["run"].get<std::string>();
      const Json test = parse_json(read_file(path / "test.json"), "test.json");
      CHECK(test["set"] == comparison["test"]["set"]);
      CHECK(test["right"].size() == comparison["test"]["problems"]);
      // Selection looked at validation alone: the earliest of the best.
      double best = -1;
      std::int64_t step = 0;
      for (const Json& point : one["curve"]) {
        if (point["accuracy"].get<double>() <= best) continue;
        best = point["accuracy"];
        step = point["step"];
      }
      CHECK(one["selected_step"] == step);
      CHECK(one["validation_accuracy"] == best);
      // What is selected can be looked at like any model, and is what was tested.
      char checkpoint[32];
      std::snprintf(checkpoint, sizeof checkpoint, "step-%06d", static_cast<int>(step));
      CHECK(fs::exists(path / "checkpoints" / checkpoint / "model.safetensors"));
      CHECK(tinyzero::tinyzero({"train", "--resume", path}).code == 0);
    }
  }
  CHECK(arm_of(comparison, "critic")["settings"]["algorithm.use"] == "ppo");
  CHECK(arm_of(comparison, "group")["settings"].empty());
  // Both arms of a seed began with the same bytes, and on the same problems; other seeds with
  // others.
  std::set<std::string> weights;
  for (int k = 0; k < 2; ++k) {
    const Json &a = arm_of(comparison, "group")["runs"][static_cast<std::size_t>(k)],
               &b = arm_of(comparison, "critic")["runs"][static_cast<std::size_t>(k)];
    CHECK(a["start_weights"] == b["start_weights"]);
    CHECK(a["start_weights"] ==
          arm_of(comparison, "warm_start")["runs"][static_cast<std::size_t>(k)]["start_weights"]);
    weights.insert(a["start_weights"].get<std::string>());
    const auto problems = [&](const Json& one) {
      std::vector<std::string> keys;
      for (const Json& episode :
           json_lines(run / one["run"].get<std::string>() / "episodes/step-000003.jsonl.zst"))
        keys.push_back(episode["key"]);
      return keys;
    };
    CHECK(problems(a) == problems(b));
  }
  CHECK(weights.size() == 2);
  CHECK(arm_of(comparison, "untrained")["test_accuracy"]["value"] <=
        arm_of(comparison, "warm_start")["test_accuracy"]["value"]);

  // What is done is not done again, whatever order arms are added in; another seed adds its runs
  // alone.
  const std::string log = read_file(run / "arms/group/seed-1/log.txt");
  CHECK(log.find("writes up to") ==
        std::string::npos);  // the preflight counts the checkpoints that there will be
  const ProcessResult again = tinyzero::tinyzero(compare(run, {"--json"}));
  CHECK(again.code == 0);
  CHECK(Json::parse(again.out) == comparison);
  CHECK(read_file(run / "arms/group/seed-1/log.txt") == log);
  CHECK(again.err.find("begins") == std::string::npos);

  // Other settings are not mixed into it.
  const ProcessResult other = tinyzero::tinyzero(compare(run, {"train.learning_rate=2e-3"}));
  CHECK(other.code == 2);
  CHECK(other.err.find("begun with other settings: \"learning_rate: 0.001\" there, "
                       "\"learning_rate: 0.002\" now") != std::string::npos);
}

TEST_CASE("a comparison that is killed at any moment goes on to the same numbers") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole";
  REQUIRE(tinyzero::tinyzero(compare(whole)).code == 0);
  const Json expected = without_times(comparison_of(whole));
  const fs::path run = folder / "killed";
  for (const char* moment : {"starts", "arms/group/seed-1/config.yaml",
                             "arms/critic/seed-1/episodes/step-000003.jsonl.zst",
                             "arms/group/seed-2/checkpoints/step-000004"}) {
    CAPTURE(moment);
    BackgroundProcess process(command_line(compare(run)));
    REQUIRE(wait_for([&] { return fs::exists(run / moment); }));
    process.signal(SIGKILL);
    process.wait();
    CHECK(wait_for([&] {
      return processes_with({"tinyzero-train", run.string()}).empty();
    }));  // its children end with it
    CHECK_FALSE(fs::exists(run / "comparison.json"));
  }
  const ProcessResult last = tinyzero::tinyzero(compare(run));
  CAPTURE(last.err);
  REQUIRE(last.code == 0);
  CHECK(without_times(comparison_of(run)) == expected);
}

// TINYZERO_KILLS says how many; 50 take some minutes.
TEST_CASE(
    "a comparison that is killed or stopped at random moments, again and again, ends with the "
    "numbers of one that was not") {
  const TemporaryFolder folder;
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(tinyzero::tinyzero(compare(folder / "whole", {"--jobs", "2"})).code == 0);
  const double duration =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const Json expected = without_times(comparison_of(folder / "whole"));
  const char *wanted = std::getenv("TINYZERO_KILLS"), *seed = std::getenv("TINYZERO_KILL_SEED");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 3;
  Rng rng(seed != nullptr ? std::stoull(seed) : 1);
  int done = 0, finished = 0;
  while (done < kills) {
    const fs::path run = folder / "killed";
    fs::remove_all(run);
    int code = -1;
    while (code != 0) {
      BackgroundProcess process(command_line(compare(run, {"--jobs", "2"})));
      const int signal = rng.chance(0.5) ? SIGKILL : rng.chance(0.5) ? SIGINT : SIGTERM;
      if (done < kills) {
        std::this_thread::sleep_for(std::chrono::duration<double>(rng.uniform() * duration / 2));
        process.signal(signal);
      }
      code = process.wait();
      done += code == 128 + signal ? 1 : 0;
      REQUIRE((code == 0 || code == 128 + signal));
      CHECK(wait_for([&] { return processes_with({"tinyzero-train", run.string()}).empty(); }));
    }
    CHECK(without_times(comparison_of(run)) == expected);
    ++finished;
  }
  MESSAGE(done << " signals in " << finished << " comparisons");
}

TEST_CASE("a child that is killed is a failed run, and the next call goes on with it") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  BackgroundProcess process(
      command_line(compare(run, {"compare.budget={steps: 400}", "compare.seeds=[1]",
                                 "compare.controls=none", "eval.every=100"})));
  REQUIRE(wait_for(
      [&] { return fs::exists(run / "arms/group/seed-1/episodes/step-000002.jsonl.zst"); }));
  const auto children =
      processes_with({"tinyzero-train", "train", (run / "arms/group/seed-1").string()});
  REQUIRE(children.size() == 1);
  ::kill(children.front(), SIGKILL);
  REQUIRE(wait_for(
      [&] { return fs::exists(run / "arms/critic/seed-1/config.yaml"); }));  // the others go on
  process.signal(SIGINT);
  CHECK(process.wait() == 128 + SIGINT);
  const Json comparison = comparison_of(run);
  const Json& killed = arm_of(comparison, "group")["runs"][0];
  CHECK(killed["state"] == "failed");
  CHECK(killed["error"] == "ended by signal 9 (Killed)");
  CHECK(arm_of(comparison, "critic")["unfinished"] == 1);
  CHECK(arm_of(comparison, "critic")["against_first"]["verdict"] == "no result");
}

TEST_CASE("an interrupt ends the children with checkpoints and says how to go on") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const std::vector<std::string> small = {"compare.budget={steps: 60}", "compare.seeds=[1]",
                                          "eval.every=30"};
  {
    const std::string out = folder / "err";
    std::string command = "exec '" + tinyzero_path() + "'";
    for (const std::string& word : compare(run, small)) command += " '" + word + "'";
    BackgroundProcess process({"sh", "-c", command + " 2>'" + out + "'"});
    REQUIRE(wait_for(
        [&] { return fs::exists(run / "arms/group/seed-1/episodes/step-000002.jsonl.zst"); }));
    process.signal(SIGINT);
    CHECK(process.wait() == 128 + SIGINT);
    CHECK(read_file(out).find("stopping: the runs under way end with a checkpoint") !=
          std::string::npos);
    CHECK(read_file(out).find("continue with: tinyzero compare " + kComparison) !=
          std::string::npos);
  }
  CHECK(read_file(run / "arms/group/seed-1/log.txt").find("interrupted") != std::string::npos);
  const ProcessResult rest = tinyzero::tinyzero(compare(run, small));
  CAPTURE(rest.err);
  CHECK(rest.code == 0);
  CHECK(rest.err.find("continues") != std::string::npos);
  CHECK(comparison_of(run)["arms"][0]["runs"][0]["steps"] == 60);
}

TEST_CASE("a failing arm is reported and does not end the others") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const std::string faulty = (fs::path(TINYZERO_BROKEN) / "faulty_algorithm.so").string();
  const ProcessResult result = tinyzero::tinyzero(
      compare(run, {"compare.arms={good: {algorithm: grpo}, broken: {algorithm: {use: " + faulty +
                        ", nan_at: 2}, train.max_skipped: 0}, dies: {algorithm: {use: " + faulty +
                        ", fault: crash}}}",
                    "compare.controls=none"}));
  CHECK(result.code == 1);
  CAPTURE(result.out);
  CHECK(result.out.find("0/2 (2 failed)") != std::string::npos);
  CHECK(
      result.out.find(
          "failed: broken seed 1: 1 update of step 2 skipped: a loss or gradient was not finite") !=
      std::string::npos);
  CHECK(result.out.find("failed: dies seed 2: ended by signal 6 (Aborted)") != std::string::npos);
  const Json comparison = comparison_of(run);
  CHECK(arm_of(comparison, "good")["ok"] == 2);
  CHECK(arm_of(comparison, "broken")["failed"] == 2);
  CHECK(arm_of(comparison, "broken")["test_accuracy"].is_null());
  CHECK(arm_of(comparison, "broken")["against_first"]["verdict"] == "no result");
}

TEST_CASE("a budget of tokens binds every arm, and charges models beside the policy") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const double budget = 12000;
  const ProcessResult result = tinyzero::tinyzero(
      compare(run, {"compare.budget={tokens: 12000}", "compare.seeds=[3]",
                    "compare.controls=[random_reward]", "train.schedule=linear", "--jobs", "1"}));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(result.out.find("anecdotal") != std::string::npos);
  CHECK(result.out.find("One seed is an anecdote") != std::string::npos);
  std::map<std::string, std::int64_t> steps;
  for (const char* name : {"group", "critic", "random_reward"}) {
    CAPTURE(name);
    double spent = 0, before_last = 0, rate = 1;
    for (const Json& record : json_lines(run / "arms" / name / "seed-3/metrics.jsonl")) {
      if (!record.contains("tokens/spent")) continue;
      before_last = spent;
      spent += record["tokens/sampled"].get<double>() + record["tokens/trained"].get<double>() +
               record["tokens/read"].get<double>();
      CHECK(record["tokens/spent"] == spent);
      CHECK(record["train/learning_rate"].get<double>() ==
            doctest::Approx(1e-3 * (1 - before_last / budget)));
      CHECK(record["train/learning_rate"].get<double>() < rate);
      rate = record["train/learning_rate"];
      steps[name] = record["step"];
      if (std::string(name) == "critic") {
        CHECK(record["tokens/read"].get<double>() >=
              record["tokens/sampled"].get<double>());  // the critic's values
        CHECK(record["tokens/trained"].get<double>() >
              1.5 * record["tokens/sampled"].get<double>());  // the policy and the critic
      }
    }
    CHECK(spent >= budget);
    CHECK(before_last < budget);
  }
  CHECK(steps["critic"] < steps["group"]);
  // A coin pays half of the completions, whatever they say.
  double paid = 0, completions = 0;
  for (const auto& file : fs::directory_iterator(run / "arms/random_reward/seed-3/episodes")) {
    for (const Json& episode : json_lines(file.path())) {
      paid += episode["reward"].get<double>();
      completions += 1;
    }
  }
  CHECK(paid / completions == doctest::Approx(0.5).epsilon(0.2).scale(0));
}

TEST_CASE("runs at once have cores of their own, and one run has one process") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const ProcessResult many = tinyzero::tinyzero(compare(run, {"--jobs", "1000"}));
  CHECK(many.code == 2);
  CHECK(many.err.find("--jobs is 1000") != std::string::npos);
  if (cpu_allowance().usable() < 2) return;
  BackgroundProcess process(
      command_line(compare(run, {"compare.budget={steps: 2000}", "--jobs", "2", "threads=2"})));
  REQUIRE(wait_for(
      [&] { return fs::exists(run / "arms/critic/seed-1/episodes/step-000001.jsonl.zst"); }));
  std::set<std::string> cores;
  for (const char* arm : {"group", "critic"}) {
    const auto children =
        processes_with({"tinyzero-train", (run / "arms" / arm / "seed-1").string()});
    REQUIRE(children.size() == 1);
    const std::string status = proc_text("/proc/" + std::to_string(children.front()) + "/status");
    const std::size_t at = status.find("Cpus_allowed_list:");
    cores.insert(status.substr(at, status.find('\n', at) - at));
    CHECK(read_file(run / "arms" / arm / "seed-1/config.yaml").find("threads: 1\n") !=
          std::string::npos);
  }
  CHECK(cores.size() == 2);
  const fs::path words = folder / "words";
  BackgroundProcess second(
      command_line(compare(run, {"compare.budget={steps: 2000}", "--jobs", "2", "threads=2"})),
      words.string());
  CHECK(wait_for([&] {
    const std::string text = fs::exists(words) ? read_file(words) : "";
    return text.find("group seed 1             another process works on it") != std::string::npos &&
           text.find("critic seed 1            another process works on it") != std::string::npos;
  }));
  second.signal(SIGINT);
  CHECK(second.wait() == 128 + SIGINT);
  process.signal(SIGINT);
  CHECK(process.wait() == 128 + SIGINT);
}

TEST_CASE(
    "a run that lost its checkpoints, or its configuration, fails with what is to be done, and "
    "nothing of it is touched") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison", lost = run / "arms/group/seed-1",
                 other = run / "arms/critic/seed-1";
  const std::vector<std::string> small = {"compare.seeds=[1]", "compare.controls=none"};
  CHECK(tinyzero::tinyzero(compare(run, small)).code == 0);
  fs::remove_all(lost / "checkpoints");
  fs::remove(lost / "test.json");
  fs::remove(other / "config.yaml");
  fs::remove(other / "test.json");
  const std::string metrics = read_file(lost / "metrics.jsonl");
  const ProcessResult again = tinyzero::tinyzero(compare(run, small));
  CAPTURE(again.out);
  CHECK(again.code == 1);
  CHECK(again.out.find("failed: group seed 1: the run " + lost.string() +
                       " has episodes and no checkpoint to resume from") != std::string::npos);
  CHECK(again.out.find("(restore that folder, or start a new run") != std::string::npos);
  CHECK(again.out.find("failed: critic seed 1: the run folder " + other.string() +
                       " exists already") != std::string::npos);
  CHECK(read_file(lost / "metrics.jsonl") == metrics);
  CHECK(fs::exists(lost / "episodes/step-000004.jsonl.zst"));
  CHECK(fs::exists(other / "checkpoints/step-000004"));
  CHECK(fs::exists(other / "metrics.jsonl"));
}

TEST_CASE("what cannot be compared is refused before anything runs") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const auto refused = [&](const std::vector<std::string>& overrides) {
    const ProcessResult result = tinyzero::tinyzero(compare(run, overrides));
    CHECK(result.code == 2);
    CHECK_FALSE(fs::exists(run));
    return result.err;
  };
  CHECK(refused({"compare.arms={a: {algorithm: grpo}, b: {task.largest: 8}}"})
            .find("arm \"b\" is evaluated on other problems") != std::string::npos);
  CHECK(refused({"compare.arms={a: {algorithm: grop}}"}).find("grpo") != std::string::npos);
  CHECK(refused({"compare.arms={a: {algorithm: {use: grpo, clop: 1}}}"})
            .find("unknown setting \"algorithm.clop\"") != std::string::npos);
  CHECK(tinyzero::tinyzero({"train", kComparison})
            .err.find("comparison.yaml:8:1: the section compare:") != std::string::npos);
  const ProcessResult taken = tinyzero::tinyzero(compare("tests"));
  CHECK(taken.code == 2);
  CHECK(taken.err.find("tests exists already and is no comparison") != std::string::npos);
}

TEST_CASE("all controls run, learn as much as they may, and are told apart in the tables") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const ProcessResult result = tinyzero::tinyzero(compare(
      run,
      {"compare.budget={tokens: 6000}", "compare.seeds=[1]", "eval.samples=2",
       "compare.controls=[warm_start, cooler, restart, random_reward, best_of, more_imitation]",
       "--jobs", "2"}));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const Json summary = Json::parse(read_file(run / "comparison.json"));
  std::map<std::string, Json> arms;
  for (const Json& arm : summary["arms"]) arms[arm["name"]] = arm;
  REQUIRE(arms.size() == 8);
  const std::string start = arms["group"]["runs"][0]["start_weights"];
  for (const auto& [name, arm] : arms) {
    CAPTURE(name);
    const Json& own = arm["runs"][0];
    CHECK(own["state"] == "ok");
    CHECK(own["start_weights"] == start);
    const bool learns = name == "group" || name == "critic" || name == "random_reward" ||
                        name == "best_of" || name == "more_imitation";
    CHECK(own.contains("budget_used") == learns);
    CHECK((own["tokens"].get<double>() >= 6000) == learns);
    CHECK(arm["pass_at"]["2"].get<double>() >= arm["pass_at"]["1"].get<double>());
    CHECK(arm["traits"].contains("attempts"));
    CHECK(result.out.find("\n" + name) != std::string::npos);
  }
  CHECK(arms["more_imitation"]["settings"]["train.imitate"] == "true");
  CHECK(result.out.find("completions of the test") != std::string::npos);
  // Of demonstrations most are right; of this policy's completions few are.
  const auto accuracy = [&](const std::string& arm) {
    double last = 0;
    for (const Json& record : json_lines(run / "arms" / arm / "seed-1/metrics.jsonl"))
      last = record.value("train/accuracy", last);
    return last;
  };
  CHECK(accuracy("more_imitation") > accuracy("group"));
}
