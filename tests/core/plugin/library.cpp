#include "core/plugin/library.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"
#include "tinyzero/note.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/library");

namespace {

fs::path plugin(const std::string& name) { return fs::path(TINYZERO_PLUGINS) / (name + ".so"); }
fs::path broken(const std::string& name) {
  return fs::path(TINYZERO_BROKEN) / ("broken_" + name + ".so");
}

}  // namespace

TEST_CASE("a task library loads, also twice") {
  const tz_module& module = load_task_module(plugin("countdown"));
  CHECK(module.n_tasks == 1);
  CHECK(std::string(module.tasks[0]->id) == "countdown");
  CHECK(&load_task_module(plugin("countdown")) == &module);
}

TEST_CASE("broken libraries are refused by name and cause") {
  struct Case {
    const char* name;
    const char* cause;
  };
  const Case cases[] = {
      {"abi", "built for task ABI 9.0, this program has 1.0"},
      {"entry", "does not export tinyzero_task_v1"},
      {"undefined", "function_that_no_library_has"},
      {"refuses", "refuses a host of task ABI 1.0"},
      {"module", "its note says ABI 1.0, its code says 2"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_THROWS_WITH_AS(load_task_module(broken(c.name)), doctest::Contains(c.cause), Error);
    CHECK_THROWS_WITH_AS(load_task_module(broken(c.name)), doctest::Contains(c.name), Error);
  }
  CHECK_THROWS_WITH_AS(load_task_module(plugin("grpo")), doctest::Contains("it is not a task"),
                       Error);
}

TEST_CASE("a scan survives what lies in its folders, and names it") {
  const TemporaryFolder folder;
  fs::copy_file(plugin("countdown"), folder / "good.so");
  write_file_synced(folder / "bad.so", "no library");
  write_file_synced(folder / "notes.txt", "not looked at");
  fs::create_directory(folder / "folder.so");
  const PluginCatalog catalog({folder.path(), folder / "no such folder"});
  REQUIRE(catalog.of_type(TINYZERO_NOTE_TASK).size() == 1);
  REQUIRE(catalog.problems().size() == 1);
  CHECK(catalog.problems()[0].find("bad.so") != std::string::npos);
  ::chmod((folder / "good.so").c_str(), 0666);
  const PluginCatalog open({folder.path()});
  CHECK(open.problems().back().find("can be written by anyone") != std::string::npos);
}

TEST_CASE("plugins are found by id or by path; two of one id are refused") {
  const TemporaryFolder folder;
  fs::copy_file(plugin("countdown"), folder / "a.so");
  const PluginCatalog one({folder.path()});
  CHECK(one.find(TINYZERO_NOTE_TASK, "countdown").path == folder / "a.so");
  CHECK(one.find(TINYZERO_NOTE_TASK, (folder / "a.so").string()).note.field("id") == "countdown");
  CHECK_THROWS_WITH_AS(one.find(TINYZERO_NOTE_TASK, "cuontdown"),
                       doctest::Contains("no task \"cuontdown\""), Error);
  CHECK_THROWS_WITH_AS(one.find(TINYZERO_NOTE_TASK, "/no/such.so"),
                       doctest::Contains("no plugin file"), Error);
  fs::copy_file(plugin("countdown"), folder / "b.so");
  CHECK_THROWS_WITH_AS(PluginCatalog({folder.path()}).find(TINYZERO_NOTE_TASK, "countdown"),
                       doctest::Contains("is found twice"), Error);
}
