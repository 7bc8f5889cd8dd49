// What the system and libraries throw, as people read it.

#include "core/base/told_error.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <tuple>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/told_error");

namespace {

// The exception that `work` throws, told.
template <class Work>
ToldError told(const Work& work) {
  try {
    work();
  } catch (const std::exception& e) {
    return tell_error(e);
  }
  return {"nothing was thrown", "", 0};
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("file systems: the path, why, and what to do; the input is to blame") {
  const TemporaryFolder folder;
  const std::string name(300, 'x');
  const ToldError longest = told([&] { std::ignore = fs::exists(folder / name); });
  CHECK(has(longest.what, name.c_str()));
  CHECK(has(longest.what, "the path is longer than the system takes"));
  CHECK(has(longest.hint, "255 bytes"));
  CHECK(longest.code == 2);

  fs::create_symlink(folder / "b", folder / "a");
  fs::create_symlink(folder / "a", folder / "b");
  const ToldError loop = told([&] { std::ignore = fs::is_directory(folder / "a"); });
  CHECK(has(loop.what, (folder / "a").c_str()));
  CHECK(has(loop.what, "symbolic links lead in a circle"));
  CHECK(loop.code == 2);
  CHECK(has(told([&] { read_file(folder / "a"); }).what, "symbolic links lead in a circle"));

  write_file_synced(folder / "file", "x");
  const ToldError below = told([&] { fs::create_directory(folder / "file" / "x"); });
  CHECK(has(below.what, "a part of the path is a file, not a folder"));
  CHECK(below.code == 2);
}

TEST_CASE("a full disk is not the input's fault") {
  CHECK_THROWS_AS(throw_system_error("write", "/x", ENOSPC), Failure);
  CHECK_THROWS_WITH_AS(throw_system_error("write", "/x", ENAMETOOLONG),
                       doctest::Contains("cannot write /x: the path is longer"), Error);
  CHECK(told([] {
          throw fs::filesystem_error("cannot rename", "/a",
                                     std::make_error_code(std::errc::no_space_on_device));
        }).code == 1);
  CHECK(told([] {
          throw fs::filesystem_error("cannot rename", "/a",
                                     std::make_error_code(std::errc::operation_not_permitted));
        }).what == "cannot use /a: Operation not permitted");
}

TEST_CASE("memory, numbers, JSON and what nobody thought of") {
  CHECK(has(told([] { throw std::bad_alloc(); }).what, "not enough memory"));
  CHECK(has(told([] { std::vector<char>().reserve(std::size_t(-1)); }).what, "not enough memory"));
  CHECK(told([] { throw std::bad_alloc(); }).code == 1);
  CHECK(has(told([] { throw std::system_error(EAGAIN, std::generic_category()); }).what,
            "one more process or thread"));
  const ToldError json = told([] { nlohmann::json::object().at("step"); });
  CHECK(has(json.what, "it has no \"step\""));
  CHECK_FALSE(has(json.what, "json.exception"));
  const ToldError unknown = told([] { (void)std::stoi("x"); });
  CHECK(unknown.what == "something went wrong inside: stoi");
  CHECK(has(unknown.hint, "report it"));
  CHECK(told([] { throw Failure("failed", "do this"); }).code == 1);
  CHECK(told([] { throw Error("wrong", "do this"); }).hint == "do this");
}

TEST_CASE("words of the JSON library") {
  const auto words = [](const char* text) {
    try {
      std::ignore = nlohmann::json::parse(text);
    } catch (const std::exception& e) {
      return json_words(e);
    }
    return std::string();
  };
  CHECK(has(words("{\"a\": x}"), "line 1, column 7: invalid literal"));
  CHECK(has(words("[1, 2"), "line 1, column 6: unexpected end of input"));
  for (const char* bad : {"", "{", "[1,]", "\"\\q\"", "\x01"})
    CHECK_FALSE(has(words(bad), "json.exception"));
}

TEST_CASE("an errno is known by its meaning and by what to do") {
  CHECK(system_words(ENOENT) == "No such file or directory");
  CHECK(system_hint(ENOENT) == "check the path");
  CHECK(system_words(EDOM) == std::strerror(EDOM));  // not in the table
  CHECK(system_hint(EDOM).empty());
  CHECK_THROWS_AS(throw_system_error("read", "/x", EDOM), Failure);
}

TEST_CASE("a field of the wrong type is told without the library's names") {
  const ToldError wrong = told([] { (void)nlohmann::json("text").get<int>(); });
  CHECK(has(wrong.what, "a field has the wrong type: it must be number, but is string"));
  CHECK(json_words(std::runtime_error("plain")) == "plain");
}
