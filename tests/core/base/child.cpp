#include "core/base/child.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/child");

namespace {

int wait_for(Child& child) {
  for (int i = 0; i < 5000; ++i) {
    if (const auto code = child.ended()) return *code;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  FAIL("the program does not end");
  return -1;
}

bool wait_for_text(const fs::path& path, const std::string& text) {
  for (int i = 0; i < 5000; ++i) {
    if (fs::exists(path) && read_file(path) == text) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace

TEST_CASE("a program gets its arguments as they are, and says how it ended") {
  const TemporaryFolder folder;
  const fs::path program = folder / "it's a $(touch broken) \"program\"";
  write_file_synced(
      program,
      "#!/bin/sh\nfor word; do echo \"[$word]\"; done\necho wrong >&2\nread line\nexit 3\n");
  REQUIRE(::chmod(program.c_str(), 0755) == 0);
  const ProgramResult result =
      run_program({program.string(), "a b", "'; touch broken; '", "$(touch broken)", ""});
  CHECK(result.code == 3);
  CHECK(result.output == "[a b]\n['; touch broken; ']\n[$(touch broken)]\n[]\nwrong\n");
  CHECK_FALSE(fs::exists(folder / "broken"));
  CHECK(run_program({"/bin/sh", "-c", "kill -9 $$"}).code == 128 + 9);
  CHECK_THROWS_WITH_AS(run_program({folder / "none"}), doctest::Contains("none: No such file"),
                       Failure);
}

TEST_CASE("a child's errors are appended to a file, and its exit code is told once") {
  const TemporaryFolder folder;
  write_file_synced(folder / "err", "before\n");
  Child child({"/bin/sh", "-c", "echo out; echo err >&2; read line && exit 1; exit 5"},
              folder / "err", usable_cores());
  CHECK(wait_for(child) == 5);  // its standard input is empty
  CHECK(read_file(folder / "err") == "before\nerr\n");
  CHECK_FALSE(child.ended());
  child.signal(SIGTERM);  // to nobody
}

TEST_CASE("a signal reaches a child, and ends it") {
  const TemporaryFolder folder;
  Child child({"/bin/sh", "-c", "echo ready >&2; while :; do sleep 0.01; done"}, folder / "err",
              usable_cores());
  REQUIRE(wait_for_text(folder / "err", "ready\n"));
  CHECK_FALSE(child.ended());
  child.signal(SIGKILL);
  CHECK(wait_for(child) == 128 + SIGKILL);
}

TEST_CASE("a child is killed with its object") {
  const TemporaryFolder folder;
  pid_t pid = 0;
  {
    const Child child({"/bin/sh", "-c", "echo $$ >&2; exec sleep 60"}, folder / "err",
                      usable_cores());
    for (int i = 0; i < 5000 && pid == 0; ++i) {
      const std::string text = read_file(folder / "err");
      if (text.ends_with('\n')) pid = std::stoi(text);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    REQUIRE(pid > 0);
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a child that cannot be started ends with the exit code of shells") {
  const TemporaryFolder folder;
  Child child({(folder / "none").string()}, folder / "err", usable_cores());
  CHECK(wait_for(child) == 127);
  CHECK_THROWS_AS(Child({"/bin/true"}, folder / "no" / "err", usable_cores()), Error);
}

TEST_CASE("a child runs on the cores that it is given") {
  const TemporaryFolder folder;
  const std::vector<int> one = {usable_cores().back()};
  Child child({"/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status >&2"}, folder / "err",
              one);
  CHECK(wait_for(child) == 0);
  CHECK(read_file(folder / "err") == "Cpus_allowed_list:\t" + std::to_string(one[0]) + "\n");
}
