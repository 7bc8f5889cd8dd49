// The SDK as authors of algorithms meet it: the folder that `algorithm new` writes, an installed
// package, and libraries that do not fit.

#include <doctest/doctest.h>

#include <regex>

#include "core/plugin/elf.h"
#include "support/package.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/algorithm_sdk");

TEST_CASE(
    "what `algorithm new` writes builds, passes its checks and learns, against an installed "
    "package") {
  const TemporaryFolder folder;
  const fs::path prefix = folder / "prefix";
  install(prefix);
  const std::string program = (prefix / "bin/tinyzero").string();
  must_run({program, "algorithm", "new", "mine"}, folder.path());
  const std::string algorithm = folder / "mine";
  must_run({"cmake", "-B", "build", "-DCMAKE_PREFIX_PATH=" + prefix.string()}, algorithm);
  must_run({"cmake", "--build", "build"}, algorithm);
  must_run({"ctest", "--test-dir", "build", "--output-on-failure"}, algorithm);
  must_run({program, "train", "mine.yaml", "--quiet"}, algorithm);
  const std::vector<double> accuracy = accuracies(fs::path(algorithm) / "runs/mine");
  CHECK(accuracy.back() > accuracy.front() + 0.1);

  // With the guide's critic in place of its prepare(), it passes all checks, too.
  const std::string guide = read_file(fs::path(TINYZERO_SOURCE) / "docs/write_an_algorithm.md");
  const std::size_t critic = guide.find("std::vector<AuxiliaryModel> auxiliary_models() const");
  REQUIRE(critic != std::string::npos);
  std::string source = read_file(folder / "mine/mine.cpp");
  const std::size_t prepare = source.find("  // Once a step, with all its episodes"),
                    loss = source.find("  // For each micro-batch");
  REQUIRE(prepare < loss);
  source.replace(prepare, loss - prepare,
                 guide.substr(critic, guide.find("```", critic) - critic) + "\n");
  write_file_synced(folder / "mine/mine.cpp", source);
  must_run({"cmake", "--build", "build", "--target", "mine"}, algorithm);
  must_run({program, "algorithm", "check", "build/plugins/mine.so"}, algorithm);

  for (const auto& [name, words] : std::vector<std::pair<std::string, std::string>>{
           {"mine", "error: cannot make mine: it exists"},
           {"Mine", "\"Mine\" cannot name an algorithm"},
           {"torch", "CMake keeps it for a target of its own"},
           {"grpo", "there is an algorithm \"grpo\" already: " +
                        (prefix / "lib/tinyzero/plugins/grpo.so").string()}}) {
    const ProcessResult refused =
        run_process({program, "algorithm", "new", name}, {}, folder.path());
    CHECK(refused.code == 2);
    CHECK(refused.err.find(words) != std::string::npos);
  }
}

// The headers of the package are changed after the program was built, as by an installation of
// another version.
TEST_CASE(
    "an algorithm of another interface is refused before its code runs, with the command that "
    "mends it") {
  const TemporaryFolder folder;
  const fs::path prefix = folder / "prefix", ran = folder / "ran";
  install(prefix);
  const std::string program = (prefix / "bin/tinyzero").string(),
                    library = folder / "mine/build/plugins/mine.so";
  must_run({program, "algorithm", "new", "mine"}, folder.path());
  append(folder / "mine/mine.cpp", "#include <fstream>\nstatic const bool ran = (std::ofstream(\"" +
                                       ran.string() + "\") << 1).good();\n");
  const fs::path header = prefix / "include/tinyzero/batch.h";
  const std::string original = read_file(header);
  append(header, "// of another version\n");
  must_run({"cmake", "-B", "build", "-DCMAKE_PREFIX_PATH=" + prefix.string(),
            "-DCMAKE_CXX_FLAGS_RELEASE=-O0"},
           folder / "mine");
  must_run({"cmake", "--build", "build", "--target", "mine"}, folder / "mine");

  for (const std::vector<std::string>& command :
       {std::vector<std::string>{program, "algorithm", "show", library},
        {program, "train", "mine.yaml", "--quiet"}}) {
    const ProcessResult refused = run_process(command, {}, folder / "mine");
    CAPTURE(refused.err);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("mine.so: its api is \"" + read_library_note(library).field("api") +
                           "\", this program's is \"") != std::string::npos);
    CHECK_FALSE(fs::exists(ran));
  }
  CHECK(read_library_note(library).field("torch") ==
        read_library_note(prefix / "lib/tinyzero/plugins/grpo.so").field("torch"));

  write_file_synced(header, original);
  const std::string words = run_process({program, "algorithm", "show", library}).err;
  const std::size_t command = words.find("cmake --fresh");
  REQUIRE(command != std::string::npos);
  must_run({"sh", "-c", words.substr(command, words.find('\n', command) - command)});
  CHECK(run_process({program, "algorithm", "show", library}).code == 0);
  CHECK(fs::exists(ran));
}

TEST_CASE(
    "another LibTorch than the program's is refused when an algorithm is configured, and not "
    "looked for by a task") {
  const TemporaryFolder folder;
  const fs::path prefix = folder / "prefix", torch = folder / "torch";
  install(prefix);
  fs::create_directory(torch);
  append(torch / "TorchConfigVersion.cmake", "set(PACKAGE_VERSION 2.11.0)\n");
  append(torch / "TorchConfig.cmake", "set(TORCH_LIBRARY /usr/lib/libtorch.so)\n");
  const std::string program = (prefix / "bin/tinyzero").string();
  must_run({program, "algorithm", "new", "mine"}, folder.path());
  must_run({program, "task", "new", "mirror"}, folder.path());
  const std::vector<std::string> configure = {"cmake", "-B", "build",
                                              "-DCMAKE_PREFIX_PATH=" + prefix.string(),
                                              "-DTorch_DIR=" + torch.string()};
  const ProcessResult refused = run_process(configure, {}, folder / "mine");
  CAPTURE(refused.err);
  CHECK(refused.code != 0);
  const std::string words =
      std::regex_replace(refused.err, std::regex("\\s+"), " ");  // CMake breaks lines
  CHECK(words.find("LibTorch in " + torch.string() + " is 2.11.0 cpu") != std::string::npos);
  CHECK(words.find("was built against " +
                   read_library_note(prefix / "lib/tinyzero/plugins/grpo.so").field("torch")) !=
        std::string::npos);
  must_run(configure, folder / "mirror");
}
