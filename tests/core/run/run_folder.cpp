// Run folders: nothing is lost, nobody else writes, and the user's files stay.

#include "core/run/run_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/run/episode_file.h"
#include "core/run/event_file.h"
#include "support/checkpoint.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/run_folder");

namespace {

// The one file of tensorboard/.
std::string events_of(const fs::path& run) {
  const fs::directory_iterator files(run / "tensorboard");
  REQUIRE(std::distance(begin(files), end(files)) == 1);
  return read_file(fs::directory_iterator(run / "tensorboard")->path());
}

}  // namespace

TEST_CASE("an existing folder is never written into, and one run has one writer") {
  const TemporaryFolder folder;
  write_file_synced(folder / "precious", "x");
  CHECK_THROWS_WITH_AS(RunFolder::create(folder.path(), ""), doctest::Contains("exists already"),
                       Error);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);

  RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
  CHECK(read_file(run.config()) == "seed: 1\n");
  CHECK_THROWS_WITH_AS(
      RunFolder::open(folder / "run"),
      doctest::Contains(
          ("process " + std::to_string(::getpid()) + " is writing to the run folder").c_str()),
      Error);
  CHECK_THROWS_WITH_AS(RunFolder::open(folder / "nothing"), doctest::Contains("not a run folder"),
                       Error);
  write_file_synced(folder / "file", "");
  CHECK_THROWS_AS(RunFolder::create(folder / "file", ""), Error);
}

TEST_CASE("what a run leaves that was killed before it had a config.yaml can be begun again") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "run" / "checkpoints");
  fs::create_directories(folder.path() / "run" / "episodes");
  write_file_synced(folder.path() / "run" / ".lock", "123456\n");
  write_file_synced(folder.path() / "run" / "config.yaml.tmp", "see");
  CHECK(RunFolder::writer(folder / "run") == 0);
  const RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
  CHECK(read_file(run.config()) == "seed: 1\n");
  CHECK(RunFolder::writer(folder / "run") == ::getpid());
}

TEST_CASE("a folder that was moved or replaced is not written to") {
  const TemporaryFolder folder;
  const RunFolder run = RunFolder::create(folder / "run", "");
  run.check_in_place();
  fs::rename(folder / "run", folder / "moved");
  CHECK_THROWS_AS(run.check_in_place(), Failure);
  const RunFolder other = RunFolder::create(folder / "run", "");
  CHECK_THROWS_AS(run.check_in_place(), Failure);
  other.check_in_place();
}

TEST_CASE("going on from a checkpoint drops what came after it") {
  const TemporaryFolder folder;
  RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
  run.write_metrics({{"step", 1}});
  const std::int64_t bytes = run.metrics_bytes();
  const std::string events = events_of(run.path());
  run.write_metrics({{"step", 2}, {"loss", 0.5}});
  CHECK(events_of(run.path()).size() > events.size());
  run.write_episodes(1, "a\n");
  run.write_episodes(2, "b\n");
  for (const char* name : {"step-000002.jsonl", "step-000003.jsonl.zst.tmp",
                           "step-1000000.jsonl.zst", "step-000001.jsonl", "notes.txt"})
    write_file_synced(run.path() / "episodes" / name, "");
  run.rewind(bytes, 1);
  CHECK(events_of(run.path()) == events);
  run.write_metrics({{"step", 3}});
  CHECK(read_file(folder.path() / "run" / "metrics.jsonl") == "{\"step\":1}\n{\"step\":3}\n");
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(run.path() / "episodes"))
    left.insert(entry.path().filename());
  CHECK(left == std::set<std::string>{"notes.txt", "step-000001.jsonl", "step-000001.jsonl.zst"});
  CHECK_THROWS_WITH_AS(run.rewind(1000, 1), doctest::Contains("is shorter than at the checkpoint"),
                       Error);
}

TEST_CASE("a torn last line is cut before anything is read, and the log begins a line of its own") {
  const TemporaryFolder folder;
  std::int64_t bytes = 0;
  {
    RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
    run.write_metrics({{"step", 1}});
    bytes = run.metrics_bytes();
    run.log("one");
  }
  const fs::path run = folder / "run";
  for (const std::string& torn : {std::string("{\"step\":2,\"lo"),
                                  std::string("{\"st\n{\"step\":3}\n"), std::string(100, '\0')}) {
    std::ofstream(run / "metrics.jsonl", std::ios::app | std::ios::binary) << torn;
    std::ofstream(run / "log.txt", std::ios::app) << "2030-01-01 cut o";
    RunFolder again = RunFolder::open(run);
    again.rewind(bytes, 0);
    again.write_metrics({{"step", 2}});
    again.log("two");
    CHECK(read_file(run / "metrics.jsonl") == "{\"step\":1}\n{\"step\":2}\n");
    const std::string log = read_file(run / "log.txt");
    CHECK(log.find("cut o\n2") != std::string::npos);
    CHECK(log.ends_with("  two\n"));
  }
  // A checkpoint's length that ends within a line is that of another file.
  RunFolder again = RunFolder::open(run);
  CHECK_THROWS_WITH_AS(again.rewind(bytes - 1, 0),
                       doctest::Contains("was changed: at the checkpoint a line ended after byte"),
                       Error);
  CHECK(read_file(run / "metrics.jsonl") == "{\"step\":1}\n{\"step\":2}\n");
}

TEST_CASE(
    "a run that lost its checkpoints is refused before anything is touched, one that never had any "
    "is not") {
  const TemporaryFolder folder;
  const fs::path path = folder / "run";
  const auto snapshot = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.path().filename() != ".lock")
        files[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path()) : "";
    }
    return files;
  };
  {
    RunFolder run = RunFolder::create(path, "seed: 1\n");
    run.write_metrics({{"step", 0}, {"warm_start/step", 1}});
  }
  RunFolder::open(path).check_checkpoints();  // killed in its warm start
  save(path / "checkpoints", 1, {Phase::warm_start, 10});
  RunFolder::open(path).note_checkpoint();
  RunFolder::open(path).check_checkpoints();

  const auto lost = [&](const std::string& words) {
    const auto before = snapshot();
    CHECK_THROWS_WITH_AS(RunFolder::open(path).check_checkpoints(),
                         doctest::Contains(words.c_str()), Error);
    CHECK(snapshot() == before);
  };
  fs::rename(path / "checkpoints", folder / "elsewhere");
  lost("has metrics and no checkpoint to resume from: " + (path / "checkpoints").string() +
       " is missing");
  fs::create_directory(path / "checkpoints");
  lost("holds none");
  fs::copy(folder.path() / "elsewhere/warm-000010", path / "checkpoints/warm-backup",
           fs::copy_options::recursive);
  lost("holds none");
  write_file_synced(path / "episodes/step-000001.jsonl.zst", "");
  lost("has episodes and no checkpoint");
  fs::remove(path / "metrics.jsonl");
  lost("has episodes and no checkpoint");
  write_file_synced(path / ".unsaved", "");  // of steps of RL there is always a checkpoint before
  lost("has episodes and no checkpoint");
  fs::remove(path / ".unsaved");
  fs::remove(path / "episodes/step-000001.jsonl.zst");
  RunFolder::open(path).check_checkpoints();  // nothing is left that could be lost
}

TEST_CASE("episodes are dropped by whole names alone, and what killed writers left goes") {
  const TemporaryFolder folder;
  RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
  const fs::path episodes = run.path() / "episodes";
  const std::set<std::string> own = {"step-000009.jsonl.bak", "step-9.jsonl",
                                     "step-000009-copy.jsonl.zst", "step-000009.jsonl.zst.old"};
  for (const std::string& name : own) write_file_synced(episodes / name, "");
  for (const char* name : {"step-000009.jsonl.zst", "step-000010.jsonl", ".tinyzero-123-0.tmp"})
    write_file_synced(episodes / name, "");
  write_file_synced(run.path() / ".tinyzero-123-0.tmp", "");
  run.rewind(0, 8);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(episodes)) left.insert(entry.path().filename());
  CHECK(left == own);
  CHECK_FALSE(fs::exists(run.path() / ".tinyzero-123-0.tmp"));
}

TEST_CASE("what stands in the place of a run's files is named, and not written over") {
  const TemporaryFolder folder;
  for (const char* name : {"metrics.jsonl", "log.txt", ".lock"}) {
    CAPTURE(name);
    const fs::path path = folder / "run";
    RunFolder::create(path, "seed: 1\n");
    fs::remove(path / name);
    REQUIRE(::mkfifo((path / name).c_str(), 0600) == 0);
    const auto go_on = [&] {
      RunFolder run = RunFolder::open(path);
      run.rewind(0, 0);
    };
    CHECK_THROWS_WITH_AS(go_on(), doctest::Contains("is a named pipe"), Error);
    fs::remove_all(path);
  }
  const fs::path path = folder / "run";
  RunFolder::create(path, "seed: 1\n");
  write_file_synced(folder / "precious", "mine");
  fs::remove(path / ".lock");
  fs::create_symlink(folder / "precious", path / ".lock");
  CHECK_THROWS_WITH_AS(RunFolder::open(path), doctest::Contains("is a symbolic link"), Error);
  CHECK(read_file(folder / "precious") == "mine");
}

TEST_CASE("the cut last line of metrics.jsonl is left out, another is an error") {
  const TemporaryFolder folder;
  write_file_synced(folder / "metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"ste");
  CHECK(read_metrics(folder / "metrics.jsonl").size() == 2);
  write_file_synced(folder / "metrics.jsonl", "{\"ste\n{\"step\":2}\n");
  CHECK_THROWS_AS(read_metrics(folder / "metrics.jsonl"), Error);
}

TEST_CASE("episodes and faults are files of their step") {
  const TemporaryFolder folder;
  RunFolder run = RunFolder::create(folder / "run", "");
  run.write_episodes(3, "{\"a\":1}\n{\"a\":2}\n");
  EpisodeReader reader(run.path() / "episodes/step-000003.jsonl.zst");
  std::string line;
  REQUIRE(reader.next(line));
  CHECK(line == "{\"a\":1}");
  REQUIRE(reader.next(line));
  CHECK(line == "{\"a\":2}");
  CHECK_FALSE(reader.next(line));
  const fs::path fault = run.write_fault(12, {{"loss", "nan"}});
  CHECK(fault == run.path() / "faults/step-000012.json");
  CHECK(read_file(fault) == "{\"loss\":\"nan\"}\n");
}

TEST_CASE("tensorboard/ has the events of metrics.jsonl, and keeps the time at which a run began") {
  const TemporaryFolder folder;
  RunFolder::create(folder / "run", "");
  const fs::path events = folder.path() / "run/tensorboard";
  fs::remove_all(events);
  fs::create_directory(events);
  write_file_synced(events / "events.out.tfevents.1000.tinyzero", "old");
  write_file_synced(events / "events.out.tfevents.2000.other", "mine");
  RunFolder run = RunFolder::open(folder / "run");
  run.rewind(0, 0);
  const Json record = {{"step", 1}, {"seconds", 0.5}, {"loss", 2.0}};
  run.write_metrics(record);
  CHECK(read_file(events / "events.out.tfevents.1000.tinyzero") ==
        event_file_start(1000) + scalar_events(record, 1000));
  CHECK(read_file(events / "events.out.tfevents.2000.other") == "mine");
}

TEST_CASE("a line of the log has a date, and nothing that moves a cursor") {
  const TemporaryFolder folder;
  RunFolder run = RunFolder::create(folder / "run", "");
  run.log("red \x1b[31m");
  const std::string log = read_file(run.log_file());
  REQUIRE(log.size() == std::string("2030-01-01 00:00:00  red ?[31m\n").size());
  CHECK(log.ends_with("  red ?[31m\n"));
  CHECK(log[4] == '-');
  CHECK(log[13] == ':');
}

TEST_CASE("a run folder can be read while another process writes") {
  const TemporaryFolder folder;
  RunFolder writer = RunFolder::create(folder / "run", "");
  writer.write_metrics({{"step", 1}});
  const RunFolder reader = RunFolder::open(folder / "run", RunFolder::Access::read);
  CHECK(read_metrics(reader.metrics()).size() == 1);
  CHECK(writer.lock_note().empty());
}
