// Run folders and checkpoints: nothing is lost, nothing is half-written, nobody else writes.

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/run/checkpoint.h"
#include "core/run/checkpoint_checks.h"
#include "core/run/run_folder.h"
#include "support/checkpoint.h"
#include "support/poison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/run");

namespace {

// The one file of tensorboard/.
std::string events_of(const fs::path& run) {
  const fs::directory_iterator files(run / "tensorboard");
  REQUIRE(std::distance(begin(files), end(files)) == 1);
  return read_file(fs::directory_iterator(run / "tensorboard")->path());
}

}  // namespace

TEST_CASE("a checkpoint restores weights, moments and state") {
  const TemporaryFolder folder;
  save(folder.path(), 5, {Phase::reinforce, 20});
  Model model = small_model(1);
  const auto checkpoint = load_checkpoint(folder.path(), model,
                                          [](const std::string&) { FAIL("no warning expected"); });
  REQUIRE(checkpoint);
  CHECK(equal(model, small_model(5)));
  CHECK(checkpoint->state.phase == Phase::reinforce);
  CHECK(checkpoint->state.step == 20);
  CHECK(checkpoint->state.skipped == 2);
  CHECK(checkpoint->state.kept.at("kl_weight") == 0.25);
  CHECK(checkpoint->policy.steps == 21);
  CHECK(checkpoint->state.metrics_bytes == 77);
  std::vector<float> moments(static_cast<std::size_t>(model.layout.size()));
  to_float(checkpoint->policy.moments->path(),
           checkpoint->policy.moments->tensors().at("first_moment"), "first_moment",
           moments.data());
  CHECK(moments.front() == 20);
  CHECK(moments.back() == 20);
}

TEST_CASE(
    "a checkpoint with a number that is NaN or infinite is passed over, and none is written") {
  const float infinity = std::numeric_limits<float>::infinity();
  struct Case {
    const char *file, *tensor;
    float value;
  };
  for (const Case& c :
       {Case{"model.safetensors", "model.norm.weight", std::nanf("")},
        {"trainer/optimizer.safetensors", "second_moment", infinity},
        {"trainer/critic/model.safetensors", "score.bias", -infinity},
        {"trainer/critic/optimizer.safetensors", "first_moment", std::nanf("")},
        {"trainer/reference/model.safetensors", "model.embed_tokens.weight", std::nanf("")}}) {
    CAPTURE(c.file);
    const TemporaryFolder folder;
    save(folder.path(), 1, {Phase::reinforce, 20});
    save(folder.path(), 2, {Phase::reinforce, 40});
    poison(folder / "step-000040" / c.file, c.tensor, 0, c.value);
    write_checksums(folder / "step-000040");  // else those tell
    Model model = small_model(9);
    std::string warning;
    const auto found =
        load_checkpoint(folder.path(), model, [&](const std::string& text) { warning = text; });
    REQUIRE(found);
    CHECK(found->state.step == 20);
    CHECK(equal(model, small_model(1)));
    CHECK(warning.find("checkpoint step-000040 cannot be used: ") != std::string::npos);
    CHECK(warning.find(std::string(c.file) + ": tensor \"" + c.tensor + "\" holds ") !=
          std::string::npos);
  }
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 20});
  Model diverged = small_model(2);
  diverged.weights.data()[7] = infinity;
  TrainerState state;
  state.step = 40;
  CHECK_THROWS_WITH_AS(
      save_checkpoint(folder.path(), {&diverged}, {}, Tokenizer::make(true), state, 1),
      doctest::Contains("\"model.embed_tokens.weight\" has become an infinite number at [0, 7]"),
      Failure);
  CHECK(list_checkpoints(folder.path()).size() == 1);
}

TEST_CASE("the newest is taken: RL after warm start, later after earlier; the oldest are deleted") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::warm_start, 200, 3});
  save(folder.path(), 2, {Phase::reinforce, 0, 3});
  save(folder.path(), 3, {Phase::reinforce, 20, 3});
  Model model = small_model(9);
  CHECK(load_checkpoint(folder.path(), model, nullptr)->state.step == 20);
  save(folder.path(), 4, {Phase::reinforce, 40, 3});
  const auto left = list_checkpoints(folder.path());
  REQUIRE(left.size() == 3);
  CHECK(left.front().filename() == "step-000000");
  CHECK(left.back().filename() == "step-000040");
}

TEST_CASE("a damaged checkpoint is named and the one before it is taken") {
  const TemporaryFolder folder;
  save(folder.path(), 2, {Phase::reinforce, 20});
  save(folder.path(), 3, {Phase::reinforce, 40});
  for (const char* file :
       {"model.safetensors", "config.json", "trainer/state.json", "trainer/optimizer.safetensors",
        "trainer/critic/model.safetensors", "trainer/critic/state.json",
        "trainer/critic/optimizer.safetensors", "trainer/reference/config.json"}) {
    CAPTURE(file);
    const fs::path path = folder.path() / "step-000040" / file;
    const std::string good = read_file(path);
    write_file_synced(path, good.substr(0, good.size() / 2));
    Model model = small_model(9);
    std::string warning;
    const auto checkpoint =
        load_checkpoint(folder.path(), model, [&](const std::string& text) { warning = text; });
    REQUIRE(checkpoint);
    CHECK(checkpoint->state.step == 20);
    CHECK(equal(model, small_model(2)));
    CHECK(warning.find("step-000040") != std::string::npos);
    write_file_synced(path, good);
  }
  fs::remove(folder.path() / "step-000020" / "model.safetensors");
  fs::remove(folder.path() / "step-000040" / "model.safetensors");
  Model model = small_model(9);
  CHECK_THROWS_WITH_AS(load_checkpoint(folder.path(), model, [](const std::string&) {}),
                       doctest::Contains("no checkpoint in"), Error);
}

TEST_CASE("what a crash leaves of a checkpoint is no checkpoint") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / ".step-000060.partial");
  CHECK(list_checkpoints(folder.path()).empty());
  Model model = small_model(1);
  CHECK_FALSE(load_checkpoint(folder.path(), model, nullptr));
  save(folder.path(), 1, {Phase::reinforce, 60});
  CHECK_FALSE(fs::exists(folder.path() / ".step-000060.partial"));
}

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

TEST_CASE("a checkpoint for which there is no room is not begun") {
  const TemporaryFolder folder;
  check_space(folder.path(), 1, "a byte");
  CHECK_THROWS_WITH_AS(
      check_space(folder.path(), std::uintmax_t{1} << 62, "checkpoint step-000020"),
      doctest::Contains("no room for checkpoint step-000020: it takes 4611686018 GB, and "),
      Failure);
  CHECK_THROWS(save(folder / "removed", 1, {Phase::reinforce, 0}));
  CHECK_FALSE(fs::exists(folder / "removed"));  // and does not bring a folder back
}

TEST_CASE("the best checkpoint outlives newer ones") {
  const TemporaryFolder folder;
  for (std::int64_t step = 0; step < 5; ++step)
    save(folder.path(), 1, {Phase::reinforce, step, 2, step < 1 ? 0 : 1});
  std::vector<std::string> names;
  for (const fs::path& path : list_checkpoints(folder.path()))
    names.push_back(path.filename().string());
  CHECK(names == std::vector<std::string>{"step-000001", "step-000003", "step-000004"});
  CHECK(fs::read_symlink(folder / "best") == "step-000001");
  CHECK(fs::exists(folder.path() / "best" / "config.json"));
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
  lost("has metrics and no checkpoint to go on from: " + (path / "checkpoints").string() +
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
