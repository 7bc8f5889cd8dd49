// The documents are run: every ```sh block of README and docs/, in order, in a folder that looks
// like the root of a checkout. Blocks such as
// ```cpp my/sort.cpp are files to save. `train` is cut to a few
// steps and `eval` to a few problems, so that this takes seconds; everything else runs as written.

#include <doctest/doctest.h>

#include <fstream>

#include "support/documents.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/docs");

namespace {

const fs::path kRoot = TINYZERO_SOURCE;

// A folder like the root of a checkout, whose ./tinyzero is the program of this build.
void make_checkout(const TemporaryFolder& folder) {
  for (const char* name : {"configs", "sdk", "docs", "tests"})
    fs::create_directory_symlink(kRoot / name, folder / name);
  fs::create_directory_symlink(fs::path(TINYZERO_PROGRAM).parent_path(), folder / "build");
  std::ofstream(folder / "tinyzero")
      << "#!/bin/sh\n"
         "case \"$*\" in\n"
         "  test*) exit 0 ;;\n"
         "  *--resume*) ;;\n"
         "  train*) set -- \"$@\" warm_start.steps=2 train.steps=2 rollout.prompts=4 "
         "eval.problems=16 preflight.max_truncated=1 ;;\n"
         "  compare*.json*) ;;\n"
         "  compare*) set -- \"$@\" warm_start.steps=2 rollout.prompts=4 eval.problems=16 "
         "preflight.max_truncated=1 "
         "compare.seeds=[1] 'compare.budget={steps: 2}' ;;\n"
         "  eval*) set -- \"$@\" --problems 16 ;;\n"
         "esac\n"
         "exec '" TINYZERO_PROGRAM "' \"$@\"\n";
  fs::permissions(folder / "tinyzero", fs::perms::owner_all);
}

void run_document(const fs::path& document) {
  const TemporaryFolder folder;
  make_checkout(folder);
  int commands = 0;
  for (const Block& block : blocks_of(document)) {
    if (!block.file.empty()) {
      fs::create_directories(fs::path(folder / block.file).parent_path());
      write_file_synced(folder / block.file, block.text);
    } else if (block.language == "sh") {
      CAPTURE(document.string());
      CAPTURE(block.text);
      const ProcessResult result = run_process({"sh", "-e", "-c", block.text}, {}, folder.path());
      CAPTURE(result.out);
      CAPTURE(result.err);
      CHECK(result.code == 0);
      CHECK(result.err.find(": warning:") ==
            std::string::npos);  // of the compiler; a run of a few steps warns, too
      ++commands;
    }
  }
  MESSAGE(document.filename().string() << ": " << commands << " blocks of commands");
}

std::vector<fs::path> documents() {
  std::vector<fs::path> out = {kRoot / "README.md", kRoot / "CHANGELOG.md"};
  for (const char* folder : {"docs", "tasks", "plugins"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().extension() == ".md") out.push_back(entry.path());
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every command of the README runs") { run_document(kRoot / "README.md"); }
TEST_CASE("every command of docs/quickstart.md runs") {
  run_document(kRoot / "docs/quickstart.md");
}
TEST_CASE("every command of docs/evaluate.md runs") { run_document(kRoot / "docs/evaluate.md"); }
TEST_CASE("every command of docs/write_a_task.md runs") {
  run_document(kRoot / "docs/write_a_task.md");
}
TEST_CASE("every command of docs/data_files.md runs") {
  run_document(kRoot / "docs/data_files.md");
}

TEST_CASE("every command of docs/python_tasks.md runs") {
  run_document(kRoot / "docs/python_tasks.md");
}
TEST_CASE("every command of docs/algorithms.md runs") {
  run_document(kRoot / "docs/algorithms.md");
}
TEST_CASE("every command of docs/performance.md runs") {
  run_document(kRoot / "docs/performance.md");
}
TEST_CASE("every command of docs/comparing.md runs") { run_document(kRoot / "docs/comparing.md"); }
TEST_CASE("every command of docs/many_machines.md runs") {
  run_document(kRoot / "docs/many_machines.md");
}
TEST_CASE("every command of docs/metrics.md runs") { run_document(kRoot / "docs/metrics.md"); }
TEST_CASE("every command of docs/report.md runs") { run_document(kRoot / "docs/report.md"); }
TEST_CASE("every command of docs/experiments.md runs") {
  run_document(kRoot / "docs/experiments.md");
}
TEST_CASE("every command of docs/models.md runs") { run_document(kRoot / "docs/models.md"); }
TEST_CASE("every command of docs/faq.md runs") { run_document(kRoot / "docs/faq.md"); }
TEST_CASE("every command of docs/write_an_algorithm.md runs") {
  run_document(kRoot / "docs/write_an_algorithm.md");
}

TEST_CASE("no other document has commands that are not run") {
  for (const fs::path& document : documents()) {
    const std::string name = document.filename().string();
    if (name == "README.md" || name == "quickstart.md" || name == "write_a_task.md" ||
        name == "write_an_algorithm.md" || name == "algorithms.md" || name == "performance.md" ||
        name == "evaluate.md" || name == "report.md" || name == "experiments.md" ||
        name == "faq.md" || name == "models.md" || name == "comparing.md" ||
        name == "many_machines.md" || name == "data_files.md" || name == "metrics.md" ||
        name == "python_tasks.md")
      continue;
    for (const Block& block : blocks_of(document)) {
      CAPTURE(document.string());
      CHECK(block.language != "sh");
    }
  }
}

TEST_CASE("links between documents lead somewhere") {
  for (const fs::path& document : documents()) {
    const std::string text = read_file(document);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
      if (text[at - 1] == '[') continue;  // a lambda, in a block of code
      const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
      if (target.find("://") != std::string::npos || target.starts_with("#")) continue;
      CAPTURE(document.string());
      CAPTURE(target);
      CHECK(fs::exists(document.parent_path() / target.substr(0, target.find('#'))));
    }
  }
}
