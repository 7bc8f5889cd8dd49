// Run folders and checkpoints: nothing is lost, nothing is half-written, nobody else writes.

#include <doctest/doctest.h>

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/base/error.h"
#include "core/run/checkpoint.h"
#include "core/run/run_folder.h"
#include "support/poison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/run");

namespace {

Model small_model(std::uint64_t seed) {
  ModelConfig c = preset_config("tiny");
  c.layers = 1;
  c.width = 16;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_dim = 8;
  c.mlp = 16;
  c.vocab = 352;
  c.eos = {346};
  Model model(c);
  initialize(model, seed);
  return model;
}

// The same numbers as both moments.
std::map<std::string, TensorInfo> moments_of(const std::vector<float>& numbers) {
  const TensorInfo info{
      "F32", {static_cast<std::int64_t>(numbers.size())}, reinterpret_cast<const char*>(numbers.data()), numbers.size() * 4};
  return {{"first_moment", info}, {"second_moment", info}};
}

void save(const fs::path& folder, std::uint64_t seed, Phase phase, std::int64_t step, std::int64_t keep = 10, std::int64_t best = -1) {
  const Model model = small_model(seed);
  const std::vector<float> moments(static_cast<std::size_t>(model.layout.size()), static_cast<float>(step));
  Model critic = side_model_of(model, /*value_head=*/true);
  TrainerState state;
  state.phase = phase;
  state.step = step;
  state.best_step = best;
  state.seconds = 1.5;
  state.metrics_bytes = 77;
  state.skipped = 2;
  state.kept["kl_weight"] = 0.25;
  const std::vector<float> critic_moments(static_cast<std::size_t>(critic.layout.size()), 3.0f);
  save_checkpoint(folder, {&model, step + 1, moments_of(moments)},
                  {{"critic", {&critic, 7, moments_of(critic_moments)}}, {"reference", {&model}}}, Tokenizer::make(true), state, keep);
}

// The one file of tensorboard/.
std::string events_of(const fs::path& run) {
  const fs::directory_iterator files(run / "tensorboard");
  REQUIRE(std::distance(begin(files), end(files)) == 1);
  return read_file(fs::directory_iterator(run / "tensorboard")->path());
}

bool equal(const Model& a, const Model& b) {
  return std::memcmp(a.weights.data(), b.weights.data(), static_cast<std::size_t>(a.weights.size()) * 4) == 0;
}

}  // namespace

TEST_CASE("a checkpoint restores weights, moments and state") {
  const TemporaryFolder folder;
  save(folder.path(), 5, Phase::reinforce, 20);
  Model model = small_model(1);
  const auto checkpoint = load_checkpoint(folder.path(), model, [](const std::string&) { FAIL("no warning expected"); });
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
    save(folder.path(), 1, Phase::reinforce, 20);
    save(folder.path(), 2, Phase::reinforce, 40);
    poison(folder / "step-000040" / c.file, c.tensor, 0, c.value);
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
  save(folder.path(), 1, Phase::reinforce, 20);
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
  save(folder.path(), 1, Phase::warm_start, 200, 3);
  save(folder.path(), 2, Phase::reinforce, 0, 3);
  save(folder.path(), 3, Phase::reinforce, 20, 3);
  Model model = small_model(9);
  CHECK(load_checkpoint(folder.path(), model, nullptr)->state.step == 20);
  save(folder.path(), 4, Phase::reinforce, 40, 3);
  const auto left = list_checkpoints(folder.path());
  REQUIRE(left.size() == 3);
  CHECK(left.front().filename() == "step-000000");
  CHECK(left.back().filename() == "step-000040");
}

TEST_CASE("a damaged checkpoint is named and the one before it is taken") {
  const TemporaryFolder folder;
  save(folder.path(), 2, Phase::reinforce, 20);
  save(folder.path(), 3, Phase::reinforce, 40);
  for (const char* file :
       {"model.safetensors", "config.json", "trainer/state.json", "trainer/optimizer.safetensors", "trainer/critic/model.safetensors",
        "trainer/critic/state.json", "trainer/critic/optimizer.safetensors", "trainer/reference/config.json"}) {
    CAPTURE(file);
    const fs::path path = folder.path() / "step-000040" / file;
    const std::string good = read_file(path);
    write_file_synced(path, good.substr(0, good.size() / 2));
    Model model = small_model(9);
    std::string warning;
    const auto checkpoint = load_checkpoint(folder.path(), model, [&](const std::string& text) { warning = text; });
    REQUIRE(checkpoint);
    CHECK(checkpoint->state.step == 20);
    CHECK(equal(model, small_model(2)));
    CHECK(warning.find("step-000040") != std::string::npos);
    write_file_synced(path, good);
  }
  fs::remove(folder.path() / "step-000020" / "model.safetensors");
  fs::remove(folder.path() / "step-000040" / "model.safetensors");
  Model model = small_model(9);
  CHECK_THROWS_WITH_AS(load_checkpoint(folder.path(), model, [](const std::string&) {}), doctest::Contains("no checkpoint in"), Error);
}

TEST_CASE("what a crash leaves of a checkpoint is no checkpoint") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / ".step-000060.partial");
  CHECK(list_checkpoints(folder.path()).empty());
  Model model = small_model(1);
  CHECK_FALSE(load_checkpoint(folder.path(), model, nullptr));
  save(folder.path(), 1, Phase::reinforce, 60);
  CHECK_FALSE(fs::exists(folder.path() / ".step-000060.partial"));
}

TEST_CASE("an existing folder is never written into, and one run has one writer") {
  const TemporaryFolder folder;
  write_file_synced(folder / "precious", "x");
  CHECK_THROWS_WITH_AS(RunFolder::create(folder.path(), ""), doctest::Contains("exists already"), Error);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);

  RunFolder run = RunFolder::create(folder / "run", "seed: 1\n");
  CHECK(read_file(run.config()) == "seed: 1\n");
  CHECK_THROWS_WITH_AS(RunFolder::open(folder / "run"),
                       doctest::Contains(("process " + std::to_string(::getpid()) + " is writing to the run folder").c_str()), Error);
  CHECK_THROWS_WITH_AS(RunFolder::open(folder / "nothing"), doctest::Contains("not a run folder"), Error);
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
  CHECK_THROWS_WITH_AS(check_space(folder.path(), std::uintmax_t{1} << 62, "checkpoint step-000020"),
                       doctest::Contains("no room for checkpoint step-000020: it takes 4611686018 GB, and "), Failure);
  CHECK_THROWS(save(folder / "removed", 1, Phase::reinforce, 0));
  CHECK_FALSE(fs::exists(folder / "removed"));  // and does not bring a folder back
}

TEST_CASE("the best checkpoint outlives newer ones") {
  const TemporaryFolder folder;
  for (std::int64_t step = 0; step < 5; ++step) save(folder.path(), 1, Phase::reinforce, step, 2, step < 1 ? 0 : 1);
  std::vector<std::string> names;
  for (const fs::path& path : list_checkpoints(folder.path())) names.push_back(path.filename().string());
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
  for (const char* name : {"step-000002.jsonl", "step-000003.jsonl.zst.tmp", "step-1000000.jsonl.zst", "step-000001.jsonl", "notes.txt"})
    write_file_synced(run.path() / "episodes" / name, "");
  run.rewind(bytes, 1);
  CHECK(events_of(run.path()) == events);
  run.write_metrics({{"step", 3}});
  CHECK(read_file(folder.path() / "run" / "metrics.jsonl") == "{\"step\":1}\n{\"step\":3}\n");
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(run.path() / "episodes")) left.insert(entry.path().filename());
  CHECK(left == std::set<std::string>{"notes.txt", "step-000001.jsonl", "step-000001.jsonl.zst"});
  CHECK_THROWS_WITH_AS(run.rewind(1000, 1), doctest::Contains("is shorter than at the checkpoint"), Error);
}

TEST_CASE("the cut last line of metrics.jsonl is left out, another is an error") {
  const TemporaryFolder folder;
  write_file_synced(folder / "metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"ste");
  CHECK(read_metrics(folder / "metrics.jsonl").size() == 2);
  write_file_synced(folder / "metrics.jsonl", "{\"ste\n{\"step\":2}\n");
  CHECK_THROWS_AS(read_metrics(folder / "metrics.jsonl"), Error);
}
