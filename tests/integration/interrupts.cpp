// Ctrl-C and SIGTERM: a word at once, an end as soon as nothing is lost by it, and a run that goes
// on as if it had never been stopped.

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "support/runs.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/interrupts");

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t interrupts_wanted() {
  const char* text = std::getenv("TINYZERO_KILLS");
  return text != nullptr ? std::stoll(text) : 3;
}

// Waits until a process has a handler for a signal: until it is past its start.
bool wait_for_handler(pid_t pid, int signal) {
  for (int i = 0; i < 6000; ++i) {
    const std::string status = run_process({"cat", "/proc/" + std::to_string(pid) + "/status"}).out;
    const std::size_t at = status.find("SigCgt:");
    // Before it becomes the program, a child has the handlers of this one.
    if (at != std::string::npos && status.starts_with("Name:\ttinyzero")) {
      const unsigned long long caught = std::stoull(status.substr(at + 7), nullptr, 16);
      if ((caught >> (signal - 1) & 1) != 0) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A socket that is listened to and never answered.
class SilentServer {
 public:
  SilentServer() : socket_(FileHandle::adopt(::socket(AF_INET, SOCK_STREAM, 0))) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_.fd(), 16) == 0);
    REQUIRE(::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1";
  }
  const std::string& url() const { return url_; }

 private:
  FileHandle socket_;
  std::string url_;
};

}  // namespace

// TINYZERO_KILLS says how many.
TEST_CASE("a run that is stopped at any moment and goes on is the run that was never stopped") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "base", {"train.steps=0"}));
  const std::string base = folder / "base/checkpoints/step-000000";
  const std::vector<std::string> whole_model = {"task.format_reward=0.3", "warm_start.steps=200"};
  const std::vector<std::string> ahead = {"warm_start.steps=60", "train.random_reward=0.5",
                                          "rollout.ahead=1", "train.importance_cap=2"};
  const std::vector<std::string> adapters = {
      "model.path=" + base, "warm_start.steps=0",        "lora.rank=4",
      "lora.alpha=8",       "train.random_reward=0.5",   "train.learning_rate=1e-2",
      "precision=f32",      "preflight.max_truncated=1", "lora.auxiliary_models=true"};
  const std::pair<const char*, std::vector<std::string>> variants[] = {
      {"checkpoint.every=1", whole_model},
      {"checkpoint.every=0", whole_model},
      {"checkpoint.every=3", whole_model},
      {"checkpoint.every=1", adapters},
      {"checkpoint.every=3", ahead}};
  for (const auto& [every, more] : variants) {
    CAPTURE(every);
    std::vector<std::string> overrides = {every, "checkpoint.keep=99", "rollout.max_tokens=48",
                                          "eval.every=1", "algorithm={use: ppo, kl: 0.1}"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    const fs::path whole = folder / "whole", run = folder / "stopped";
    const auto start = Clock::now();
    run_to_the_end(train(whole, overrides));
    const double duration = std::chrono::duration<double>(Clock::now() - start).count();
    Rng rng(7);
    std::int64_t stopped = 0;
    std::vector<std::string> command = train(run, overrides);
    for (std::int64_t attempt = 0;
         attempt < 20 * interrupts_wanted() && stopped < interrupts_wanted(); ++attempt) {
      BackgroundProcess process(command_line(command), folder / "err");
      std::this_thread::sleep_for(std::chrono::duration<double>(rng.uniform() * duration));
      const int signal = rng.chance(0.5) ? SIGINT : SIGTERM;
      process.signal(signal);
      const int code = process.wait();
      CAPTURE(read_file(folder / "err"));
      const bool told =
          read_file(folder / "err").find("stopping: the run ends with a checkpoint") !=
          std::string::npos;
      CHECK((code == 0 || code == 128 + signal));
      if (told && code != 0) {
        ++stopped;
        CHECK(read_file(run / "log.txt").find("interrupted") != std::string::npos);
        CHECK(read_file(folder / "err")
                  .find("continue with: tinyzero train --resume " + run.string()) !=
              std::string::npos);
      }
      if (code == 0) {
        check_same_run(whole, run);
        fs::remove_all(run);
      }
      command = fs::exists(run / "config.yaml") ? std::vector<std::string>{"train", "--resume", run}
                                                : train(run, overrides);
    }
    MESSAGE(stopped << " times stopped");
    CHECK(stopped > 0);
    run_to_the_end(command);
    check_same_run(whole, run);
    fs::remove_all(run);
    fs::remove_all(whole);
  }
}

TEST_CASE("an interrupt in the middle of sampling is told at once and does not wait for the step") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  // A step that would take hours: nobody waits for it.
  BackgroundProcess process(command_line(train(run, {"rollout.prompts=60000", "rollout.samples=64",
                                                     "warm_start.steps=2"})),
                            folder / "err");
  REQUIRE(wait_for(run / "checkpoints/step-000000"));
  process.signal(SIGINT);
  REQUIRE(
      wait_for_words(folder / "err", "stopping: the run ends with a checkpoint as soon as it can"));
  CHECK(process.wait() == 128 + SIGINT);
  CHECK_FALSE(fs::exists(run / "episodes/step-000001.jsonl.zst"));
  CHECK(fs::exists(run / "checkpoints/step-000000"));
}

TEST_CASE("in the warm start, too, and with a checkpoint of its last step") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  BackgroundProcess process(command_line(train(run, {"warm_start.steps=100000"})), folder / "err");
  REQUIRE(wait_for_words(run / "metrics.jsonl", "warm_start/step\":5"));
  process.signal(SIGTERM);
  CHECK(process.wait() == 128 + SIGTERM);
  CHECK(std::distance(fs::directory_iterator(run / "checkpoints"), {}) == 1);
}

TEST_CASE(
    "an evaluation that is stopped keeps what has ended, and the same command asks for the rest") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", saved = folder / "answers.jsonl";
  run_to_the_end(train(run, {"train.steps=1"}));
  const auto eval = [&](const fs::path& file) {
    return std::vector<std::string>{"eval", run,      "--problems", "64", "--samples",
                                    "16",   "--json", "--save",     file};
  };
  const ProcessResult whole = tinyzero::tinyzero(eval(folder / "whole.jsonl"));
  REQUIRE(whole.code == 0);
  std::size_t most = 0;
  for (int attempt = 0; attempt < 40;
       ++attempt) {  // it may end before it is stopped, or before it has begun
    BackgroundProcess process(command_line(eval(saved)), folder / "err");
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 30 * attempt));
    process.signal(SIGINT);
    const int code = process.wait();
    if (code == 0) break;
    CAPTURE(read_file(folder / "err"));
    CHECK(code == 128 + SIGINT);
    const std::size_t lines = fs::exists(saved) ? json_lines(saved).size() : 0;
    CHECK(lines >= most);  // never fewer than before
    most = lines;
  }
  const ProcessResult rest = tinyzero::tinyzero(eval(saved));
  CHECK(rest.code == 0);
  CHECK(rest.out == whole.out);
  CHECK(json_lines(saved).size() == json_lines(folder / "whole.jsonl").size());
}

TEST_CASE("an endpoint that does not answer holds nobody up") {
  const TemporaryFolder folder;
  const SilentServer server;
  const std::vector<std::string> command = {
      "eval",    "--task", "multiplication", "--problems", "4",
      "--model", "m",      "--endpoint",     server.url(), "--save"};
  for (const bool save : {true, false}) {
    std::vector<std::string> words = command;
    if (save) words.push_back(folder / "answers.jsonl");
    else words.pop_back();
    BackgroundProcess process(command_line(words), folder / "err");
    REQUIRE(wait_for_handler(process.pid(), SIGTERM));
    std::this_thread::sleep_for(
        std::chrono::milliseconds(100));  // the question is under way, or not
    process.signal(SIGTERM);
    CHECK(process.wait() == 128 + SIGTERM);
    const std::string err = read_file(folder / "err");
    CAPTURE(err);
    CHECK(err.find("stopping: answers under way are given up") != std::string::npos);
    CHECK(err.find(save ? "interrupted: 0 of 4 answers of m are in "
                        : "interrupted: nothing is kept") != std::string::npos);
  }
}

TEST_CASE("what has nothing to lose ends at once") {
  const TemporaryFolder folder;
  const fs::path looping = folder / "looping.so";
  fs::copy_file(fs::path(TINYZERO_BROKEN) / "faulty.so", looping);
  const std::vector<std::vector<std::string>> commands = {
      {"plan", kConfig, "rollout.prompts=60000", "rollout.samples=64"},
      {"bench", "verify", "countdown", "--seconds", "600"},
      {"bench", "rollout", "--rounds", "1000"},
      {"bench", "start", "--rounds", "1000"},
      {"task", "check", looping, "fault=loops"},
  };
  for (const std::vector<std::string>& command : commands) {
    CAPTURE(command[0]);
    CAPTURE(command[1]);
    BackgroundProcess process(command_line(command), folder / "err");
    REQUIRE(wait_for_handler(process.pid(), SIGTERM));
    process.signal(SIGTERM);
    CHECK(process.wait() == 128 + SIGTERM);
    CHECK(read_file(folder / "err").find("stop") != std::string::npos);
  }
  // Nor does a task that loops go on without whoever checks it.
  const auto still_there = [&] { return run_process({"pgrep", "-f", looping.string()}).code == 0; };
  for (int i = 0; i < 500 && still_there(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(still_there());
}
