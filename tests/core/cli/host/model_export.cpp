#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/model/folder.h"
#include "support/command.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/model_export");

namespace {

struct Fixture {
  TemporaryFolder folder;
  std::string out = folder / "out";

  CommandResult run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"export", golden_folder() / "hf/qwen2_tied", "--out", out});
    return run_command(add_model_export, words);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a model in another type, in shards that are as small as asked for") {
  const CommandResult r = run({"--dtype", "bf16", "--shard-size", "10KB"});
  CHECK(r.code == 0);
  const ModelFolder written(out);
  CHECK(written.files().size() > 1);
  CHECK(written.dtypes().begin()->first == Dtype::bf16);
  CHECK(r.out.starts_with(out + " · bf16 · "));
  CHECK(r.out.ends_with(" files\n"));
}

TEST_CASE_FIXTURE(Fixture, "a size is a number and a unit of Hugging Face") {
  for (const char* good : {"500MB", "1.5GiB", "2GB", "64KiB"}) {
    CAPTURE(good);
    CHECK_NOTHROW(run({"--shard-size", good}));
    fs::remove_all(out);
  }
  for (const char* bad : {"5", "GB", "-1GB", "1 GB", "1TB", "0GB", "1e3MB", "nanGB"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH_AS(run({"--shard-size", bad}), doctest::Contains("which is no size"), Error);
    CHECK_FALSE(fs::exists(out));
  }
}

TEST_CASE_FIXTURE(Fixture, "without its converter nothing is written for --gguf") {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  CHECK_THROWS_WITH_AS(run({"--gguf"}), doctest::Contains("needs llama.cpp's converter"), Error);
  ::setenv("PATH", path.c_str(), 1);
  CHECK_FALSE(fs::exists(out));
}
