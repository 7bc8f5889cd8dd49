#include "core/plugin/worker/own_files.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/own_files");

TEST_CASE("a task's folder is its own unless others use it, too") {
  const TemporaryFolder folder;
  const fs::path real = real_path(folder.path());
  fs::create_directories(folder / "a");
  fs::create_directories(folder / "open");
  fs::permissions(folder / "open", fs::perms::all);
  CHECK(own_files(folder / "a/mine.so") == std::vector<fs::path>{real / "a/mine.so", real / "a"});
  CHECK(own_files(folder / "open/mine.so") == std::vector<fs::path>{real / "open/mine.so"});
  CHECK(own_files("/mine.so") == std::vector<fs::path>{"/mine.so"});
  CHECK(is_shared_folder("/"));
  CHECK(is_shared_folder(real_path("/tmp")));
  CHECK_FALSE(is_shared_folder(real / "a"));
}

TEST_CASE("folders that depend on the working folder or are shared are left out") {
  const TemporaryFolder folder;
  const std::string own = folder.path().string();
  CHECK(own_folders((":relative:/tmp:" + own + ":/").c_str()) == own);
  CHECK(own_folders("") == "");
  CHECK(own_folders(nullptr) == "");
}
