// The SDK as authors meet it: any compiler, the folder that `task new` writes, an installed package
// without this repository.

#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/golden.h"
#include "support/package.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/sdk");

namespace {

const fs::path kSource = TINYZERO_SOURCE;

bool is_installed(const std::string& program) {
  return run_process({"sh", "-c", "command -v " + program}).code == 0;
}

// A clang and its C++ compiler, the newest that is expected; its libc++ fits it.
const std::string kClang = is_installed("clang-19") ? "clang-19" : "clang";
const std::string kClangCpp = is_installed("clang++-19") ? "clang++-19" : "clang++";

}  // namespace

TEST_CASE("one task built by any compiler, standard and library, or in plain C, says the same") {
  struct Build {
    std::string compiler;
    std::vector<std::string> flags;
  };
  const std::string cpp = (kSource / "tests/support/portable/task.cpp").string(),
                    c = (kSource / "tests/support/portable/task.c").string();
  const Build builds[] = {
      {"g++", {"-std=c++20", cpp}},
      {"g++", {"-std=c++17", "-O2", cpp}},
      {"g++", {"-std=c++20", "-D_GLIBCXX_USE_CXX11_ABI=0", "-O3", cpp}},
      {"gcc", {"-std=c11", c}},
      {kClangCpp, {"-std=c++17", "-O2", cpp}},
      {kClangCpp, {"-std=c++20", "-stdlib=libc++", cpp}},
      {kClang, {"-std=c11", "-O2", c}},
  };
  const TemporaryFolder folder;
  std::string answers;
  for (const char* completion :
       {"<answer>5</answer>", "<answer> 5\\n</answer>", "<answer>6</answer>", "<answer>05</answer>",
        "5", "", "<answer>throw</answer>"})
    answers += std::string("{\"state\":{\"a\":2,\"b\":3},\"completion\":\"") + completion + "\"}\n";
  const auto without_detail = [](std::string verdicts) {
    for (const char* text : {"the task threw something that is not a std::exception"}) {
      const std::size_t at = verdicts.find(text);
      if (at != std::string::npos) verdicts.replace(at, std::string(text).size(), "task error");
    }
    return verdicts;
  };
  std::string draws, verdicts;
  int built = 0;
  for (const Build& build : builds) {
    CAPTURE(build.compiler + " " + build.flags[0]);
    if (!is_installed(build.compiler)) continue;
    if (build.flags[1] == "-stdlib=libc++" &&
        run_process(
            {"sh", "-c",
             "echo '#include <string>' | " + kClangCpp + " -stdlib=libc++ -x c++ -fsyntax-only -"})
                .code != 0)
      continue;
    const fs::path library = folder / ("portable" + std::to_string(built++) + ".so");
    std::vector<std::string> command = {build.compiler,
                                        "-Wall",
                                        "-Wextra",
                                        "-Wpedantic",
                                        "-Werror",
                                        "-shared",
                                        "-fPIC",
                                        "-fvisibility=hidden",
                                        "-I" + (kSource / "sdk/include").string(),
                                        "-o",
                                        library.string()};
    command.insert(command.end(), build.flags.begin(), build.flags.end());
    must_run(command);
    const ProcessResult drawn =
        tinyzero::tinyzero({"task", "draw", library, "--count", "50", "most=700"});
    const ProcessResult judged = tinyzero::tinyzero({"task", "verify", library}, answers);
    const ProcessResult refused = tinyzero::tinyzero({"task", "draw", library, "most=13"});
    REQUIRE(drawn.code == 0);
    REQUIRE(judged.code == 0);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("cannot be set up: most is 13") != std::string::npos);
    if (draws.empty()) {
      draws = drawn.out;
      verdicts = without_detail(judged.out);
    }
    CHECK(drawn.out == draws);
    CHECK(without_detail(judged.out) == verdicts);
  }
  CHECK(built >= 4);
}

TEST_CASE("a seventh reward component is told by the compiler") {
  const TemporaryFolder folder;
  std::string source = read_file(kSource / "tests/support/faulty_task.cpp");
  const std::string six = "std::array parts{\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"};",
                    one = "std::array parts{\"correct\"};";
  REQUIRE(source.find(one) != std::string::npos);
  source.replace(source.find(one), one.size(), six);
  const auto compile = [&](const std::string& text) {
    write_file_synced(folder / "task.cpp", text);
    return run_process({"g++", "-std=c++20", "-fsyntax-only",
                        "-I" + (kSource / "sdk/include").string(), folder / "task.cpp"});
  };
  CHECK(compile(source).code == 0);
  source.replace(source.find("\"6\""), 3, "\"6\", \"7\"");
  const ProcessResult refused = compile(source);
  CHECK(refused.code != 0);
  CHECK(refused.err.find("a task names at most TINYZERO_TASK_MAX_PARTS (6) reward components") !=
        std::string::npos);
}

TEST_CASE(
    "the built-in tasks built by clang, with its own library where it is there, draw the same") {
  if (!is_installed(kClangCpp)) return;
  const TemporaryFolder folder;
  for (const std::string id : {"countdown", "arithmetic", "multiplication"}) {
    CAPTURE(id);
    const std::string library = folder / (id + ".so");
    const std::string build =
        " -std=c++20 -O1 -shared -fPIC -fvisibility=hidden -I sdk/include tasks/" + id +
        "/*.cpp -o " + library;
    must_run({"sh", "-c",
              kClangCpp + " -stdlib=libc++" + build + " 2>/dev/null || " + kClangCpp + build},
             kSource);
    for (const std::string level : {"level=0", "level=3", "level=6"}) {
      const ProcessResult ours = tinyzero::tinyzero({"task", "draw", id, "--count", "400", level});
      REQUIRE(ours.code == 0);
      CHECK(tinyzero::tinyzero({"task", "draw", library, "--count", "400", level}).out == ours.out);
    }
  }
}

TEST_CASE(
    "what `task new` writes builds, passes its checks and learns, against an installed package") {
  const TemporaryFolder folder;
  const fs::path prefix = folder / "prefix";
  install(prefix);
  const std::string program = (prefix / "bin/tinyzero").string();
  must_run({program, "task", "new", "mirror"}, folder.path());
  const std::string task = folder / "mirror";
  must_run({"cmake", "-B", "build", "-DCMAKE_PREFIX_PATH=" + prefix.string()}, task);
  must_run({"cmake", "--build", "build"}, task);
  must_run({"ctest", "--test-dir", "build", "--output-on-failure"}, task);
  must_run({program, "train", "mirror.yaml", "--quiet"}, task);
  const std::vector<double> accuracy = accuracies(fs::path(task) / "runs/mirror");
  CHECK(accuracy.back() > accuracy.front() + 0.2);

  const ProcessResult again = run_process({program, "task", "new", "mirror"}, {}, folder.path());
  CHECK(again.code == 2);
  CHECK(again.err.find("error: cannot make mirror: it exists") != std::string::npos);
  CHECK(run_process({program, "task", "new", "Big-Name"}, {}, folder.path())
            .err.find("cannot name a task") != std::string::npos);

  if (is_installed("pkg-config")) {
    must_run({"sh", "-c",
              "PKG_CONFIG_PATH=" + (prefix / "lib/pkgconfig").string() +
                  " && export PKG_CONFIG_PATH && g++ -std=c++20 -shared -fPIC -fvisibility=hidden "
                  "$(pkg-config --cflags tinyzero) "
                  "mirror.cpp -o again.so && " +
                  program + " task draw ./again.so"},
             task);
  }
}

TEST_CASE("check finds what is wrong with a task, and says it") {
  const std::string hostile = (fs::path(TINYZERO_BROKEN) / "hostile.so").string();
  const ProcessResult whole =
      tinyzero::tinyzero({"task", "check", "multiplication", "--json", "--seed", "3"});
  CHECK(whole.code == 0);
  int checks = 0;
  for (std::size_t at = 0; at < whole.out.size(); at = whole.out.find('\n', at) + 1, ++checks) {
    const Json line = parse_json(
        std::string_view(whole.out).substr(at, whole.out.find('\n', at) - at), "a check");
    CHECK(line["result"] == "pass");
    CHECK(line["seed"] == 3);
  }
  CHECK(checks == 21);
  const ProcessResult bad =
      tinyzero::tinyzero({"task", "check", hostile, "--only", "settings,draws,solutions"});
  CHECK(bad.code == 1);
  CHECK(bad.out.find("fail  settings        at an edge of setting \"create\": task \"hostile\": "
                     "its code was ended by signal 11") != std::string::npos);
  CHECK(bad.out.find("fail  draws           another seed gives the same problems") !=
        std::string::npos);
  CHECK(bad.out.find("1 passed, 0 with a warning, 2 failed, 0 skipped") != std::string::npos);
  const std::string faulty = (fs::path(TINYZERO_BROKEN) / "faulty.so").string();
  const auto fault = [&](const char* setting, const char* checks) {
    return tinyzero::tinyzero({"task", "check", faulty, setting, "--only", checks, "--json"}).out;
  };
  CHECK(fault("fault=none", "cheats,verdicts,worker").find("\"fail\"") == std::string::npos);
  CHECK(
      fault("fault=loops", "cheats").find("its code ran longer than 2 s on the answer \\\"\\\"") !=
      std::string::npos);
  CHECK(fault("fault=reason", "verdicts")
            .find("verify gave reason 2; the task's reasons are 0 to 1") != std::string::npos);
  const std::string prints = fault("fault=prints", "cheats,worker");
  CHECK(prints.find("noise") == std::string::npos);
  CHECK(prints.find("\"check\":\"cheats\",\"result\":\"pass\"") != std::string::npos);
  CHECK(prints.find("which judging an answer does not need") != std::string::npos);
  const ProcessResult setting = tinyzero::tinyzero({"task", "check", faulty, "fualt=none"});
  CHECK(setting.code == 2);
  CHECK(setting.out.empty());
  CHECK(setting.err.find("unknown setting \"task.fualt\"") != std::string::npos);
  CHECK(tinyzero::tinyzero({"task", "draw", "faulty", "--plugins", TINYZERO_BROKEN}).code == 0);
  const ProcessResult reserved = tinyzero::tinyzero({"task", "new", "test"}),
                      taken = tinyzero::tinyzero({"task", "new", "countdown"});
  CHECK(reserved.err.find("CMake keeps it for a target of its own") != std::string::npos);
  CHECK(taken.err.find("there is a task \"countdown\" already") != std::string::npos);
  CHECK(tinyzero::tinyzero({"task", "show", "my/none.so"}).err.find("it is looked for from ") !=
        std::string::npos);
  const ProcessResult misspelt =
      tinyzero::tinyzero({"task", "check", "countdown", "--only", "draw"});
  CHECK(misspelt.code == 2);
  CHECK(misspelt.err.find("did you mean \"draws\"?") != std::string::npos);
}
