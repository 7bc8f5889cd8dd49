// Standard output that cannot be written to, and standard streams that are closed.

#include <doctest/doctest.h>

#include <algorithm>

#include "support/golden.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/output");

namespace {

struct Printing {
  std::vector<std::string> arguments;
  std::string input = {};
};

// Commands that print results, of a run and of a model's folder.
std::vector<Printing> printing_commands(const fs::path& run) {
  const std::string model = (golden_folder() / "hf" / "qwen2_tied").string();
  const std::string answer =
      R"({"state":{"numbers":[3,4],"target":7},"completion":"<answer>3+4</answer>"})"
      "\n";
  return {
      {{"--help"}},
      {{"--version"}},
      {{"train", "--help"}},
      {{"task", "list"}},
      {{"task", "list", "--json"}},
      {{"task", "show", "countdown"}},
      {{"task", "draw", "countdown"}},
      {{"task", "draw", "countdown", "--count", "3000"}},  // more than any buffer holds
      {{"task", "verify", "countdown"}, answer},
      {{"task", "solve", "countdown"}, answer},
      {{"task", "check", "countdown", "--only", "file"}},
      {{"task", "check", "countdown", "--only", "file", "--json"}},
      {{"play", "countdown", "--oracle"}},
      {{"algorithm", "list"}},
      {{"algorithm", "show", "grpo"}},
      {{"config", "show", kConfig}},
      {{"config", "check", kConfig, "--json"}},
      {{"config", "schema"}},
      {{"model", "info", model}},
      {{"model", "info", model, "--json"}},
      {{"model", "generate", model, "--max-tokens", "2"}, "{\"ids\":[1,2]}\n"},
      {{"model", "score", model}, "{\"ids\":[1,2]}\n"},
      {{"model", "tokenize", model}, "{\"text\":\"a\"}\n"},
      {{"eval", run, "--problems", "4"}},
      {{"eval", run, "--problems", "4", "--json"}},
      {{"episodes", run}},
      {{"episodes", run, "--json"}},
      {{"report", run}},
      {{"replay", run, "--step", "1", "--json"}},
      {{"watch", run}},
      {{"plan", kConfig, "train.steps=1", "warm_start.steps=0"}},
      {{"bench", "verify", "countdown", "--seconds", "0.01"}},
      {{"doctor"}},
  };
}

std::string text_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += word + " ";
  return out;
}

std::int64_t errors_in(const std::string& err) {
  return (err.starts_with("error: ") ? 1 : 0) +
         static_cast<std::int64_t>(
             std::count_if(err.begin(), err.end(), [&, at = std::size_t{0}](char c) mutable {
               ++at;
               return c == '\n' && err.compare(at, 7, "error: ") == 0;
             }));
}

}  // namespace

TEST_CASE("a full disk and a closed stream are one error of every command that prints") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  run_to_the_end(train(run, {"train.steps=1"}));
  for (const auto& [arguments, input] : printing_commands(run)) {
    CAPTURE(text_of(arguments));
    const ProcessResult full = tinyzero_with(">/dev/full", arguments, input);
    CAPTURE(full.err);
    CHECK(full.code == 1);
    CHECK(errors_in(full.err) == 1);
    CHECK(full.err.find("error: cannot write to standard output: No space left on device\n") !=
          std::string::npos);
    const ProcessResult closed = tinyzero_with(">&-", arguments, input);
    CHECK(closed.code == 1);
    CHECK(closed.err.find("error: cannot write to standard output: it is closed\n") !=
          std::string::npos);
  }
}

TEST_CASE("a reader that went away ends a command quietly") {
  const TemporaryFolder folder;
  for (const char* signal : {"", "trap '' PIPE; "}) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"task", "draw", "countdown", "--count", "20000"},
          {"--help"},
          {"config", "schema"}}) {
      CAPTURE(signal);
      std::vector<std::string> command = {
          "sh", "-c", std::string(signal) + "{ sleep 0.2; \"$@\"; echo $? >\"$0\"; } | true",
          folder / "code", tinyzero_path()};
      command.insert(command.end(), arguments.begin(), arguments.end());
      const ProcessResult result = run_process(command, {}, TINYZERO_SOURCE);
      CHECK(result.err.empty());
      REQUIRE(wait_for(folder / "code"));
      CHECK(read_file(folder / "code") == "141\n");
      fs::remove(folder / "code");
    }
  }
}

TEST_CASE("a run whose metrics find no room on standard output goes on, and says so at its end") {
  const TemporaryFolder folder;
  std::vector<std::string> command = train(folder / "run", {"train.steps=2"});
  command.push_back("--json");
  const ProcessResult result = tinyzero_with(">/dev/full", command);
  CAPTURE(result.err);
  CHECK(result.code == 1);
  CHECK(errors_in(result.err) == 1);
  CHECK(result.err.find(
            "warning: standard output takes no metrics any more: No space left on device") !=
        std::string::npos);
  CHECK(read_file(folder / "run/log.txt").find("done") != std::string::npos);
  const ProcessResult unread =
      run_process({"sh", "-c", "exec \"$@\" | true", "sh", "sh", "-c",
                   "sleep 0.2; \"$@\"; echo $? >\"$0\"", folder / "code", tinyzero_path(), "train",
                   kConfig, "train.steps=2", "--json", "--run", folder / "unread"},
                  {}, TINYZERO_SOURCE);
  REQUIRE(wait_for(folder / "code"));
  CHECK(read_file(folder / "code") == "0\n");
  CHECK(unread.err.find("standard output") == std::string::npos);
}

TEST_CASE("nothing that is printed lands in a file of a run whose streams were closed") {
  const TemporaryFolder folder;
  const fs::path own = folder / "own.so";
  fs::copy_file(fs::path(TINYZERO_PLUGINS) / "countdown.so",
                own);  // runs in a worker, which has streams, too
  int number = 0;
  for (const char* closed : {"<&- >&- 2>&-", "2>&-", ">&-", "<&-", "<&- >&-", ">&- 2>&-"}) {
    CAPTURE(closed);
    const fs::path run = folder / std::to_string(number++);
    const ProcessResult result = tinyzero_with(
        closed, train(run, {"train.steps=1", "warm_start.steps=2", "task.use=" + own.string()}));
    CAPTURE(result.err);
    CHECK(result.code == 0);
    for (const Json& record : json_lines(run / "metrics.jsonl")) CHECK(record.contains("seconds"));
    CHECK(read_file(run / ".lock").find_first_not_of("0123456789\n") == std::string::npos);
    CHECK(read_file(run / "log.txt").find("done") != std::string::npos);
    const auto worker = run_process({"sh", "-c", "exec \"$@\" " + std::string(closed), "sh",
                                     TINYZERO_WORKER_PROGRAM, "none", "1"});
    CHECK(worker.code == 2);
  }
  // What is read from a closed standard input has ended.
  const ProcessResult none = tinyzero_with("<&-", {"task", "verify", "countdown"});
  CHECK(none.code == 0);
  CHECK(none.out.empty());
}
