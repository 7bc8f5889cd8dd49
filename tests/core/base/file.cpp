#include "core/base/file.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/file");

TEST_CASE("a file is replaced as a whole and leaves nothing beside it") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  write_file_atomically(folder / "a", std::string("new\0content", 11));
  CHECK(read_file(folder / "a") == std::string("new\0content", 11));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("errors name the path and the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(read_file(folder / "none"), doctest::Contains("none: No such file"), Error);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), doctest::Contains("not a regular file"), Error);
  CHECK_THROWS_AS(write_file_atomically(folder / "no" / "where", "x"), Error);
}

TEST_CASE("a map shows the file's bytes, an empty file none") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a", "abc");
  write_file_synced(folder / "b", "");
  const MappedFile a(folder / "a"), b(folder / "b");
  CHECK(std::string(a.data(), a.size()) == "abc");
  CHECK(b.size() == 0);
}
