// Libraries of others as the commands meet them: a task that attacks, an algorithm that must not
// run, files that are no plugins, folders that others can write to. The acts are those of
// tests/support/hostile_acts.c.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <tuple>

#include "core/base/file.h"
#include "core/base/json.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/hostile_tasks");

namespace {

const fs::path kBroken = TINYZERO_BROKEN, kPlugins = TINYZERO_PLUGINS;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A folder with the task that does `act` at `stage`, and an experiment that uses it.
class Attack {
 public:
  Attack(const std::string& stage, const std::string& act)
      : library_(folder_ / (stage + "-" + act + ".so")), config_(folder_ / "acts.yaml") {
    fs::create_symlink(kBroken / "hostile_acts.so", library_);
    write_file_synced(config_, "task: {use: " + library_ +
                                   "}\n"
                                   "model: {preset: tiny, layers: 1, width: 32, heads: 2, "
                                   "kv_heads: 1, mlp: 64, context: 64}\n"
                                   "algorithm: {use: grpo}\n"
                                   "rollout: {prompts: 2, samples: 2, max_tokens: 8}\n"
                                   "train: {steps: 2}\n"
                                   "eval: {every: 2, problems: 8}\n");
  }

  const std::string& library() const { return library_; }
  ProcessResult run(std::vector<std::string> command, const std::string& input = {}) const {
    for (std::string& word : command) {
      if (word == "LIBRARY") word = library_;
      if (word == "CONFIG") word = config_;
      if (word == "FOLDER") word = folder_.path().string();
      if (word == "RUN") word = folder_ / "run";
    }
    return tinyzero::tinyzero(command, input);
  }

 private:
  TemporaryFolder folder_;
  std::string library_, config_;
};

const std::string kAnswers =
    "{\"state\":\"1\",\"completion\":\"right\"}\n{\"state\":\"1\",\"completion\":\"act\"}\n";

// Commands that load the library of a task, and create the task.
const std::vector<std::vector<std::string>> kCommands = {
    {"task", "show", "LIBRARY"},
    {"task", "draw", "LIBRARY"},
    {"task", "verify", "LIBRARY"},
    {"task", "solve", "LIBRARY"},
    {"config", "check", "CONFIG"},
    {"config", "show", "CONFIG"},
    {"plan", "CONFIG"},
    {"train", "CONFIG", "--run", "RUN"},
    {"play", "LIBRARY"},
    {"bench", "verify", "LIBRARY"},
};

}  // namespace

TEST_CASE("every command survives a task that attacks while it is loaded, and names it") {
  for (const auto& [stage, act, words] :
       {std::tuple("constructor", "kill_host",
                   "made the system call kill, which no task may make while loading"),
        std::tuple("create", "quick_exit",
                   "ended its process with exit code 0 while being set up")}) {
    const Attack attack(stage, act);
    for (const std::vector<std::string>& command : kCommands) {
      CAPTURE(command[0] + " " + command[1]);
      if (std::string(stage) == "create" && command[1] == "show" && command[0] == "task")
        continue;  // it sets nothing up
      const ProcessResult result = attack.run(command, kAnswers);
      CAPTURE(result.err);
      CHECK(result.code == 1);
      CHECK(result.out.empty());
      CHECK(holds(result.err, attack.library()));
      CHECK(holds(result.err, words));
    }
  }
}

TEST_CASE(
    "lists and schemas leave out what cannot be loaded, with a warning that names file and cause") {
  const Attack attack("constructor", "kill_host");
  const std::string cause =
      attack.library() + " made the system call kill, which no task may make while loading";
  const ProcessResult list = attack.run({"--plugins", "FOLDER", "task", "list"});
  CHECK(list.code == 0);
  CHECK(holds(list.out, "countdown"));
  CHECK(holds(list.err, "warning: the code of " + cause));
  const ProcessResult schema = attack.run({"--plugins", "FOLDER", "config", "schema"});
  CHECK(schema.code == 0);
  CHECK_NOTHROW(parse_json(schema.out, "the schema"));
  CHECK(holds(schema.err, "warning: the code of " + cause));
}

TEST_CASE(
    "a training run is stopped by name where a task loses worker after worker, and not harmed by "
    "one") {
  const Attack stopped("batch", "segv");
  const ProcessResult lost = stopped.run({"train", "CONFIG", "--run", "RUN", "--quiet"});
  CHECK(lost.code == 1);
  CHECK(holds(lost.err,
              "task \"acts\" is stopped: its worker was lost 3 times, the last time because it was "
              "ended by signal 11"));
  const Attack quiet("none", "none");
  const ProcessResult done = quiet.run({"train", "CONFIG", "--run", "RUN", "--quiet"});
  CAPTURE(done.err);
  CHECK(done.code == 0);
}

TEST_CASE("a check says of each call that ends the process which it was, and goes on") {
  struct Case {
    const char* stage;
    const char* act;
    const char* words;
    int failed;  // checks that meet it
  };
  const Case cases[] = {
      {"constructor", "exit", "ended its process with exit code 0 while loading", 21},
      {"entry", "quick_exit", "ended its process with exit code 0 while loading", 21},
      {"create", "abort", "was ended by signal 6 (Aborted) while being set up", 20},
      {"draw", "segv", "was ended by signal 11 (Segmentation fault) while drawing problems", 18},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.stage));
    const ProcessResult result = Attack(c.stage, c.act).run({"task", "check", "LIBRARY", "--json"});
    CHECK(result.code == 1);
    CHECK(result.err.empty());
    int checks = 0, failed = 0;
    for (std::size_t at = 0; at < result.out.size(); at = result.out.find('\n', at) + 1, ++checks) {
      const Json line = parse_json(
          std::string_view(result.out).substr(at, result.out.find('\n', at) - at), "a check");
      if (line["result"] != "fail") continue;
      ++failed;
      CHECK(holds(line["detail"], c.words));
    }
    CHECK(checks == 21);
    CHECK(failed == c.failed);
  }
}

TEST_CASE("what is no plugin harms no other, and is named where plugins are looked for") {
  const TemporaryFolder folder;
  const std::string grpo = read_file(kPlugins / "grpo.so");
  write_file_synced(folder / "cut.so", grpo.substr(0, grpo.size() / 2));
  write_file_synced(folder / "text.so", "not a library");
  std::string stale = grpo;  // of another compiler: its note says so
  const std::size_t at = stale.find("compiler=");
  REQUIRE(at != std::string::npos);
  stale[at + 9] = 'X';
  const std::size_t id = stale.find("id=grpo");
  REQUIRE(id != std::string::npos);
  stale.replace(id, 7, "id=old1");
  write_file_synced(folder / "stale.so", stale);
  fs::create_symlink(folder / "nowhere", folder / "gone.so");
  REQUIRE(::mkfifo((folder / "pipe.so").c_str(), 0600) == 0);
  const std::string plugins = folder.path().string();
  const ProcessResult list = tinyzero::tinyzero({"--plugins", plugins, "algorithm", "list"});
  CAPTURE(list.err);
  CHECK(list.code == 0);
  for (const char* known : {"grpo", "ppo", "prime"}) CHECK(holds(list.out, known));
  CHECK(holds(list.err,
              "warning: cannot load " + (folder / "stale.so").string() + ": its compiler is \"X"));
  for (const auto& [name, cause] :
       {std::pair("cut.so", "the file is cut"), std::pair("text.so", "the file is cut"),
        std::pair("gone.so", "No such file or directory"),
        std::pair("pipe.so", "is a named pipe")}) {
    CAPTURE(std::string(name));
    CHECK(holds(list.err, (folder / name).string()));
    CHECK(holds(list.err, cause));
  }
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"task", "list"},
        {"config", "schema"},
        {"algorithm", "show", "grpo"},
        {"task", "show", "countdown"},
        {"config", "check", "tests/integration/small.yaml"}}) {
    CAPTURE(command[1]);
    std::vector<std::string> words = {"--plugins", plugins};
    words.insert(words.end(), command.begin(), command.end());
    const ProcessResult result = tinyzero::tinyzero(words);
    CHECK(result.code == 0);
    CHECK(holds(result.err, "warning: cannot load " + (folder / "cut.so").string()));
  }
}

TEST_CASE("an algorithm that was not built with this program never runs, whatever is asked of it") {
  const TemporaryFolder folder;
  const std::string library = folder / "evil.so", ran = folder / "ran";
  write_file_synced(
      folder / "evil.cpp",
      "#include <fstream>\n#include \"tinyzero/note.h\"\n"
      "TINYZERO_NOTE(TINYZERO_NOTE_ALGORITHM, \"id=evil\\napi=1\\ntorch=2.0\\ncompiler=x\\n\");\n"
      "static const bool ran = (std::ofstream(\"" +
          ran +
          "\") << 1).good();\n"
          "extern \"C\" __attribute__((visibility(\"default\"))) const void* "
          "tinyzero_algorithm_v1() { return nullptr; }\n"
          "extern \"C\" __attribute__((visibility(\"default\"))) const void* tinyzero_task_v1() { "
          "return nullptr; }\n");
  REQUIRE(run_process({"g++", "-std=c++20", "-shared", "-fPIC", "-Isdk/include", "-o", library,
                       folder / "evil.cpp"},
                      {}, TINYZERO_SOURCE)
              .code == 0);
  const std::string plugins = folder.path().string();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"algorithm", "list"},
        {"algorithm", "show", library},
        {"algorithm", "check", library},
        {"config", "schema"},
        {"config", "check", "tests/integration/small.yaml", "algorithm.use=" + library},
        {"plan", "tests/integration/small.yaml", "algorithm.use=" + library},
        {"task", "list"},
        {"task", "show", library},
        {"task", "check", library},
        {"bench", "verify", library},
        {"doctor"}}) {
    CAPTURE(command[0] + " " + command.back());
    std::vector<std::string> words = {"--plugins", plugins};
    words.insert(words.end(), command.begin(), command.end());
    const ProcessResult result = tinyzero::tinyzero(words);
    CHECK(result.code != 128 + SIGSEGV);
    CHECK_FALSE(fs::exists(ran));
  }
  const ProcessResult list = tinyzero::tinyzero({"--plugins", plugins, "algorithm", "list"});
  CHECK(list.code == 0);
  CHECK(
      holds(list.err, "warning: cannot load " + library + ": its api is \"1\", this program's is"));
}

TEST_CASE("plugins that others can change are told of wherever one is used") {
  const Attack attack("none", "none");
  const TemporaryFolder folder;
  fs::copy_file(kBroken / "hostile_acts.so", folder / "none-none.so");
  const std::string library = folder / "none-none.so",
                    open = library + " can be written by anyone: chmod o-w";
  ::chmod(library.c_str(), 0666);
  CHECK(holds(tinyzero::tinyzero({"task", "show", library}).err, "warning: " + open));
  CHECK(holds(tinyzero::tinyzero({"--plugins", folder.path().string(), "config", "check",
                                  "tests/integration/small.yaml"})
                  .err,
              open));
  ::chmod(library.c_str(), 0644);
  CHECK_FALSE(holds(tinyzero::tinyzero({"task", "show", library}).err, "warning"));
  ::chmod(folder.path().c_str(), 0777);
  const std::string open_folder =
      "the folder " + folder.path().string() + " can be written by anyone: chmod o-w";
  const ProcessResult shown =
      tinyzero::tinyzero({"--plugins", folder.path().string(), "task", "show", library});
  CHECK(holds(shown.err, "warning: " + open_folder));
  CHECK(std::count(shown.err.begin(), shown.err.end(), '\n') == 1);
  ::chmod(folder.path().c_str(), 0700);
  if (::geteuid() == 0 && ::chown(library.c_str(), 12345, 12345) == 0)
    CHECK(holds(tinyzero::tinyzero({"task", "show", library}).err,
                library + " belongs to another user (number 12345), who can change it"));
}

TEST_CASE("no plugin comes from the current folder because a variable is empty") {
  const TemporaryFolder folder;
  const fs::path plugins = folder / ".local/share/tinyzero/plugins";
  fs::create_directories(plugins);
  for (const fs::path& path : {plugins, folder.path()})
    fs::create_symlink(kBroken / "hostile_acts.so", path / "constructor-segv.so");
  for (const std::string variables :
       {"HOME= TINYZERO_PLUGIN_PATH=:", "HOME=. TINYZERO_PLUGIN_PATH=",
        "HOME=.local/../ TINYZERO_PLUGIN_PATH=::"}) {
    CAPTURE(variables);
    const ProcessResult list = run_process(
        {"sh", "-c", variables + " " + tinyzero_path() + " task list"}, {}, folder.path().string());
    CHECK(list.code == 0);
    CHECK(list.err.empty());
    CHECK_FALSE(holds(list.out, "acts"));
  }
  const std::string home = "HOME=" + folder.path().string() + " " + tinyzero_path() + " task list";
  CHECK(holds(run_process({"sh", "-c", home}).err, "constructor-segv.so was ended by signal 11"));
}

// The endpoint takes connections and never answers: what asks it waits for as long as the test
// looks.
TEST_CASE("the memory that shows a program's environment does not hold its key") {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listening, 8) == 0);
  REQUIRE(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1";
  const BackgroundProcess asking({"env", "OPENAI_API_KEY=open-sesame", "OTHER=shown",
                                  tinyzero_path(), "eval", "--endpoint", url, "--model", "m",
                                  "--task", "countdown", "--problems", "1"});
  const int connection = ::accept(listening, nullptr, nullptr);  // by now the key has been taken
  REQUIRE(connection >= 0);
  std::string environment(65536, '\0');
  const FileHandle shown("/proc/" + std::to_string(asking.pid()) + "/environ", O_RDONLY);
  environment.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, ::read(shown.fd(), environment.data(), environment.size()))));
  ::close(connection);
  ::close(listening);
  CHECK(holds(environment, "OTHER=shown"));
  CHECK(holds(environment, "OPENAI_API_KEY="));
  CHECK_FALSE(holds(environment, "sesame"));
}

TEST_CASE("a task of others is measured in its worker only") {
  const ProcessResult result =
      Attack("none", "none").run({"bench", "verify", "LIBRARY", "--seconds", "0.05", "--json"});
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const Json line = parse_json(result.out, "the measurement");
  CHECK(line["verdicts"].is_null());
  CHECK(line["worker_verdicts"]["median"] > 0);
  CHECK(line["draws"]["median"] > 0);
}
