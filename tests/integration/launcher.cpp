// The launcher where something is missing, or belongs to somebody else: it says what, and what to
// do, and exits with 2. What it calls to build is played by scripts, which are quick.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "core/base/cpus.h"
#include "core/base/file.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/launcher");

namespace {

// The launcher alone in a folder, as in a checkout that was never built.
ProcessResult launch(const TemporaryFolder& checkout, const std::vector<std::string>& environment,
                     const std::vector<std::string>& arguments) {
  fs::copy_file(fs::path(TINYZERO_SOURCE) / "tinyzero", checkout / "tinyzero",
                fs::copy_options::overwrite_existing);
  std::vector<std::string> command = {"env"};
  command.insert(command.end(), environment.begin(), environment.end());
  command.push_back(checkout / "tinyzero");
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command, {}, checkout.path());
}

void write_script(const fs::path& path, const std::string& text) {
  write_file_synced(path, "#!/bin/sh\n" + text);
  fs::permissions(path, fs::perms(0755));
}

// A checkout whose compiler is quick: `ninja` makes a program that prints its arguments. It waits
// while the file `slow` is there, and tells in `ninja.log` that it began.
class QuickCheckout {
 public:
  QuickCheckout() {
    fs::copy_file(fs::path(TINYZERO_SOURCE) / "tinyzero", root() / "tinyzero");
    for (const char* name : {"core", "sdk", "tasks", "plugins", "tools", "torch"})
      fs::create_directory(root() / name);
    write_file_synced(root() / "CMakeLists.txt", "");
    write_file_synced(root() / "core/main.cpp", "");
    fs::create_directories(root() / "torch/share/cmake/Torch");
    write_file_synced(root() / "torch/share/cmake/Torch/TorchConfig.cmake", "");
    write_file_synced(root() / "torch/version.py", "");
    const std::string at = root().string();
    write_script(root() / "tools/cmake",
                 "[ \"$1\" != --version ] || echo 'cmake version 3.25.1'\n");
    write_script(root() / "tools/ninja",
                 "echo \"$PWD $*\" >>'" + at +
                     "/ninja.log'\n"
                     "while [ -e '" +
                     at +
                     "/slow' ]; do sleep 0.05; done\n"
                     "printf '#!/bin/sh\\necho \"built: $*\"\\n' >tinyzero\nchmod 755 tinyzero\n");
    fs::permissions(root(), fs::perms(0755));
  }
  fs::path root() const { return folder_.path(); }
  std::string built() const { return "built: "; }

  // The words of a call; `before` in front of it: "taskset -c 0".
  std::vector<std::string> call(const std::vector<std::string>& before,
                                const std::vector<std::string>& arguments,
                                const std::string& tools = "") const {
    std::vector<std::string> command = before;
    command.insert(command.end(),
                   {"env", "TINYZERO_TORCH=" + (root() / "torch").string(),
                    "PATH=" + tools + (root() / "tools").string() + ":" + std::getenv("PATH"),
                    (root() / "tinyzero").string()});
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  ProcessResult run(const std::vector<std::string>& before = {},
                    const std::string& tools = "") const {
    return run_process(call(before, {"--help"}, tools), {}, root().string());
  }
  std::int64_t builds() const {
    if (!fs::exists(root() / "ninja.log")) return 0;
    const std::string log = read_file(root() / "ninja.log");
    return std::count(log.begin(), log.end(), '\n');
  }
  bool wait_for_builds(std::int64_t count) const {
    for (int i = 0; i < 3000 && builds() < count; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return builds() == count;
  }

 private:
  TemporaryFolder folder_;
};

// Somebody else; empty: nobody can be.
std::vector<std::string> another_user() {
  if (::geteuid() != 0 ||
      run_process({"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "true"})
              .code != 0) {
    MESSAGE("skipped: only root can be another user");
    return {};
  }
  return {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
}

// Words of the shell itself, which say nothing to who did not write the script.
bool has_shell_words(const std::string& err) {
  for (const char* words : {"tinyzero: 1", "tinyzero: 2", "cannot create", "mkdir:", "touch:",
                            "line ", "not found", "find:", "mv:", "exec:", "sh: "}) {
    if (err.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("an unknown preset and a LibTorch that is none are refused") {
  const TemporaryFolder checkout;
  const ProcessResult preset = launch(checkout, {"TINYZERO_PRESET=fast"}, {"--help"});
  CHECK(preset.code == 2);
  CHECK(preset.err ==
        "error: TINYZERO_PRESET is \"fast\"; use release, debug, sanitize or thread\n");
  const ProcessResult torch = launch(checkout, {"TINYZERO_TORCH=/no/such/torch"}, {"--help"});
  CHECK(torch.code == 2);
  CHECK(torch.err.find("error: TINYZERO_TORCH is \"/no/such/torch\", which has no "
                       "share/cmake/Torch/TorchConfig.cmake") != std::string::npos);
  CHECK(torch.err.find("hint: ") != std::string::npos);
}

TEST_CASE("without a package manager the missing tools are named") {
  const TemporaryFolder checkout, tools;
  for (const char* tool : {"sh", "dirname", "readlink", "mkdir", "touch", "flock", "find", "grep",
                           "cut", "id", "awk"}) {
    for (const char* folder : {"/usr/bin/", "/bin/"}) {
      if (fs::exists(std::string(folder) + tool) && !fs::exists(tools / tool))
        fs::create_symlink(std::string(folder) + tool, tools / tool);
    }
  }
  const ProcessResult result =
      launch(checkout, {"PATH=" + tools.path().string()}, {"train", "x.yaml"});
  CHECK(result.code == 2);
  CHECK(result.err.find("error: these are missing: g++ cmake ninja-build") != std::string::npos);
  CHECK(result.err.find("hint: install them with your system's package manager") !=
        std::string::npos);
}

TEST_CASE("a build is made once, and again when a source is newer") {
  const QuickCheckout checkout;
  const ProcessResult first = checkout.run();
  CAPTURE(first.err);
  CHECK(first.code == 0);
  CHECK(first.out == "built: --help\n");
  CHECK(checkout.run().out == first.out);
  CHECK(checkout.builds() == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  write_file_synced(checkout.root() / "core/main.cpp", "// changed");
  CHECK(checkout.run().code == 0);
  CHECK(checkout.builds() == 2);
  write_file_synced(checkout.root() / "build/.built", "another\n");
  const ProcessResult other = checkout.run();
  CHECK(other.code == 2);
  CHECK(other.err.find("is for another, and this machine is") != std::string::npos);
}

TEST_CASE("ranks do not build: each names its host, and the first one says what to do") {
  const QuickCheckout checkout;
  const std::vector<std::vector<std::string>> launchers = {
      {"RANK=", "WORLD_SIZE=2", "MASTER_ADDR=n1"},
      {"SLURM_PROCID=", "SLURM_STEP_NUM_TASKS=2", "SLURM_STEP_ID=0"},
      {"OMPI_COMM_WORLD_RANK=", "OMPI_COMM_WORLD_SIZE=2"},
      {"PMI_RANK=", "PMI_SIZE=2"}};
  const auto run = [&](std::vector<std::string> variables, const std::string& rank) {
    variables.front() += rank;
    variables.insert(variables.begin(), "env");
    return checkout.run(variables);
  };
  const std::string hint =
      ", and ranks do not build\n  hint: build first, with one process: TINYZERO_RANKS=off " +
      (checkout.root() / "tinyzero").string() + " --version\n";
  for (const auto& variables : launchers) {
    CAPTURE(variables.back());
    const ProcessResult first = run(variables, "0"), second = run(variables, "1");
    CHECK(first.code == 2);
    CHECK(first.err ==
          "error: there is no finished build in " + (checkout.root() / "build").string() + hint);
    CHECK(second.code == 2);
    CHECK(second.err.starts_with("error: rank 1 on "));
    CHECK(second.err.ends_with(": there is no build of the present sources in " +
                               (checkout.root() / "build").string() + "\n"));
  }
  CHECK(checkout.builds() == 0);
  CHECK(checkout
            .run({"env", "SLURM_PROCID=0", "SLURM_STEP_NUM_TASKS=1", "SLURM_NTASKS=4",
                  "SLURM_STEP_ID=0"})
            .code == 0);
  CHECK(checkout.builds() == 1);
  CHECK(run(launchers[1], "1").out == "built: --help\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  write_file_synced(checkout.root() / "core/main.cpp", "// changed");
  CHECK(run(launchers[1], "0").err == "error: sources are newer than what is built" + hint);
  CHECK(checkout.builds() == 1);
}

TEST_CASE("as another user: a finished build runs, and where there is none it says what to do") {
  const std::vector<std::string> nobody = another_user();
  if (nobody.empty()) return;
  const QuickCheckout checkout;
  const ProcessResult none = checkout.run(nobody);
  CAPTURE(none.err);
  CHECK(none.code == 2);
  CHECK(none.err.starts_with("error: there is no finished build in " +
                             (checkout.root() / "build").string() + ", and none can be made: "));
  CHECK(none.err.find(checkout.root().string() + " belongs to root, and you may not write to it") !=
        std::string::npos);
  CHECK(none.err.find("hint: let root run ./tinyzero once, or copy the checkout") !=
        std::string::npos);
  CHECK_FALSE(has_shell_words(none.err));

  CHECK(checkout.run().code == 0);
  const ProcessResult built = checkout.run(nobody);
  CHECK(built.code == 0);
  CHECK(built.out == "built: --help\n");
  CHECK(built.err.empty());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  write_file_synced(checkout.root() / "core/main.cpp", "// changed");
  const ProcessResult stale = checkout.run(nobody);
  CHECK(stale.code == 0);
  CHECK(stale.err.find("warning: sources are newer than what is built, which is used as it is: ") !=
        std::string::npos);
  CHECK(stale.err.find("belongs to root") != std::string::npos);
  CHECK_FALSE(has_shell_words(stale.err));
  const ProcessResult tests =
      run_process(checkout.call(nobody, {"test"}), {}, checkout.root().string());
  CHECK(tests.code == 2);
  CHECK(tests.err.starts_with("error: the tests cannot be built: "));

  // A build folder that may be written to, with a lock that may not; and one that cannot be looked
  // into.
  fs::permissions(checkout.root() / "build", fs::perms(0777));
  const ProcessResult locked = checkout.run(nobody);
  CHECK(locked.code == 0);
  CHECK(locked.err.find(".lock belongs to root") != std::string::npos);
  fs::permissions(checkout.root() / "build", fs::perms(0700));
  const ProcessResult hidden = checkout.run(nobody);
  CHECK(hidden.code == 2);
  CHECK(hidden.err.find("there is no finished build in ") != std::string::npos);
  CHECK_FALSE(has_shell_words(hidden.err));
}

TEST_CASE("two calls at once: the later one says that it waits, and finds the work done") {
  const QuickCheckout checkout;
  write_file_synced(checkout.root() / "slow", "");
  const fs::path one = checkout.root() / "err 1", two = checkout.root() / "err 2";
  BackgroundProcess first(checkout.call({}, {"--help"}), one),
      second(checkout.call({}, {"--help"}), two);
  REQUIRE(checkout.wait_for_builds(1));
  const std::string waiting = "tinyzero: another build is under way: waiting for it\n";
  const auto waits = [&](const fs::path& err) { return read_file(err) == waiting ? 1 : 0; };
  for (int i = 0; i < 2000 && waits(one) + waits(two) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(waits(one) + waits(two) == 1);
  fs::remove(checkout.root() / "slow");
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(checkout.builds() == 1);
}

TEST_CASE("a build that nobody watches says how far it is, every 30 seconds") {
  const QuickCheckout checkout;
  const fs::path tools = checkout.root() / "fast clock", err = checkout.root() / "err";
  fs::create_directory(tools);
  write_script(tools / "sleep", "echo \"$1\" >>'" + (checkout.root() / "naps").string() +
                                    "'\nexec /bin/sleep 0.02\n");
  write_script(checkout.root() / "tools/ninja",
               "for n in 1 2 3; do\n"
               "  echo \"[$n/3] Building\"\n"
               "  until grep -qs \"built \\[$n/3\\]\" '" +
                   err.string() +
                   "'; do /bin/sleep 0.02; done\n"
                   "done\n"
                   "printf '#!/bin/sh\\n' >tinyzero\nchmod 755 tinyzero\n");
  BackgroundProcess build(checkout.call({}, {"--help"}, tools.string() + ":"), err);
  CHECK(build.wait() == 0);
  const std::string said = read_file(err);
  CAPTURE(said);
  CHECK(said.find("tinyzero: built [1/3]\n") != std::string::npos);
  CHECK(said.find("tinyzero: built [3/3]\n") != std::string::npos);
  CHECK(read_file(checkout.root() / "naps").starts_with("30\n"));
}

TEST_CASE("a launcher that is killed leaves no lock behind, and its compiler ends with it") {
  const QuickCheckout checkout;
  write_file_synced(checkout.root() / "slow", "");
  {
    BackgroundProcess killed(checkout.call({}, {"--help"}));
    REQUIRE(checkout.wait_for_builds(1));
    killed.signal(SIGKILL);
    killed.wait();
  }
  // While `slow` is there the first compiler would go on for ever, with the lock if it had it.
  BackgroundProcess second(checkout.call({}, {"--help"}));
  REQUIRE(checkout.wait_for_builds(2));
  fs::remove(checkout.root() / "slow");
  CHECK(second.wait() == 0);
}

TEST_CASE("where flock does not work, or is not there, a file says who builds") {
  const QuickCheckout checkout;
  const fs::path tools = checkout.root() / "no flock", held = checkout.root() / "build/.lock.held";
  fs::create_directory(tools);
  write_script(tools / "flock", "echo 'flock: 9: No locks available' >&2\nexit 1\n");
  const std::string path = tools.string() + ":";
  const ProcessResult first = checkout.run({}, path);
  CAPTURE(first.err);
  CHECK(first.code == 0);
  CHECK(first.err.find("no lock can be had here (flock: 9: No locks available): " + held.string() +
                       " keeps other builds out instead") != std::string::npos);
  CHECK_FALSE(fs::exists(held));

  const auto build_again = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    write_file_synced(checkout.root() / "core/main.cpp", "// changed");
  };
  // One that a killed build of this host left is taken over; one of another host is named.
  const std::string host = run_process({"uname", "-n"}).out;
  build_again();
  write_file_synced(held,
                    host.substr(0, host.size() - 1) + " " + std::to_string(::getpid()) + " 1\n");
  CHECK(checkout.run({}, path).code == 0);
  CHECK(checkout.builds() == 2);
  build_again();
  write_file_synced(held, "n17 12 34\n");
  const ProcessResult elsewhere = checkout.run({}, path);
  CHECK(elsewhere.code == 2);
  CHECK(elsewhere.err.find(
            "error: process 12 on the host n17 builds here, or was ended while it did") !=
        std::string::npos);
  CHECK(elsewhere.err.find("if it runs no more, delete " + held.string()) != std::string::npos);
  CHECK(read_file(held) == "n17 12 34\n");
  fs::remove(held);

  // Two at once.
  write_file_synced(checkout.root() / "slow", "");
  BackgroundProcess one(checkout.call({}, {"--help"}, path)),
      two(checkout.call({}, {"--help"}, path));
  REQUIRE(checkout.wait_for_builds(3));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  fs::remove(checkout.root() / "slow");
  CHECK(one.wait() == 0);
  CHECK(two.wait() == 0);
  CHECK(checkout.builds() == 3);
  CHECK_FALSE(fs::exists(held));
}

TEST_CASE("compilers at once are as many as cores may be used") {
  const QuickCheckout checkout;
  CHECK(checkout.run({"taskset", "-c", std::to_string(usable_cores().front())}).code == 0);
  CHECK(read_file(checkout.root() / "ninja.log").find(" -j 1 all") != std::string::npos);
  fs::remove_all(checkout.root() / "build");
  CHECK(checkout.run({"env", "TINYZERO_JOBS=7"}).code == 0);
  CHECK(read_file(checkout.root() / "ninja.log").find(" -j 7 all") != std::string::npos);
}

TEST_CASE("standard streams that are closed do not end up in the build") {
  const QuickCheckout checkout;
  for (const char* closed : {"<&- >&- 2>&-", ">&-", "2>&-", "<&-"}) {
    CAPTURE(closed);
    fs::remove_all(checkout.root() / "build");
    std::vector<std::string> command = {"sh", "-c", "exec \"$@\" " + std::string(closed), "sh"};
    for (const std::string& word : checkout.call({}, {"--help"})) command.push_back(word);
    run_process(command, {}, checkout.root().string());
    CHECK(fs::exists(checkout.root() / "build/tinyzero"));
    CHECK(fs::file_size(checkout.root() / "build/.lock") == 0);
  }
}
