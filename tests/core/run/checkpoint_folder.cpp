// Which folders are checkpoints, in which order, and that nothing else is touched.

#include "core/run/checkpoint_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "support/checkpoint.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/checkpoint_folder");

namespace {

std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> out;
  for (const fs::path& path : list_checkpoints(folder.path()))
    out.push_back(path.filename().string());
  return out;
}

}  // namespace

TEST_CASE("only names that the program gives are names of checkpoints") {
  for (const std::int64_t step : {0ll, 7ll, 999999ll, 1000000ll, 123456789012ll}) {
    for (const Phase phase : {Phase::warm_start, Phase::reinforce}) {
      const auto parsed = parse_checkpoint_name(checkpoint_name(phase, step));
      REQUIRE(parsed);
      CHECK(parsed->phase == phase);
      CHECK(parsed->step == step);
    }
  }
  for (const char* name : {"step-",
                           "step-12",
                           "step-backup",
                           "step-12-copy",
                           "step-000012x",
                           "step-000012 ",
                           "step-0000012",
                           "step--00012",
                           "step-+00012",
                           "step-00001 ",
                           "Step-000012",
                           "xstep-000012",
                           "step-000012.old",
                           ".step-000012",
                           "step-000012-kept",
                           "best",
                           "warm-12",
                           "warmstep-000012",
                           "",
                           "step-99999999999999999999",
                           "step-0x0012"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_checkpoint_name(name));
  }
}

TEST_CASE("checkpoints are in the order of their numbers, those of the warm start first") {
  const TemporaryFolder folder;
  for (const char* name : {"step-1000000", "step-999999", "step-000002", "warm-1000000",
                           "warm-999999", "step-10000000"})
    fs::create_directory(folder / name);
  fs::create_directory(folder / "step-backup");
  write_file_synced(folder / "step-000003", "a file");
  REQUIRE(::mkfifo((folder / "step-000004").c_str(), 0600) == 0);
  CHECK(names_in(folder) == std::vector<std::string>{"warm-999999", "warm-1000000", "step-000002",
                                                     "step-999999", "step-1000000",
                                                     "step-10000000"});
  CHECK(list_checkpoints(folder / "nothing").empty());
}

TEST_CASE("the newest of a million steps is the one that stays and is gone on from") {
  const TemporaryFolder folder;
  for (const std::int64_t step : {999998, 999999, 1000000})
    save(folder.path(), 1, {Phase::reinforce, step, 2});
  CHECK(names_in(folder) == std::vector<std::string>{"step-999999", "step-1000000"});
  Model model = small_model(1);
  CHECK(load_checkpoint(folder.path(), model, nullptr)->state.step == 1000000);
}

TEST_CASE("what the program did not write is neither gone on from nor deleted") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 1, 1});
  const std::vector<std::string> own = {"step-backup",      "step-1",  "step-000012x",
                                        "step-000001-copy", ".backup", ".step-backup.partial",
                                        ".step-000001.keep"};
  for (const std::string& name : own)
    fs::copy(folder / "step-000001", folder / name, fs::copy_options::recursive);
  fs::create_directory(folder / "step-000000");  // by name a checkpoint, and empty
  write_file_synced(folder / "notes.txt", "mine");
  for (const std::int64_t step : {2, 3, 4}) save(folder.path(), 2, {Phase::reinforce, step, 1});
  for (const std::string& name : own) {
    CAPTURE(name);
    CHECK(fs::exists(folder.path() / name / "model.safetensors"));
  }
  CHECK(fs::exists(folder / "step-000000"));
  CHECK(read_file(folder / "notes.txt") == "mine");
  CHECK(names_in(folder) == std::vector<std::string>{"step-000000", "step-000004"});
}

TEST_CASE("a checkpoint into which somebody has put files is not deleted, and not written over") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 1, 1});
  write_file_synced(folder.path() / "step-000001" / "README.md", "the good one");
  for (const std::int64_t step : {2, 3}) save(folder.path(), 2, {Phase::reinforce, step, 1});
  CHECK(names_in(folder) == std::vector<std::string>{"step-000001", "step-000003"});
  save(folder.path(), 3, {Phase::reinforce, 1, 9});  // a run that went back
  CHECK(read_file(folder.path() / "step-000001-kept" / "README.md") == "the good one");
  CHECK_FALSE(fs::exists(folder.path() / "step-000001" / "README.md"));
  Model model = small_model(9);
  read_checkpoint(folder / "step-000001", model);
  CHECK(equal(model, small_model(3)));
}

TEST_CASE("a checkpoint that is written again takes the place of the older one") {
  const TemporaryFolder folder;
  save(folder.path(), 1, {Phase::reinforce, 1, 1});
  save(folder.path(), 2, {Phase::reinforce, 1, 1});
  Model model = small_model(9);
  read_checkpoint(folder / "step-000001", model);
  CHECK(equal(model, small_model(2)));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("what a crash left is removed, and a person's own `best` stays") {
  const TemporaryFolder folder;
  for (const char* name : {".step-000060.partial", ".warm-000200.old"})
    fs::create_directories(folder.path() / name / "trainer");
  fs::create_directory(folder / "best");
  save(folder.path(), 1, {Phase::reinforce, 60, 1, 60});
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
  CHECK(fs::is_directory(fs::symlink_status(folder / "best")));
  fs::remove(folder / "best");
  fs::create_symlink("/somewhere", folder / "best");
  save(folder.path(), 1, {Phase::reinforce, 61, 9, 60});
  CHECK(fs::read_symlink(folder / "best") == "/somewhere");
  fs::remove(folder / "best");
  save(folder.path(), 1, {Phase::reinforce, 62, 9, 60});
  CHECK(fs::read_symlink(folder / "best") == "step-000060");
}
