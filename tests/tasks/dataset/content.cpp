// Files with and without compression.

#include "tasks/dataset/content.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/content");

namespace {

// What Python's gzip makes of a text.
std::string gzipped(const std::string& text) {
  const ProcessResult result = run_process(
      {"python3", "-c",
       "import gzip, sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))"},
      text);
  REQUIRE(result.code == 0);
  return result.out;
}

}  // namespace

TEST_CASE("gzip is read whatever the file is called, in one part or several") {
  const std::string packed = gzipped("one\n");
  CHECK(decompressed(packed, "f") == "one\n");
  CHECK(decompressed(packed + gzipped("two\n"), "f") == "one\ntwo\n");
  const std::string large(3000000, 'x');
  CHECK(decompressed(gzipped(large), "f") == large);
}

TEST_CASE("damage is said, and no half of a file is taken for the whole") {
  const std::string packed = gzipped(std::string(1000, 'x') + "end");
  CHECK_THROWS_WITH_AS(decompressed(packed.substr(0, packed.size() - 9), "f.gz"),
                       "f.gz ends in the middle of its gzip data", std::invalid_argument);
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // of the checksum
  CHECK_THROWS_WITH_AS(decompressed(damaged, "f.gz"), "f.gz holds damaged gzip data",
                       std::invalid_argument);
  const std::string zstandard = std::string("\x28\xB5\x2F\xFD\x04\x58\x19\x00\x00", 9) + "one";
  CHECK_THROWS_AS(decompressed(zstandard, "f"), std::invalid_argument);
}

TEST_CASE("a byte order mark is dropped, and Parquet says how to convert it") {
  CHECK(decompressed("\xEF\xBB\xBF{}", "f") == "{}");
  CHECK_THROWS_WITH_AS(decompressed("PAR1\x15", "d.parquet"),
                       doctest::Contains("pandas.read_parquet('d.parquet').to_json("),
                       std::invalid_argument);
}

TEST_CASE("files are read whole") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a", std::string("x\0y", 3));
  CHECK(read_content(folder / "a") == std::string("x\0y", 3));
  CHECK_THROWS_WITH_AS(read_content(folder / "none"), doctest::Contains("cannot be read"),
                       std::invalid_argument);
}
