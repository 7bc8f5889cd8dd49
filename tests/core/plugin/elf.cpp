#include "core/plugin/elf.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/library.h"
#include "core/plugin/worker/library_code.h"
#include "core/plugin/worker/worker_task.h"
#include "support/temporary.h"
#include "tinyzero/note.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/elf");

namespace {
fs::path plugin(const std::string& name) { return fs::path(TINYZERO_PLUGINS) / (name + ".so"); }
}  // namespace

TEST_CASE("a plugin says what it is without being loaded") {
  const LibraryNote note = read_library_note(plugin("countdown"));
  CHECK(note.type == TINYZERO_NOTE_TASK);
  CHECK(note.field("id") == "countdown");
  CHECK(note.field("abi") == "1.0");
  CHECK(note.field("sdk") == TINYZERO_VERSION);
  CHECK(note.field("nothing").empty());
  CHECK(read_library_note(plugin("grpo")).type == TINYZERO_NOTE_ALGORITHM);
}

TEST_CASE("other files are refused by name and cause") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& content, const char* cause) {
    write_file_synced(folder / "x.so", content);
    CHECK_THROWS_WITH_AS(read_library_note(folder / "x.so"), doctest::Contains(cause), Error);
    CHECK_THROWS_WITH_AS(read_library_note(folder / "x.so"), doctest::Contains("x.so"), Error);
  };
  refused("", "the file is cut");
  refused("hello", "the file is cut");
  refused(std::string(500, 'x'), "not a shared library");
  std::string file = read_file(plugin("countdown"));
  file[18] = 40;  // e_machine: ARM
  refused(file, "another machine");
  CHECK_THROWS_WITH_AS(read_library_note("/bin/sh"), doctest::Contains("no tinyzero note"), Error);
  CHECK_THROWS_AS(read_library_note(folder.path()), Error);
}

// dlopen of such files ends the process with SIGBUS; what the reader lets through must load.
TEST_CASE("a file cut anywhere is refused or can be loaded") {
  const TemporaryFolder folder;
  const std::string file = read_file(plugin("countdown"));
  int refused = 0, cuts = 0;
  const std::size_t step =
      std::max<std::size_t>(64, file.size() / 8192);  // 64, but for builds with debug information
  for (std::size_t size = 0; size < file.size(); size += step, ++cuts) {
    std::ofstream(folder / "cut.so", std::ios::binary) << file.substr(0, size);
    try {
      read_library_note(folder / "cut.so");
    } catch (const Error&) {
      ++refused;
      continue;
    }
    CHECK_NOTHROW(load_task_module(folder / "cut.so"));
  }
  CHECK(refused > cuts / 2);
}

TEST_CASE("flipped bits in the headers never break the host") {
  const TemporaryFolder folder;
  const std::string file = read_file(plugin("countdown"));
  Rng rng(1);
  int loaded = 0;
  for (int trial = 0; trial < 10000; ++trial) {
    std::string broken = file;
    for (int flips = 0; flips < 4; ++flips)
      broken[rng.below(1024)] ^= static_cast<char>(1u << rng.below(8));
    std::ofstream(folder / "flip.so", std::ios::binary) << broken;
    try {
      read_library_note(folder / "flip.so");
      if (trial < 1000)
        WorkerTask(std::make_unique<LibraryCode>(folder / "flip.so"),
                   {});  // what it lets through may break a worker, never this process
      ++loaded;
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find("flip.so") != std::string::npos);
    }
  }
  CHECK(loaded > 0);
}
