#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_new");

namespace {

// The current folder is another one as long as this lives.
struct InFolder {
  TemporaryFolder folder;
  fs::path before = fs::current_path();

  InFolder() { fs::current_path(folder.path()); }
  ~InFolder() { fs::current_path(before); }
};

}  // namespace

TEST_CASE_FIXTURE(InFolder, "a new task is a folder of files that name it") {
  const CommandResult r = run_command(add_task_new, {"new", "my_task"});
  CHECK(r.code == 0);
  CHECK(r.out.starts_with("my_task/ holds a task that works: my_task.cpp."));
  for (const char* file :
       {"my_task.cpp", "my_task_test.cpp", "CMakeLists.txt", "my_task.yaml", "README.md"}) {
    CAPTURE(file);
    const std::string text = read_file(fs::path("my_task") / file);
    CHECK(text.find("my_task") != std::string::npos);
    CHECK(text.find("@NAME@") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(InFolder, "a new task in Python needs no build") {
  const CommandResult r = run_command(add_task_new, {"new", "my_task", "--python"});
  CHECK(r.code == 0);
  CHECK(r.out.starts_with("my_task/ holds a task that works: my_task.py. Check it:"));
  CHECK(r.out.find("python3 my_task/my_task_test.py") != std::string::npos);
  CHECK(names_in("my_task") ==
        std::vector<std::string>{"README.md", "my_task.py", "my_task.yaml", "my_task_test.py"});
  for (const std::string& file : names_in("my_task")) {
    const std::string text = read_file(fs::path("my_task") / file);
    CHECK(text.find("my_task") != std::string::npos);
    CHECK(text.find("@NAME@") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(InFolder, "no folder, task or target is replaced, and nothing is left behind") {
  fs::create_directory("taken");
  CHECK_THROWS_WITH_AS(run_command(add_task_new, {"new", "taken"}), "cannot make taken: it exists",
                       Error);
  CHECK_THROWS_WITH_AS(run_command(add_task_new, {"new", "countdown"}),
                       doctest::Contains("there is a task \"countdown\" already"), Error);
  CHECK_THROWS_AS(run_command(add_task_new, {"new", "Bad-Name"}), Error);
  CHECK(std::distance(fs::directory_iterator("."), fs::directory_iterator()) == 1);
}

TEST_CASE_FIXTURE(InFolder, "a new data set is a file of rows and an experiment, with no code") {
  const CommandResult r = run_command(add_task_new, {"new", "sums", "--dataset"});
  CHECK(r.code == 0);
  CHECK(r.out.starts_with("sums/ holds a data set that works: sums.jsonl."));
  CHECK(names_in("sums") == std::vector<std::string>{"README.md", "sums.jsonl", "sums.yaml"});
  CHECK(read_file("sums/sums.yaml").find("file: sums.jsonl") != std::string::npos);
  CHECK(read_file("sums/README.md").find("@") == std::string::npos);
  const CommandResult drawn = run_command(add_task_draw, {"draw", "dataset", "file=sums/sums.jsonl",
                                                          "grade=number", "--split", "test"});
  CHECK(drawn.code == 0);
  CHECK(drawn.err.empty());
  CHECK_THROWS_AS(run_command(add_task_new, {"new", "sums", "--dataset"}), Error);
}
