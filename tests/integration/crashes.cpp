// What can happen to a run: killed at any moment, a full disk, a folder that is taken away or
// written by another, a plugin or a setting that is not what it was. Nothing of it costs more than
// the steps since the last checkpoint, and nothing goes on as if nothing had happened.

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "core/base/file_hash.h"
#include "core/base/told_error.h"
#include "core/run/checkpoint.h"
#include "core/run/manifest.h"
#include "core/run/run_folder.h"
#include "support/runs.h"
#include "support/small_disk.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/crashes");

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t number_from(const char* variable, std::int64_t fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::stoll(text) : fallback;
}

bool writes_checkpoint(const fs::path& run) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", ignored)) {
    if (entry.path().filename().string().ends_with(".partial")) return true;
  }
  return false;
}

// Starts a command and kills it after `seconds`, or within a few milliseconds of the moment when a
// checkpoint begins to be written after them. Returns false if it ended before.
bool kill_after(const std::vector<std::string>& arguments, const fs::path& run, double seconds,
                bool in_checkpoint, Rng& rng) {
  BackgroundProcess process(command_line(arguments));
  const auto start = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  while (passed() < seconds) std::this_thread::sleep_for(std::chrono::microseconds(200));
  while (in_checkpoint && !writes_checkpoint(run) && passed() < seconds + 2)
    std::this_thread::yield();
  if (in_checkpoint) std::this_thread::sleep_for(std::chrono::microseconds(rng.below(4000)));
  process.signal(SIGKILL);
  return process.wait() == 128 + SIGKILL;
}

// What goes on with a run, or begins it if it was killed before there was one.
std::vector<std::string> go_on(const fs::path& run, const std::vector<std::string>& overrides) {
  return fs::exists(run / "config.yaml") ? std::vector<std::string>{"train", "--resume", run}
                                         : train(run, overrides);
}

// Lets a process stand still when a file is there, for what is to happen to it before it ends.
bool stopped_at(const BackgroundProcess& process, const fs::path& path) {
  const bool found = wait_for(path);
  process.signal(SIGSTOP);
  return found;
}

// The times of the events in one of TensorBoard's files: 8 bytes of length, 4 of checksum, a
// message that begins with its time, 4 of checksum.
std::vector<double> wall_times(const std::string& file) {
  std::vector<double> out;
  for (std::size_t at = 0; at + 21 <= file.size();) {
    std::uint64_t length = 0;
    double time = 0;
    std::memcpy(&length, file.data() + at, sizeof length);
    std::memcpy(&time, file.data() + at + 13, sizeof time);
    out.push_back(time);
    at += 16 + length;
  }
  return out;
}

}  // namespace

// TINYZERO_KILLS says how many; 50 take some minutes.
TEST_CASE(
    "a run that is killed at any moment, also while a checkpoint is written, ends as if it had not "
    "been") {
  const TemporaryFolder folder;
  // Enough of a start for groups with spread, without which no update runs.
  const std::vector<std::string> overrides = {"checkpoint.every=1",     "checkpoint.keep=2",
                                              "eval.split=validation",  "checkpoint.keep_best=true",
                                              "task.format_reward=0.3", "warm_start.steps=200",
                                              "rollout.max_tokens=48"};
  const auto start = Clock::now();
  run_to_the_end(train(folder / "whole", overrides));
  const double duration = std::chrono::duration<double>(Clock::now() - start).count();
  Rng rng(static_cast<std::uint64_t>(number_from("TINYZERO_KILL_SEED", 1)));
  const std::int64_t kills = number_from("TINYZERO_KILLS", 4);
  std::int64_t done = 0, in_checkpoints = 0, attempts = 0;
  while (done < kills && attempts++ < 4 * kills) {
    const fs::path run = folder / "killed";
    fs::remove_all(run);
    do {  // some are killed again after going on
      const bool in_checkpoint = rng.chance(0.5);
      const double seconds = rng.uniform() * duration;
      if (!kill_after(go_on(run, overrides), run, seconds, in_checkpoint, rng)) break;
      ++done;
      in_checkpoints += writes_checkpoint(run) ? 1 : 0;
    } while (rng.chance(0.3) && done < kills);
    CAPTURE(attempts);
    run_to_the_end(go_on(run, overrides));
    check_same_run(folder / "whole", run);
    CHECK(fs::read_symlink(run / "checkpoints/best") ==
          fs::read_symlink(folder.path() / "whole/checkpoints/best"));
    for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
      CAPTURE(entry.path().string());
      CHECK((entry.path().filename() == "best" || fs::exists(entry.path() / "trainer/state.json")));
    }
  }
  MESSAGE(done << " kills, " << in_checkpoints << " of them while a checkpoint was written, in "
               << attempts << " runs");
  CHECK(done == kills);
}

TEST_CASE("a full disk ends a run with its last checkpoint, from which it goes on") {
  const TemporaryFolder folder;
  const SmallDisk disk(folder / "disk", "24m");
  if (!disk.mounted()) {
    MESSAGE("skipped: no right to mount a small file system");
    return;
  }
  run_to_the_end(train(folder / "whole"));
  const fs::path run = folder.path() / "disk" / "run", ballast = folder.path() / "disk" / "ballast";
  {
    BackgroundProcess process(command_line(train(run)), folder / "err");
    REQUIRE(stopped_at(process, run / "checkpoints/step-000002"));
    fill(ballast);
    process.signal(SIGCONT);
    CHECK(process.wait() == 1);
  }
  const std::string words = read_file(folder / "err");
  CAPTURE(words);
  const bool named = words.find("No space left on device") != std::string::npos ||
                     words.find("no room for checkpoint") != std::string::npos;
  CHECK(named);
  CHECK(words.find("the last whole checkpoint is step-00000") != std::string::npos);
  CHECK(
      words.find("hint: when it can be written to again, continue with: tinyzero train --resume") !=
      std::string::npos);
  fs::remove(ballast);
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);

  // Where not even two checkpoints fit, nothing begins.
  fill(ballast);
  const ProcessResult refused = tinyzero::tinyzero(train(folder.path() / "disk" / "second"));
  CHECK(refused.code == 1);
  CHECK(refused.err.find("no room for 2 checkpoints") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.path() / "disk" / "second"));
}

TEST_CASE("a file that may not grow is an error like a full disk") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  const fs::path run = folder / "limited";
  {
    BackgroundProcess process(command_line(train(run)), folder / "err");
    REQUIRE(stopped_at(process, run / "checkpoints/step-000002"));
    const rlimit limit = {6000, 6000};  // more than its words take, less than a file of episodes
    REQUIRE(::prlimit(process.pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
    process.signal(SIGCONT);
    CHECK(process.wait() == 1);
  }
  CHECK(read_file(folder / "err")
            .find(system_words(EFBIG) + "; the last whole checkpoint is step-00000") !=
        std::string::npos);
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);
}

TEST_CASE("a folder that cannot be written to any more ends a run with its last checkpoint") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  const fs::path run = folder / "run";
  {
    BackgroundProcess process(command_line(train(run)), folder / "err");
    REQUIRE(stopped_at(process, run / "checkpoints/step-000002"));
    fs::rename(run / "episodes", run / "elsewhere");
    process.signal(SIGCONT);
    CHECK(process.wait() == 1);
  }
  const std::string words = read_file(folder / "err");
  CAPTURE(words);
  CHECK(words.find("error: cannot write " + (run / "episodes/step-00000").string()) !=
        std::string::npos);
  CHECK(words.find("the last whole checkpoint is step-00000") != std::string::npos);
  fs::rename(run / "elsewhere", run / "episodes");
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);
}

TEST_CASE("a run in a place that may only be read does not begin, and does not go on") {
  const TemporaryFolder folder;
  const SmallDisk disk(folder / "disk", "24m");
  if (!disk.mounted()) {
    MESSAGE("skipped: no right to mount a small file system");
    return;
  }
  const fs::path place = folder / "disk", run = place / "run";
  run_to_the_end(train(run, {"train.steps=2"}));
  const std::string metrics = read_file(run / "metrics.jsonl");
  REQUIRE(::mount(nullptr, place.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  const ProcessResult second = tinyzero::tinyzero(train(place / "second"));
  CHECK(second.code == 2);
  CHECK(second.err.find("cannot make the run folder " + (place / "second").string() +
                        ": Read-only file system") != std::string::npos);
  const ProcessResult resumed = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(resumed.code == 2);
  CHECK(resumed.err.find("Read-only file system") != std::string::npos);
  CHECK(read_file(run / "metrics.jsonl") == metrics);
}

TEST_CASE(
    "a run whose folder is taken away ends, and does not write into the one that takes its place") {
  const TemporaryFolder folder;
  for (const bool replaced : {false, true}) {
    CAPTURE(replaced);
    const fs::path run = folder / "run", moved = folder / "moved";
    BackgroundProcess process(command_line(train(run, {"train.steps=100000"})), folder / "err");
    REQUIRE(wait_for(run / "checkpoints/step-000002"));
    fs::rename(run, moved);
    if (replaced) write_file_synced((fs::create_directory(run), run / ".lock"), "");
    CHECK(process.wait() == 1);
    CHECK(read_file(folder / "err").find("was removed, moved or replaced during the run") !=
          std::string::npos);
    CHECK(fs::exists(run) == replaced);
    if (replaced) CHECK(std::distance(fs::directory_iterator(run), {}) == 1);
    fs::remove_all(run);
    fs::remove_all(moved);
  }
}

TEST_CASE("a second writer is told who writes") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  BackgroundProcess process(command_line(train(run, {"train.steps=100000"})));
  REQUIRE(wait_for(run / "checkpoints/step-000000"));
  const ProcessResult second = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(second.code == 2);
  CHECK(second.err.find("process " + std::to_string(process.pid()) +
                        " is writing to the run folder " + run.string()) != std::string::npos);
  CHECK(RunFolder::writer(run) == process.pid());
  process.signal(SIGHUP);
  CHECK(process.wait() == 128 + SIGHUP);
  CHECK(RunFolder::writer(run) == 0);
  CHECK(read_file(run / "log.txt").find("interrupted") != std::string::npos);
}

TEST_CASE("a run goes on with what it began with, or says what changed") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", own = folder / "own.so", plugins = TINYZERO_PLUGINS;
  fs::copy_file(plugins / "countdown.so", own);
  run_to_the_end(train(run, {"train.steps=2", "task.use=" + own.string(), "task.in_process=true"}));
  const auto refused = [&](const std::string& words) {
    const std::string metrics = read_file(run / "metrics.jsonl"), log = read_file(run / "log.txt");
    const ProcessResult result = tinyzero::tinyzero({"train", "--resume", run});
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find(words) != std::string::npos);
    CHECK(result.err.find("--accept-changes") != std::string::npos);
    CHECK(read_file(run / "metrics.jsonl") == metrics);
    CHECK(read_file(run / "log.txt") == log);
  };
  const auto accepted = [&] {
    run_to_the_end({"train", "--resume", run, "--accept-changes"});
    run_to_the_end({"train", "--resume", run});  // once is enough
  };

  std::string config = read_file(run / "config.yaml");
  config.replace(config.find("steps: 2\n"), 9, "steps: 3\n");
  write_file_atomically(run / "config.yaml", config);
  refused("train.steps was 2, is 3");
  accepted();
  CHECK(fs::exists(run / "checkpoints/step-000003"));
  write_file_atomically(run / "config.yaml", "# a remark\n" + config);
  run_to_the_end({"train", "--resume", run});  // changes nothing

  Json manifest = parse_json(read_file(run / "manifest.json"), "manifest");
  const std::string hash = manifest["plugins"][0]["xxh3"];
  CHECK(manifest["changes"].size() == 1);
  std::ofstream(own, std::ios::app) << "another build";
  refused("library of the task, " + own.string() + " was " + hash + ", is ");
  accepted();

  manifest = parse_json(read_file(run / "manifest.json"), "manifest");
  CHECK(manifest["changes"].size() == 2);
  const std::string set = manifest["problem_set"];
  manifest["problem_set"] = "another";
  write_file_atomically(run / "manifest.json", manifest.dump());
  refused("held-out problems was another, is " + set);
  accepted();

  // Another build of the program is no reason to stop, but to say so.
  manifest = parse_json(read_file(run / "manifest.json"), "manifest");
  manifest["program"]["xxh3"] = "another";
  write_file_atomically(run / "manifest.json", manifest.dump());
  CHECK(tinyzero::tinyzero({"train", "--resume", run})
            .err.find("warning: this run began with another build of the program (xxh3 another)") !=
        std::string::npos);
}

TEST_CASE(
    "a run goes on from the model it began with, or says what changed, or from its checkpoints "
    "where that is gone") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", start = folder / "start";
  run_to_the_end(train(folder / "first", {"train.steps=1"}));
  fs::copy(folder.path() / "first/checkpoints/step-000001", start, fs::copy_options::recursive);
  const std::vector<std::string> settings = {"model={path: " + start.string() + "}",
                                             "warm_start.steps=0", "preflight.max_truncated=1"};
  run_to_the_end(train(folder / "whole", settings));
  run_to_the_end(train(run, settings));
  const Json files = parse_json(read_file(run / "manifest.json"), "manifest")["model_files"];
  CHECK(files.size() == 5);
  for (const auto& [name, hash] : files.items()) CHECK(hash == file_hash(start / name));
  const auto back_to = [&](const char* step) {  // the checkpoints after it never were
    for (const fs::path& path : list_checkpoints(run / "checkpoints"))
      if (path.filename() > step) fs::remove_all(path);
  };

  back_to("step-000004");
  const std::string weights = read_file(start / "model.safetensors");
  std::string changed = weights;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write_file_synced(start / "model.safetensors", changed);
  const ProcessResult refused = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(refused.code == 2);
  CAPTURE(refused.err);
  CHECK(refused.err.find("model.path/model.safetensors was " +
                         files["model.safetensors"].get<std::string>() + ", is " +
                         file_hash(start / "model.safetensors")) != std::string::npos);
  write_file_synced(start / "model.safetensors", weights);
  write_file_synced(start / "more.safetensors", weights);
  CHECK(tinyzero::tinyzero({"train", "--resume", run})
            .err.find("model.path/more.safetensors was absent, is ") != std::string::npos);
  fs::remove(start / "more.safetensors");
  write_file_synced(start / "README.md", "no part of the model");
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);

  back_to("step-000006");
  write_file_synced(start / "model.safetensors", changed);
  run_to_the_end({"train", "--resume", run,
                  "--accept-changes"});  // the weights are the checkpoint's all the same
  run_to_the_end({"train", "--resume", run});
  check_same_run(folder / "whole", run);

  back_to("step-000004");
  fs::remove_all(start);
  const ProcessResult resumed = tinyzero::tinyzero({"train", "--resume", run});
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("warning: model.path " + start.string() + " is not there any more") !=
        std::string::npos);
  check_same_run(folder / "whole", run);
  CHECK(Json::parse(
            tinyzero::tinyzero({"replay", run, "--step", "5", "--json"}).out)["own"]["algorithm"] ==
        "grpo");

  // One that has not got as far as a checkpoint has nothing to begin from.
  fs::remove_all(run / "checkpoints");
  fs::create_directory(run / "checkpoints");
  CHECK(tinyzero::tinyzero({"train", "--resume", run})
            .err.find("has episodes and no checkpoint to resume from") != std::string::npos);
  fs::remove(run / "metrics.jsonl");
  fs::remove_all(run / "episodes");
  const ProcessResult lost = tinyzero::tinyzero({"train", "--resume", run});
  CHECK(lost.code == 2);
  CHECK(lost.err.find("model.path " + start.string() + " is no folder") != std::string::npos);
}

TEST_CASE("a clock that is set back disturbs neither a run nor one that goes on") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole"));
  const std::vector<std::string> set_back = {
      "env", "LD_PRELOAD=" + (fs::path(TINYZERO_BROKEN) / "clock_set_back.so").string(),
      "ASAN_OPTIONS=verify_asan_link_order=0"};
  const auto under_it = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> command = set_back;
    for (const std::string& word : command_line(arguments)) command.push_back(word);
    return command;
  };
  const fs::path run = folder / "run";
  {
    BackgroundProcess process(under_it(train(run)), folder / "err");
    REQUIRE(stopped_at(process, run / "checkpoints/step-000004"));
    const ProcessResult second = run_process(under_it({"train", "--resume", run}));
    CHECK(second.code == 2);
    CHECK(second.err.find("is writing to the run folder") != std::string::npos);
    process.signal(SIGKILL);
    process.wait();
  }
  CHECK(read_file(run / "log.txt").starts_with("2030-"));  // it did look
  // The files of the run are from a time that is yet to come, the newest the oldest.
  auto time = fs::file_time_type::clock::now() + std::chrono::hours(24 * 365);
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(run)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths)
    if (fs::is_regular_file(path)) fs::last_write_time(path, time -= std::chrono::hours(1));
  const ProcessResult resumed =
      run_process(under_it({"train", "--resume", run}), {}, TINYZERO_SOURCE);
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  check_same_run(folder / "whole", run);

  double seconds = 0;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    CHECK(record["seconds"].get<double>() >= seconds);
    seconds = record["seconds"];
    for (const auto& [name, value] : record.items()) {
      if (name.starts_with("time/")) CHECK(value.get<double>() >= 0);
    }
  }
  CHECK(seconds > 0);
  CHECK(seconds < 600);
  // TensorBoard's: one file, whose times begin with the run and only go forward.
  std::vector<fs::path> events;
  for (const auto& entry : fs::directory_iterator(run / "tensorboard"))
    events.push_back(entry.path());
  REQUIRE(events.size() == 1);
  const std::vector<double> times = wall_times(read_file(events.front()));
  CHECK(times.size() == 1 + json_lines(run / "metrics.jsonl").size());
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK(times.back() - times.front() < 600);
  CHECK(times.front() > 1.8e9);
  const Json manifest = parse_json(read_file(run / "manifest.json"), "manifest");
  CHECK(manifest["started"].get<std::string>().starts_with("2030-"));
  for (const char* command : {"report", "watch", "episodes"}) {
    CAPTURE(command);
    CHECK(run_process(under_it({command, run})).code == 0);
  }
}

TEST_CASE("a run whose output nobody reads any more goes on") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const std::string program = tinyzero_path(), command = "'" + program + "' train " + kConfig +
                                                         " --json --run '" + run.string() + "'";
  run_process({"sh", "-c", command + " 2>&1 | head -n 1"}, {}, TINYZERO_SOURCE);
  REQUIRE(wait_for(run / "checkpoints/step-000008"));
  for (int i = 0; i < 200 && RunFolder::writer(run) != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(read_file(run / "log.txt").find("done") != std::string::npos);
}
