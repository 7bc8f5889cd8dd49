// Locks, also where flock does not work: then a file says who has it.

#include "core/base/lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/told_error.h"
#include "support/temporary.h"

using namespace tinyzero;

namespace {

int flock_error = 0;  // what flock fails with; 0: it works

}  // namespace

// In the place of the system's, for all of this test program.
extern "C" int flock(int fd, int operation) noexcept {
  if (flock_error == 0) return static_cast<int>(::syscall(SYS_flock, fd, operation));
  errno = flock_error;
  return -1;
}

TEST_SUITE_BEGIN("core/base/lock");

namespace {

struct WithoutFlock {
  explicit WithoutFlock(int error) { flock_error = error; }
  ~WithoutFlock() { flock_error = 0; }
};

std::size_t entries(const TemporaryFolder& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), {}));
}

// What a process that holds by a file says of itself, with one word changed.
std::string words_with(const char* name, const Json& value) {
  const TemporaryFolder folder;
  const WithoutFlock none(ENOLCK);
  const FileHandle file(folder / "file", O_RDWR | O_CREAT);
  FileLock lock;
  REQUIRE_FALSE(lock.take(file, folder / "file"));
  Json words = parse_json(read_file(held_path(folder / "file")), "words");
  REQUIRE(words.contains(name));
  words[name] = value;
  return json_line(words) + "\n";
}

// The number of a process that is over.
pid_t ended_process() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return pid;
}

}  // namespace

TEST_CASE("one at a time, by flock") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  const FileHandle first(path, O_RDWR | O_CREAT);
  CHECK_FALSE(lock_holder(path));
  {
    FileLock lock, other;
    CHECK_FALSE(lock.take(first, path));
    CHECK(lock.note().empty());
    CHECK(lock_holder(path));
    const FileHandle second(path, O_RDWR);
    const auto holder = other.take(second, path);
    REQUIRE(holder);
    CHECK(holder->name() == "another process");
    CHECK(holder->hint("wait") == "wait");
  }
  CHECK(entries(folder) == 1);
  CHECK_FALSE(lock_holder(folder / "nothing"));
}

TEST_CASE("where flock is not supported a file beside it says who has it, and the note says why") {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL}) {
    CAPTURE(error);
    const TemporaryFolder folder;
    const WithoutFlock none(error);
    const fs::path path = folder / "file";
    const FileHandle file(path, O_RDWR | O_CREAT);
    {
      FileLock lock, other;
      CHECK_FALSE(lock.take(file, path));
      CHECK(lock.note().find("flock: " + system_words(error)) != std::string::npos);
      CHECK(lock.note().find((folder / ".file.held").string()) != std::string::npos);
      const auto holder = other.take(file, path);
      REQUIRE(holder);
      CHECK(holder->pid == ::getpid());
      CHECK(holder->name() == "process " + std::to_string(::getpid()));
      REQUIRE(lock_holder(path));
      CHECK(lock_holder(path)->pid == ::getpid());
      FileLock moved = std::move(lock);
      CHECK(lock_holder(path));
    }
    CHECK(entries(folder) == 1);  // the file is gone with the lock
    CHECK_FALSE(lock_holder(path));
  }
}

TEST_CASE("what else flock can fail with is an error") {
  const TemporaryFolder folder;
  const WithoutFlock broken(EIO);
  const FileHandle file(folder / "file", O_RDWR | O_CREAT);
  FileLock lock;
  CHECK_THROWS_WITH_AS(lock.take(file, folder / "file"), doctest::Contains("cannot lock"), Error);
}

TEST_CASE("a file that a killed process of this host left is taken over, also where flock works") {
  for (const int error : {0, ENOLCK}) {
    for (const auto& [name, value] : {std::pair<const char*, Json>("pid", ended_process()),
                                      {"start", "1"},
                                      {"boot", "another"}}) {
      CAPTURE(name);
      const std::string words = words_with(name, value);
      const TemporaryFolder folder;
      const fs::path path = folder / "file";
      const FileHandle file(path, O_RDWR | O_CREAT);
      write_file_synced(held_path(path), words);
      const WithoutFlock none(error);
      CHECK_FALSE(lock_holder(path));
      FileLock lock;
      CHECK_FALSE(lock.take(file, path));
      CHECK(fs::exists(held_path(path)) == (error != 0));
    }
  }
}

TEST_CASE("one of another host is named, and what to do about it") {
  for (const int error : {0, ENOLCK}) {
    for (const auto& [name, value] :
         {std::pair<const char*, Json>("host", "n17"), {"process_space", "pid:[1]"}}) {
      CAPTURE(name);
      const std::string words = words_with(name, value);
      const TemporaryFolder folder;
      const fs::path path = folder / ".lock";
      const FileHandle file(path, O_RDWR | O_CREAT);
      write_file_synced(folder / ".lock.held", words);
      const WithoutFlock none(error);
      FileLock lock;
      const auto holder = lock.take(file, path);
      REQUIRE(holder);
      CHECK(holder->name().starts_with("process " + std::to_string(::getpid()) + " on the host "));
      if (std::string(name) == "host") CHECK(holder->name().ends_with(" n17"));
      CHECK(holder->hint("wait for it") ==
            "wait for it; if that process is over, delete " + (folder / ".lock.held").string());
      CHECK(read_file(folder / ".lock.held") == words);
    }
  }
}

TEST_CASE("a file that says nothing is somebody's who cannot be named") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  const FileHandle file(path, O_RDWR | O_CREAT);
  const WithoutFlock none(ENOLCK);
  for (const char* words : {"", "{}", "[1]", "\xff\xfe"}) {
    write_file_synced(held_path(path), words);
    FileLock lock;
    const auto holder = lock.take(file, path);
    REQUIRE(holder);
    CHECK(holder->name() == "another process");
    CHECK(holder->hint("wait").find(held_path(path).string()) != std::string::npos);
  }
}
