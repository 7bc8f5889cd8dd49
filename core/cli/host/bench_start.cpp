// bench start: how long until the program says something, and until it samples a first token.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/bench/measure.h"
#include "core/bench/workload.h"
#include "core/cli/commands.h"
#include "core/cli/interrupt.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/model/folder.h"

extern char** environ;

namespace tinyzero {
namespace {

struct BenchStartOptions {
  std::int64_t rounds = 15;
  bool json = false;
};

// Starts this program with the arguments and standard input from `input`; its output is thrown
// away.
pid_t start_program(const std::vector<std::string>& arguments, const std::string& input) {
  const std::string program = (boost::dll::program_location().parent_path() / "tinyzero").string();
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::pid_t child = 0;
  const int problem =
      ::posix_spawn(&child, program.c_str(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) throw Failure("cannot start " + program + ": " + system_words(problem));
  return child;
}

// Seconds from the start of this program with the arguments to its end.
double run_once(const std::vector<std::string>& arguments, const std::string& input,
                const StopRequest& stop) {
  const Stopwatch watch;
  const pid_t child = start_program(arguments, input);
  int status = 0;
  ::waitpid(child, &status, 0);
  const double seconds = watch.seconds();
  stop_if_asked(&stop);
  if (status != 0) throw Failure("`tinyzero " + arguments.front() + "` did not end as it should");
  return seconds;
}

// A folder with a model of 1M weights, removed at the end.
class TemporaryModel {
 public:
  TemporaryModel() {
    std::string name = (fs::temp_directory_path() / "tinyzero-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Failure("cannot make a folder like " + name + ": " + system_words(errno));
    path_ = name;
    save_model(bench_model({}), path_);
  }
  ~TemporaryModel() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void print_line(const char* what, const Spread& s) {
  print("  {:<34} {:5.1f} ms  [{:.1f}, {:.1f}]\n", what, 1e3 * s.median, 1e3 * s.lowest,
        1e3 * s.highest);
}

int run_bench_start(const GlobalOptions&, const BenchStartOptions& options) {
  const StopRequest& stop = catch_interrupts(
      {"stopping", "stopped at once; a model is left in " + fs::temp_directory_path().string()});
  const TemporaryModel model;
  const std::string input = (model.path() / "prompt.jsonl").string();
  write_file_synced(input, "{\"ids\":[1,2,3]}\n");
  const std::vector<std::string> help = {"--help"};
  const std::vector<std::string> token = {"model", "generate", model.path().string(),
                                          "--max-tokens", "1"};
  const Rounds rounds = take_turns(options.rounds,
                                   {[&] { return run_once(help, "/dev/null", stop); },
                                    [&] { return run_once(token, input, stop); }},
                                   [] { return 1.0; });
  const Spread helping = spread_of(rounds.seconds[0]);
  const Spread sampling = spread_of(rounds.seconds[1]);
  if (options.json) {
    print_json({{"bench", "start"},
                {"help_seconds", spread_json(helping)},
                {"first_token_seconds", spread_json(sampling)}});
    return 0;
  }
  print("start to end of the program, {} rounds\n", options.rounds);
  print_line("--help", helping);
  print_line("first sampled token of a 1M model", sampling);
  return 0;
}

}  // namespace

void add_bench_start(const Commands& commands) {
  commands.add<BenchStartOptions>(
      "start", "How long the program takes to start, to say --help and to sample a first token",
      run_bench_start, [](CLI::App& c, BenchStartOptions& o) {
        c.add_option("--rounds", o.rounds, "number of measured rounds")
            ->capture_default_str()
            ->check(between(1, 1000));
        c.add_flag("--json", o.json, kJsonHelp);
      });
}

}  // namespace tinyzero
