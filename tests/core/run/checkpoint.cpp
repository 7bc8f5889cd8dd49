// Checkpoints: nothing is lost, and nothing is half written.

#include "core/run/checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/run/checkpoint_checks.h"
#include "support/checkpoint.h"
#include "support/poison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/checkpoint");

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
  std::vector<float> moments(model.layout.size());
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
  const Tokenizer tokenizer = Tokenizer::make(true);
  CHECK_THROWS_WITH_AS(
      save_checkpoint(folder.path(),
                      {.policy = {.model = &diverged}, .tokenizer = tokenizer, .state = state}, 1),
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

TEST_CASE("every field of the state is restored") {
  const TemporaryFolder folder;
  const Model model = small_model(1);
  const std::vector<float> moments(model.layout.size(), 1.0f);
  const Tokenizer tokenizer = Tokenizer::make(true);
  TrainerState state;
  state.phase = Phase::reinforce;
  state.step = 7;
  state.seconds = 12.5;
  state.spent = {.tokens = 1e6, .seconds = 3.25};
  state.metrics_bytes = 1234;
  state.skipped = 3;
  state.first_step = {{"entropy", 0.5}, {"length", 40}};
  state.kept = {{"kl_weight", 0.1}};
  state.best_step = 5;
  state.best_accuracy = 0.625;
  state.curriculum = {{"count", 2}};
  state.evaluation_due = true;
  save_checkpoint(folder.path(),
                  {.policy = {.model = &model, .steps = 9, .moments = moments_of(moments)},
                   .tokenizer = tokenizer,
                   .state = state},
                  2);
  Model read = small_model(2);
  const Checkpoint checkpoint = read_checkpoint(folder / "step-000007", read);
  CHECK(checkpoint.policy.steps == 9);
  CHECK(checkpoint.auxiliary_models.empty());
  const TrainerState& s = checkpoint.state;
  CHECK(s.phase == state.phase);
  CHECK(s.step == state.step);
  CHECK(s.seconds == state.seconds);
  CHECK(s.spent.tokens == state.spent.tokens);
  CHECK(s.spent.seconds == state.spent.seconds);
  CHECK(s.metrics_bytes == state.metrics_bytes);
  CHECK(s.skipped == state.skipped);
  CHECK(s.first_step == state.first_step);
  CHECK(s.kept == state.kept);
  CHECK(s.best_step == state.best_step);
  CHECK(s.best_accuracy == state.best_accuracy);
  CHECK(s.curriculum == state.curriculum);
  CHECK(s.evaluation_due);
}

TEST_CASE("auxiliary models come back, trained ones with their optimizer") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 3});
  Model model = small_model(9);
  const Checkpoint checkpoint = read_checkpoint(folder / "step-000003", model);
  REQUIRE(checkpoint.auxiliary_models.size() == 2);
  const SavedModel& critic = checkpoint.auxiliary_models.at("critic");
  CHECK(critic.model.config.value_head);
  CHECK(critic.optimizer.steps == 7);
  REQUIRE(critic.optimizer.moments);
  CHECK(critic.optimizer.moments->tensors().at("first_moment").elements() ==
        critic.model.layout.size());
  const SavedModel& reference = checkpoint.auxiliary_models.at("reference");
  CHECK(equal(reference.model, small_model(1)));
  CHECK(reference.optimizer.moments == nullptr);
}

TEST_CASE("a model of another shape is refused") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 3});
  ModelConfig config = small_model(1).config;
  config.mlp *= 2;
  Model larger(config);
  CHECK_THROWS_WITH_AS(read_checkpoint(folder / "step-000003", larger),
                       doctest::Contains("holds a model of another shape"), Error);
}

TEST_CASE("the announced size is close to the size on disk, and above it") {
  const TemporaryFolder folder;
  const Model model = small_model(1);
  const std::vector<float> moments(model.layout.size(), 1.0f);
  const ModelView policy{.model = &model, .moments = moments_of(moments)};
  save(folder.path(), 1, {Phase::reinforce, 3});
  std::uintmax_t bytes = 0;
  for (const char* file : {"model.safetensors", "config.json", "tokenizer.json",
                           "trainer/optimizer.safetensors", "trainer/state.json"})
    bytes += fs::file_size(folder.path() / "step-000003" / file);
  CHECK(checkpoint_bytes(policy, {}) >= bytes);
  CHECK(checkpoint_bytes(policy, {}) <= bytes + (64 << 10));
  const CheckpointModel sizes{.weights = model.layout.size(),
                              .moment_bytes = 8 * model.layout.size()};
  CHECK(checkpoint_bytes(sizes) == checkpoint_bytes(policy, {}));
  CHECK(checkpoint_bytes(policy, {{"copy", policy}}) == 2 * checkpoint_bytes(policy, {}));
  const CheckpointModel halves{.weights = 1000, .dtype = Dtype::bf16};
  const CheckpointModel wholes{.weights = 1000};
  CHECK(checkpoint_bytes(wholes) - checkpoint_bytes(halves) == 2000);
}

TEST_CASE("sizes are in decimal units") {
  CHECK(size_text(0) == "0.0 MB");
  CHECK(size_text(1.5e6) == "1.5 MB");
  CHECK(size_text(12.4e6) == "12 MB");
  CHECK(size_text(3.44e9) == "3.4 GB");
  CHECK(size_text(25e9) == "25 GB");
}
