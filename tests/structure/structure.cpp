// The house rules: which folder may include which, and what is included nowhere.

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/base/file.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("structure/structure");

namespace {

const fs::path kRoot = TINYZERO_SOURCE;

struct Include {
  std::string from, to;  // file, and what it includes
};

std::vector<Include> includes_of(const std::string& folder) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  std::vector<Include> out;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const std::string extension = entry.path().extension().string();
    if (!entry.is_regular_file() ||
        (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".c"))
      continue;
    const std::string text = read_file(entry.path());
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::smatch match;
      const std::string line = text.substr(at, end - at);
      if (std::regex_search(line, match, kInclude))
        out.push_back({fs::relative(entry.path(), kRoot).string(), match[1]});
      at = end + 1;
    }
  }
  REQUIRE_FALSE(out.empty());
  return out;
}

// "core/model/config.h" -> "model".
std::string folder_of(const std::string& path) {
  const std::size_t start = std::string("core/").size();
  return path.substr(start, path.find('/', start) - start);
}

using Graph = std::map<std::string, std::set<std::string>>;

// Nodes of cycles and those that need them; empty if there is no cycle.
std::string cycle_in(Graph uses) {
  // A node whose neighbours are all gone can go, too.
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (auto node = uses.begin(); node != uses.end();) {
      const bool waits = std::any_of(node->second.begin(), node->second.end(),
                                     [&](const std::string& to) { return uses.count(to) > 0; });
      smaller = smaller || !waits;
      node = waits ? std::next(node) : uses.erase(node);
    }
  }
  std::string names;
  for (const auto& [name, to] : uses) names += " " + name;
  return names;
}

// The words of a list in core/CMakeLists.txt: set(NAME word word …).
std::set<std::string> cmake_list(const std::string& name) {
  const std::string text = read_file(kRoot / "core/CMakeLists.txt");
  const std::size_t start = text.find("set(" + name + " ");
  REQUIRE(start != std::string::npos);
  std::istringstream words(
      text.substr(start + 5 + name.size(), text.find(')', start) - start - 5 - name.size()));
  std::set<std::string> out;
  for (std::string word; words >> word;) out.insert(word.substr(0, word.find('/')));
  return out;
}

}  // namespace

TEST_CASE("plugins and the SDK never include the core, and the core no plugin") {
  for (const char* folder : {"sdk", "tasks", "plugins"}) {
    for (const Include& include : includes_of(folder)) {
      CAPTURE(include.from);
      CHECK_FALSE(include.to.starts_with("core/"));
      if (std::string(folder) == "sdk") CHECK_FALSE(include.to.starts_with("tasks/"));
    }
  }
  for (const Include& include : includes_of("core")) {
    CAPTURE(include.from);
    CHECK_FALSE(include.to.starts_with("tasks/"));
    CHECK_FALSE(include.to.starts_with("plugins/"));
  }
}

TEST_CASE("task code sees no LibTorch, and torch/torch.h is included nowhere") {
  for (const Include& include : includes_of("tasks")) {
    CHECK_FALSE(include.to.starts_with("ATen/"));
    CHECK_FALSE(include.to.starts_with("torch/"));
  }
  for (const char* folder : {"core", "sdk", "tasks", "plugins", "tests"}) {
    for (const Include& include : includes_of(folder)) {
      CAPTURE(include.from);
      CHECK(include.to != "torch/torch.h");
    }
  }
  for (const char* header : {"task_abi.h", "task.h", "item.h", "settings.h", "rng.h", "rational.h",
                             "answer.h", "expression.h", "state.h", "note.h"}) {
    CHECK(read_file(kRoot / "sdk/include/tinyzero" / header).find("ATen/") == std::string::npos);
  }
}

TEST_CASE("the folders of the core have no cycles, and nothing includes cli") {
  Graph uses;
  for (const Include& include : includes_of("core")) {
    if (!include.to.starts_with("core/")) continue;
    const std::string from = folder_of(include.from), to = folder_of(include.to);
    if (from == to) continue;
    CAPTURE(include.from);
    CHECK(to != "cli");
    uses[from].insert(to);
  }
  CHECK(cycle_in(uses) == "");
}

TEST_CASE("no two sources need each other") {
  const auto stem = [](const std::string& path) { return path.substr(0, path.rfind('.')); };
  Graph uses;
  for (const char* folder : {"core", "sdk", "tasks", "plugins"}) {
    for (const Include& include : includes_of(folder)) {
      std::string to = include.to;
      if (to.starts_with("tinyzero/")) to = "sdk/include/" + to;
      if (stem(include.from) != stem(to)) uses[stem(include.from)].insert(stem(to));
    }
  }
  CHECK(cycle_in(uses) == "");
}

TEST_CASE("folders below LibTorch's border include neither it nor a folder above") {
  const std::set<std::string> below = cmake_list("host_folders"),
                              above = cmake_list("torch_folders");
  for (const auto& entry : fs::directory_iterator(kRoot / "core")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    if (entry.is_directory() && name != "cli") CHECK(below.count(name) + above.count(name) == 1);
  }
  for (const Include& include : includes_of("core")) {
    const std::string from = folder_of(include.from);
    if (below.count(from) == 0 && !include.from.starts_with("core/cli/host/")) continue;
    CAPTURE(include.from);
    CAPTURE(include.to);
    CHECK_FALSE((include.to.starts_with("ATen/") || include.to.starts_with("torch/")));
    if (include.to.starts_with("core/")) CHECK(above.count(folder_of(include.to)) == 0);
  }
}

// What only one place may do, for it knows what the others would have to know, too.
TEST_CASE("files are opened, locked and counted on in core/base alone, and no shell is started") {
  struct Rule {
    const char* pattern;
    const char* instead;
  };
  const Rule rules[] = {
      {"std::[io]?fstream", "FileHandle, read_file or write_file_atomically of core/base/file.h"},
      {"\\bfopen\\(|[^:\\w]::open\\(|[^:\\w]::openat\\(", "FileHandle of core/base/file.h"},
      {"\\bflock\\(", "FileLock of core/base/lock.h"},
      {"hardware_concurrency|_SC_NPROCESSORS", "cpu_allowance of core/base/cpus.h"},
      {"\\bpopen\\(|[^.>\\w]system\\(|\"-c\"", "run_program of core/base/child.h"},
      {"\\b(puts|f?printf|putchar|perror|fputs)\\(|std::fflush\\(stdout|fmt::print\\(|std::(cout|"
       "cerr|clog)\\b",
       "core/cli/output.h"},
  };
  for (const Rule& rule : rules) {
    const std::regex pattern(rule.pattern);
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "core")) {
      const fs::path path = fs::relative(entry.path(), kRoot);
      const bool home = path.string().starts_with("core/base/") || path == "core/cli/output.cpp" ||
                        path == "core/cli/screen.cpp" ||
                        path.string().starts_with("core/plugin/worker/");
      if (!entry.is_regular_file() || home ||
          (path.extension() != ".h" && path.extension() != ".cpp"))
        continue;
      std::istringstream lines(read_file(entry.path()));
      for (std::string line; std::getline(lines, line);) {
        if (line.find("/proc/") != std::string::npos) continue;  // of the system's own
        CAPTURE(path.string());
        CAPTURE(line);
        CAPTURE(rule.instead);
        CHECK_FALSE(std::regex_search(line, pattern));
      }
    }
  }
}

// Two controls of comparisons are runs of raft: it has a name there.
TEST_CASE("the core names no task and no algorithm") {
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "core")) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    const std::string text = read_file(entry.path());
    CAPTURE(entry.path().string());
    for (const char* name : {"countdown", "multiplication", "\"grpo\"", "\"ppo\"", "\"prime\""}) {
      const std::size_t at = text.find(name);
      // An example in a message or comment is not a dependency.
      const bool example =
          at != std::string::npos &&
          (text.substr(at > 60 ? at - 60 : 0, 60).find("for example") != std::string::npos);
      CHECK((at == std::string::npos || example));
    }
  }
}

TEST_CASE("no number, letter or date depends on the locale, and std::regex meets no input") {
  // In the left column what is forbidden, in the right the file that may use it.
  const std::pair<const char*, const char*> rules[] = {
      {R"(\b(strto(d|f|ld|l|ll|ul|ull)|sto(d|f|ld|i|l|ll|ul|ull)|ato(f|i|l|ll)|v?sn?printf|)"
       R"(v?sscanf|strftime)\()",
       ""},
      {R"(\b(is(alpha|alnum|digit|xdigit|space|punct|print|upper|lower|cntrl|graph)|to(upper|)"
       R"(lower))\()",
       ""},
      {R"(\bsetlocale\()",
       "core/plugin/worker/main.cpp"},  // a check of tasks starts workers in several
      {R"(\{:[^}"]*[aA]\})", ""},       // fmt writes hexadecimal numbers through printf
      {R"(std::regex|<regex>|std::locale)", ""}};
  for (const char* folder : {"core", "sdk", "tasks", "plugins"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".c")
        continue;
      const std::string text = read_file(entry.path()),
                        name = fs::relative(entry.path(), kRoot).string();
      for (const auto& [forbidden, allowed] : rules) {
        std::smatch match;
        const bool found = name != allowed && std::regex_search(text, match, std::regex(forbidden));
        CAPTURE(name);
        CHECK_MESSAGE(!found, "it uses " << match.str()
                                         << ": tinyzero/number_text.h and tinyzero/ascii.h have "
                                            "what does not obey the locale");
      }
    }
  }
}

TEST_CASE("text from outside becomes JSON through core/base/json.h alone") {
  static const std::regex kParse(R"(json::parse\(|Json::parse\(|Json::accept\()");
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "core")) {
    const std::string name = fs::relative(entry.path(), kRoot).string();
    if (!entry.is_regular_file() || name == "core/base/json.cpp") continue;
    CAPTURE(name);
    CHECK_FALSE(std::regex_search(read_file(entry.path()), kParse));
  }
}

TEST_CASE("no file holds notes to self or trailing blanks") {
  for (const char* folder : {"core", "sdk", "tasks", "plugins", "tests", "configs", "docs"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path path = entry.path();
      if (!entry.is_regular_file() || path.string().find("/golden/") != std::string::npos ||
          path.filename() == "structure.cpp")
        continue;
      const std::string text = read_file(path);
      CAPTURE(path.string());
      CHECK(text.find("TODO") == std::string::npos);
      CHECK(text.find("FIXME") == std::string::npos);
      if (path.extension() == ".h" || path.extension() == ".cpp")
        CHECK(text.find(" \n") == std::string::npos);
    }
  }
}
