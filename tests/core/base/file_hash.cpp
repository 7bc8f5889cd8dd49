#include "core/base/file_hash.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/file_hash");

TEST_CASE("the hash is XXH3-128, as xxhsum -H2 prints it") {
  const TemporaryFolder folder;
  write_file_synced(folder / "empty", "");
  CHECK(file_hash(folder / "empty") == "99aa06d3014798d86001c324468d497f");
  write_file_synced(folder / "a", "a");
  CHECK(file_hash(folder / "a") == "a96faf705af16834e6c632b61e964e1f");
}

TEST_CASE("a file that is larger than the buffer is hashed as a whole") {
  const TemporaryFolder folder;
  std::string text(1000000, 'x');
  write_file_synced(folder / "a", text);
  const std::string hash = file_hash(folder / "a");
  write_file_synced(folder / "b", text);
  CHECK(file_hash(folder / "b") == hash);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1} << 18, text.size() - 1}) {
    std::string changed = text;
    changed[at] = 'y';
    write_file_synced(folder / "b", changed);
    CHECK(file_hash(folder / "b") != hash);
  }
}

TEST_CASE("what cannot be read is an error with its path") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(file_hash(folder / "none"), doctest::Contains("none: No such file"), Error);
  CHECK_THROWS_WITH_AS(file_hash(folder.path()), doctest::Contains("is a folder"), Error);
}
