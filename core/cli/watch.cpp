// watch: what a run said and says, from another terminal. It only reads, and may come and go.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <deque>
#include <thread>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/cli/options.h"
#include "core/cli/run_text.h"
#include "core/cli/screen.h"
#include "core/config/experiment.h"
#include "core/run/run_folder.h"

namespace tinyzero {
namespace {

constexpr auto kPause = std::chrono::milliseconds(250);
constexpr std::size_t kDate = 21;  // bytes of "2026-01-31 12:00:00  " before each line of log.txt
constexpr std::size_t kRecords = 20;  // whose times tell how long a step takes

volatile std::sig_atomic_t stop_requested = 0;

// Lines that come to a file, each once it is whole.
class Follower {
 public:
  explicit Follower(fs::path path) : path_(std::move(path)) {}

  std::vector<std::string> lines() {
    std::vector<std::string> out;
    if (!fs::exists(path_)) return out;
    const FileHandle file(path_, O_RDONLY);
    struct stat status{};
    const std::int64_t size = ::fstat(file.fd(), &status) == 0 ? status.st_size : 0;
    if (size < read_) {  // the run went back to a checkpoint
      read_ = size;
      rest_.clear();
    }
    char buffer[1 << 16];
    for (ssize_t n; (n = ::pread(file.fd(), buffer, sizeof buffer, read_)) > 0;) {
      read_ += n;
      rest_.append(buffer, n);
    }
    std::size_t at = 0;
    for (std::size_t end; (end = rest_.find('\n', at)) != std::string::npos; at = end + 1)
      out.push_back(rest_.substr(at, end - at));
    rest_.erase(0, at);
    return out;
  }

 private:
  fs::path path_;
  std::int64_t read_ = 0;
  std::string rest_;
};

// The newest records of one phase, and from them the seconds that are left.
class Progress {
 public:
  explicit Progress(const Experiment& experiment) : experiment_(experiment) {}

  void add(Json record) {
    const bool warm = record.contains("warm_start/step");
    if (!warm && !record.contains("train/reward")) return;
    if (!records_.empty() &&
        (warm != warm_ || step_of(record, warm) <= step_of(records_.back(), warm)))
      records_.clear();
    warm_ = warm;
    records_.push_back(std::move(record));
    if (records_.size() > kRecords) records_.pop_front();
  }

  bool begun() const { return !records_.empty(); }
  std::int64_t step() const { return step_of(records_.back(), warm_); }
  std::int64_t steps() const {
    if (warm_) return experiment_.warm_start.steps;
    const double used = experiment_.train.budget_used(records_.back().value("tokens/spent", 0.0),
                                                      records_.back().value("time/spent", 0.0));
    return experiment_.train.expected_steps(step(), used);
  }

  std::string text(std::size_t columns) const {
    const Json& first = records_.front();
    const double passed = records_.back().value("seconds", 0.0) - first.value("seconds", 0.0);
    const double taken = step() - step_of(first, warm_);
    const double left = taken > 0 ? passed / taken * static_cast<double>(steps() - step()) : -1;
    return live_text(records_.back(), steps(), left, columns);
  }

  // "step 34 of 200", "warm-start step 3 of 600".
  std::string place() const {
    return begun() ? fmt::format("{}step {} of {}", warm_ ? "warm-start " : "", step(), steps())
                   : std::string("its first step");
  }

 private:
  static std::int64_t step_of(const Json& record, bool warm) {
    return record.value(warm ? "warm_start/step" : "step", std::int64_t{0});
  }

  const Experiment& experiment_;
  std::deque<Json> records_;
  bool warm_ = false;
};

}  // namespace

int watch_command(const GlobalOptions&, const WatchOptions& options) {
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  const Experiment experiment = Experiment::load(folder.config(), {});
  Screen screen(stdout);
  std::signal(SIGINT, [](int) { stop_requested = 1; });  // so that the live line is cleared
  Follower log(folder.log_file()), metrics(folder.metrics());
  Progress progress(experiment);
  std::string last;
  for (;;) {
    const pid_t writer = RunFolder::writer(
        folder.path());  // before reading: what a run says last is read after it ended
    for (const std::string& line : log.lines()) {
      last = line.size() > kDate ? line.substr(kDate) : "";
      screen.line(last,
                  last.starts_with("warning: ") ? Screen::Style::warning : Screen::Style::plain);
    }
    for (const std::string& line : metrics.lines())
      progress.add(parse_json(line, folder.metrics().string()));
    if (stop_requested != 0) return 0;
    if (writer == 0) break;
    if (progress.begun() && progress.step() < progress.steps())
      screen.live([&](std::size_t columns) { return progress.text(columns); });
    std::this_thread::sleep_for(kPause);
    if (!fs::exists(folder.config()))
      throw Failure("the run folder " + folder.path().string() + " is gone");
  }
  const bool said_so = last.starts_with("done") || last.starts_with("error: ") ||
                       last.find("go on with: ") != std::string::npos;
  if (!said_so) {
    screen.line(
        fmt::format("ended       without a word after {} · go on with: tinyzero train --resume {}",
                    progress.place(), shell_word(folder.path().string())));
  }
  return 0;
}

}  // namespace tinyzero
