// Files of episodes: what was written comes back line by line, from zstd's own hand too, and a file
// that is not whole says so.

#include "core/run/episode_file.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "support/process.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/run/episode_file");

namespace {

std::vector<std::string> lines_in(const fs::path& path) {
  std::vector<std::string> out;
  EpisodeReader reader(path);
  for (std::string line; reader.next(line);) out.push_back(line);
  CHECK(reader.lines() == std::ssize(out));
  return out;
}

// Lines of random lengths, with every byte but the line end in them; more than fits into any
// buffer.
std::vector<std::string> some_lines() {
  Rng rng(1, {2});
  std::vector<std::string> out;
  for (int i = 0; i < 3000; ++i) {
    std::string line(1 + rng.below(i % 100 == 0 ? 300000 : 300), '\0');
    for (char& c : line) {
      c = static_cast<char>(rng.below(i % 2 == 0 ? 256 : 4));
      if (c == '\n') c = 'n';
    }
    out.push_back(line);
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE(
    "lines come back as they were, compressed and plain, and zstd reads and writes the same "
    "files") {
  const TemporaryFolder folder;
  const std::vector<std::string> lines = some_lines();
  const fs::path compressed = folder / "step-000001.jsonl.zst",
                 plain = folder / "step-000001.jsonl";
  write_file_synced(compressed, compress_episodes(joined(lines)));
  write_file_synced(plain, joined(lines));
  CHECK(lines_in(compressed) == lines);
  CHECK(lines_in(plain) == lines);
  CHECK(episode_bytes(compressed) == fs::file_size(plain));
  CHECK(episode_bytes(plain) == fs::file_size(plain));
  write_file_synced(folder / "empty.jsonl.zst", compress_episodes(""));
  CHECK(lines_in(folder / "empty.jsonl.zst").empty());
  write_file_synced(folder / "open.jsonl", "a\n\nb");  // the last line has no end
  CHECK(lines_in(folder / "open.jsonl") == std::vector<std::string>{"a", "b"});

  if (run_process({"sh", "-c", "command -v zstd"}).code != 0) {
    MESSAGE("the program zstd is not here: left out");
    return;
  }
  CHECK(run_process(
            {"sh", "-c", "zstdcat '" + compressed.string() + "' | cmp - '" + plain.string() + "'"})
            .code == 0);
  // Without a length in its head, of two frames, and with the largest window.
  const fs::path theirs = folder / "theirs.jsonl.zst";
  REQUIRE(run_process({"sh", "-c",
                       "(head -n 1000 '" + plain.string() + "' | zstd -q -19; tail -n +1001 '" +
                           plain.string() + "' | zstd -q --long=27) >'" + theirs.string() + "'"})
              .code == 0);
  CHECK(lines_in(theirs) == lines);
  CHECK(episode_bytes(theirs) == fs::file_size(theirs));
}

TEST_CASE(
    "a file that is cut off or damaged is an error that names it and the lines that can be read") {
  const TemporaryFolder folder;
  const fs::path path = folder / "step-000007.jsonl.zst";
  const std::vector<std::string> lines = some_lines();
  const std::string whole = compress_episodes(joined(lines));
  const auto broken = [&](const std::string& bytes) {
    write_file_synced(path, bytes);
    std::string line;
    std::int64_t read = 0;
    try {
      EpisodeReader reader(path);
      while (reader.next(line)) {
        REQUIRE(line == lines.at(read));  // what is read before is right
        ++read;
      }
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find(path.string() + " is ") == 0);
      CHECK(std::string(e.what()).find(": " + std::to_string(read) + " of its lines can be read") !=
            std::string::npos);
      CHECK_FALSE(e.hint().empty());
      return std::string(e.what());
    }
    FAIL("no error");
    return std::string();
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{10}, whole.size() / 2,
                                 whole.size() - 5, whole.size() - 1}) {
    CAPTURE(size);
    CHECK(broken(whole.substr(0, size)).find("is cut off") != std::string::npos);
  }
  CHECK(broken("{\"step\":1}\n").find("is damaged (Unknown frame descriptor)") !=
        std::string::npos);
  std::string flipped = whole;
  flipped[whole.size() - 1] = static_cast<char>(flipped[whole.size() - 1] ^ 1);  // of the checksum
  write_file_synced(path, flipped);
  EpisodeReader reader(path);
  const auto read_all = [&] {
    for (std::string line; reader.next(line);) {
    }
  };
  CHECK_THROWS_WITH_AS(read_all(), doctest::Contains("doesn't match checksum"), Error);
  CHECK_THROWS_AS(EpisodeReader(folder / "nothing.jsonl.zst"), Error);
}

TEST_CASE("a line has an end within 64 MiB") {
  const TemporaryFolder folder;
  const std::string long_line(std::size_t{60} << 20, 'x');
  write_file_synced(folder / "long.jsonl.zst", compress_episodes(long_line + "\n"));
  CHECK(lines_in(folder / "long.jsonl.zst") == std::vector<std::string>{long_line});
  write_file_synced(folder / "endless.jsonl.zst", compress_episodes(long_line + long_line));
  EpisodeReader endless(folder / "endless.jsonl.zst");
  std::string line;
  CHECK_THROWS_WITH_AS(endless.next(line), doctest::Contains("has a line of more than"), Error);
}

TEST_CASE("names of files and their steps") {
  CHECK(episode_file_name(7) == "step-000007.jsonl.zst");
  CHECK(episode_file_name(1234567) == "step-1234567.jsonl.zst");
  CHECK(episode_file_step("step-000020.jsonl") == 20);
  CHECK(episode_file_step("step-1234567.jsonl.zst.tmp") == 1234567);
  for (const char* name : {"step-.jsonl", "step-1", "step-1.json", "step--1.jsonl", "xstep-1.jsonl",
                           "step-99999999999999999999.jsonl", ""})
    CHECK_FALSE(episode_file_step(name));
  const TemporaryFolder folder;
  fs::create_directory(folder / "episodes");
  for (const char* name : {"step-000001.jsonl", "step-000002.jsonl", "step-000002.jsonl.zst",
                           "step-000003.jsonl.zst.tmp", "notes.txt"})
    write_file_synced(folder.path() / "episodes" / name, "");
  const auto files = episode_files(folder.path());
  REQUIRE(files.size() == 2);
  CHECK(files.at(1).filename() == "step-000001.jsonl");
  CHECK(files.at(2).filename() == "step-000002.jsonl.zst");
  CHECK(episode_files(folder / "nothing").empty());
}
