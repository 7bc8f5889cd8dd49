// watch: what a run said and says, from another terminal. It only reads, and may come and go.

#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/cli/commands.h"
#include "core/cli/followed_run.h"
#include "core/cli/follower.h"
#include "core/cli/option_checks.h"
#include "core/cli/screen.h"
#include "core/config/experiment.h"
#include "core/run/run_folder.h"

namespace tinyzero {
namespace {

constexpr auto kPause = std::chrono::milliseconds(250);
constexpr std::size_t kDate = 21;  // bytes of "2026-01-31 12:00:00  " before each line of log.txt

volatile std::sig_atomic_t stop_requested = 0;

struct WatchOptions {
  std::string run;
};

// Prints new lines of the log. `last` becomes the last of them, without its date.
void print_log(Follower& log, Screen& screen, std::string& last) {
  for (const std::string& line : log.lines()) {
    last = line.size() > kDate ? line.substr(kDate) : "";
    screen.line(last,
                last.starts_with("warning: ") ? Screen::Style::warning : Screen::Style::plain);
  }
}

// Whether the last line of a log tells how its run ended.
bool tells_end(const std::string& last) {
  return last.starts_with("done") || last.starts_with("error: ") ||
         last.find("continue with: ") != std::string::npos;
}

int run_watch(const GlobalOptions&, const WatchOptions& options) {
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  const Experiment experiment = Experiment::load(folder.config(), {});
  Screen screen(stdout);
  std::signal(SIGINT, [](int) { stop_requested = 1; });  // so that the live line is cleared
  Follower log(folder.log_file());
  Follower metrics(folder.metrics());
  FollowedRun run(experiment);
  std::string last;
  for (;;) {
    // Asked before reading: then the last words of a run that has ended are among what is read.
    const pid_t writer = RunFolder::writer(folder.path());
    print_log(log, screen, last);
    for (const std::string& line : metrics.lines())
      run.add(parse_json(line, folder.metrics().string()));
    if (stop_requested != 0) return 0;
    if (writer == 0) break;
    if (run.begun() && run.step() < run.steps())
      screen.live([&](std::size_t columns) { return run.text(columns); });
    std::this_thread::sleep_for(kPause);
    if (!fs::exists(folder.config()))
      throw Failure("the run folder " + folder.path().string() + " is gone");
  }
  if (!tells_end(last))
    screen.line(fmt::format(
        "ended       without a word after {} · continue with: tinyzero train --resume {}",
        run.where(), shell_word(folder.path().string())));
  return 0;
}

}  // namespace

void add_watch(const Commands& commands) {
  commands.add<WatchOptions>(
      "watch", "Follow a run from another terminal, or show what a finished run printed", run_watch,
      [](CLI::App& c, WatchOptions& o) { c.add_option("run", o.run, "run folder")->required(); });
}

}  // namespace tinyzero
