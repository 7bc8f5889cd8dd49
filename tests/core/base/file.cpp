#include "core/base/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/error.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/file");

namespace {

// Makes what is no regular file: "pipe", "socket", "folder", "loop" or "nowhere", a link.
fs::path make_other(const fs::path& path, const std::string& kind) {
  if (kind == "pipe") REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
  if (kind == "folder") fs::create_directory(path);
  if (kind == "nowhere") fs::create_symlink(path.parent_path() / "not there", path);
  if (kind == "loop") fs::create_symlink(path, path);
  if (kind == "socket") {
    sockaddr_un address{AF_UNIX, ""};
    REQUIRE(path.string().size() < sizeof address.sun_path);
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    const FileHandle socket = FileHandle::adopt(::socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  return path;
}

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::size_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

}  // namespace

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
  CHECK_THROWS_WITH_AS(read_file(folder.path()),
                       doctest::Contains("is a folder, not a regular file"), Error);
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

TEST_CASE("what is no regular file is refused by name, and nothing waits for it") {
  const TemporaryFolder folder;
  const std::pair<const char*, const char*> kinds[] = {
      {"pipe", "is a named pipe"}, {"socket", "is a socket"}, {"folder", "is a folder"}};
  for (const auto& [kind, words] : kinds) {
    CAPTURE(kind);
    const fs::path path = make_other(folder / kind, kind);
    CHECK_THROWS_WITH_AS(read_file(path), doctest::Contains(words), Error);
    CHECK_THROWS_WITH_AS(MappedFile{path}, doctest::Contains(words), Error);
    CHECK_THROWS_WITH_AS(write_file_atomically(path, "x"), doctest::Contains(words), Error);
    CHECK_THROWS_WITH_AS(check_replaceable(path), doctest::Contains(words), Error);
    CHECK_THROWS_WITH_AS(FileHandle(path, O_RDWR | O_CREAT | O_APPEND), doctest::Contains(words),
                         Error);
    fs::create_symlink(path, path.string() + "-link");  // through a link, too
    CHECK_THROWS_WITH_AS(read_file(path.string() + "-link"), doctest::Contains(words), Error);
    CHECK_THROWS_WITH_AS(write_file_atomically(path.string() + "-link", "x"),
                         doctest::Contains(words), Error);
    CHECK(fs::symlink_status(path).type() != fs::file_type::regular);
  }
  CHECK_THROWS_WITH_AS(read_file("/dev/null"), doctest::Contains("is a device"), Error);
  CHECK_THROWS_WITH_AS(write_file_atomically("/dev/null", "x"), doctest::Contains("is a device"),
                       Error);
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(entries(folder.path()) == 6);
}

TEST_CASE("a link stands for the file that it leads to") {
  const TemporaryFolder folder, elsewhere;
  write_file_synced(elsewhere / "target", "old");
  fs::create_symlink(elsewhere / "target", folder / "link");
  fs::create_symlink("link", folder / "second");
  write_file_atomically(folder / "second", "new");
  CHECK(fs::is_symlink(folder / "second"));
  CHECK(fs::is_symlink(folder / "link"));
  CHECK_FALSE(fs::is_symlink(elsewhere / "target"));
  CHECK(read_file(elsewhere / "target") == "new");
  CHECK(entries(folder.path()) == 2);
  CHECK(entries(elsewhere.path()) == 1);

  for (const char* kind : {"nowhere", "loop"}) {
    CAPTURE(kind);
    const fs::path link = make_other(folder / kind, kind);
    CHECK_THROWS_AS(write_file_atomically(link, "x"), Error);
    CHECK_THROWS_AS(FileHandle(link, O_WRONLY | O_CREAT), Error);
    CHECK(fs::is_symlink(link));
  }
  CHECK_FALSE(fs::exists(folder / "not there"));
  CHECK_THROWS_WITH_AS(FileHandle(folder / "link", O_RDWR | O_NOFOLLOW),
                       doctest::Contains("is a symbolic link"), Error);
}

TEST_CASE("a file that is replaced keeps its permissions, and a new one has the usual") {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(022);
  write_file_atomically(folder / "new", "x");
  CHECK(mode_of(folder / "new") == 0644);
  for (const mode_t mode : {0600u, 0640u, 0666u, 0755u}) {
    REQUIRE(::chmod((folder / "new").c_str(), mode) == 0);
    write_file_atomically(folder / "new", "y");
    CHECK(mode_of(folder / "new") == mode);
  }
  ::umask(077);
  write_file_atomically(folder / "private", "x");
  CHECK(mode_of(folder / "private") == 0600);
  ::umask(mask);
}

TEST_CASE("a temporary file is nobody else's, and is gone after a failure") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a.tmp", "precious");
  write_file_atomically(folder / "a", "x");
  CHECK(read_file(folder / "a.tmp") == "precious");
  // A folder that comes in between cannot be replaced: here one that was there before is asked for
  // itself.
  fs::create_directory(folder / "b");
  CHECK_THROWS_AS(write_file_atomically(folder / "b", "x"), Error);
  CHECK(entries(folder.path()) == 3);
  CHECK(is_temporary_name(".tinyzero-12-0.tmp"));
  CHECK_FALSE(is_temporary_name("tinyzero.tmp"));
}

TEST_CASE("the file that standard output goes to is not replaced") {
  const TemporaryFolder folder;
  const FileHandle kept = FileHandle::adopt(::dup(STDOUT_FILENO));
  const FileHandle file(folder / "out", O_WRONLY | O_CREAT);
  ::dup2(file.fd(), STDOUT_FILENO);
  std::string words;
  try {
    write_file_atomically(folder / "out", "x");
  } catch (const Error& e) {
    words = e.what();
  }
  ::dup2(kept.fd(), STDOUT_FILENO);
  CHECK(words.find("is where standard output goes") != std::string::npos);
}

TEST_CASE("a file larger than what is to be read is refused by its size") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a", "0123456789");
  CHECK(read_file(folder / "a", 10).size() == 10);
  CHECK_THROWS_WITH_AS(read_file(folder / "a", 9),
                       doctest::Contains("a has 10 bytes: at most 9 are read"), Error);
}

TEST_CASE("a number is found behind its word at the beginning of a line") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x", "a: 1 kB\nx a: 2\nb: none\nb: 3\nab: 4\nnegative -5\n");
  CHECK(number_after(folder / "x", "a:") == 1);
  CHECK(number_after(folder / "x", "ab:") == 4);
  CHECK(number_after(folder / "x", "negative") == -5);
  CHECK(number_after(folder / "x", "c:") == -1);
  CHECK(number_after(folder / "none", "a:") == -1);
}

TEST_CASE("folders are made with their parents, and not where a file is") {
  const TemporaryFolder folder;
  make_folders(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
  CHECK_NOTHROW(make_folders(folder / "a/b/c"));
  write_file_synced(folder / "file", "");
  CHECK_THROWS_WITH_AS(make_folders(folder / "file"), doctest::Contains("cannot make the folder"),
                       Error);
  CHECK_THROWS_AS(make_folders(folder / "file/x"), Error);
}

TEST_CASE("free space is that of the folder a new folder will be made in") {
  const TemporaryFolder folder;
  CHECK(free_space(folder.path()) > 0);
  const auto near = [](std::uintmax_t a, std::uintmax_t b) {
    return (a > b ? a - b : b - a) < std::uintmax_t{4} << 30;  // others write meanwhile
  };
  CHECK(near(free_space(folder / "none/of/these"), free_space(folder.path())));
}

TEST_CASE("a descriptor is closed once, by whoever holds it last") {
  const TemporaryFolder folder;
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
  FileHandle first(folder / "a", O_WRONLY | O_CREAT);
  const int fd = first.fd();
  FileHandle second = std::move(first);
  CHECK(first.fd() == -1);
  CHECK(second.fd() == fd);
  CHECK(is_open(fd));
  {
    const FileHandle third = std::move(second);
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
  FileHandle other(folder / "a", O_RDONLY);
  const int released = other.release();
  CHECK(other.fd() == -1);
  CHECK(is_open(released));
  ::close(released);
}

TEST_CASE("released pages of a map are read again") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + "\n";
  write_file_synced(folder / "a", text);
  MappedFile map(folder / "a");
  map.let_go(map.data() + 10, map.size() - 10);
  map.let_go(map.data(), 5);  // no whole page
  CHECK(std::string(map.data(), map.size()) == text);
  const MappedFile moved = std::move(map);
  CHECK(map.data() == nullptr);
  CHECK(std::string(moved.data(), moved.size()) == text);
}

TEST_CASE("what may not be replaced is told before anything is written") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(check_replaceable(folder / "new"));
  CHECK_FALSE(fs::exists(folder / "new"));
  CHECK_THROWS_WITH_AS(check_replaceable(folder / "no" / "where"),
                       doctest::Contains("there is no folder"), Error);
  CHECK_THROWS_WITH_AS(check_replaceable(folder.path()), doctest::Contains("is a folder"), Error);
}
