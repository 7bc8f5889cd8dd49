#include "core/plugin/worker/worker_task.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/plugin/library.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWireFd = 3;                      // of the worker
constexpr double kLookSeconds = 0.02;           // between looks at a worker that does not reply
constexpr std::size_t kBatchBytes = 64u << 20;  // of the answers of one request

// The program of a worker: beside this one, unless TINYZERO_WORKER names it.
std::string worker_program() {
  const char* named = std::getenv("TINYZERO_WORKER");
  return named != nullptr ? named : (boost::dll::program_location().parent_path() / "tinyzero-worker").string();
}

std::string call_name(int number) {
  struct Name {
    long number;
    const char* name;
  };
  static constexpr Name kNames[] = {{SYS_openat, "openat"},         {SYS_read, "read"},       {SYS_write, "write"},
                                    {SYS_socket, "socket"},         {SYS_connect, "connect"}, {SYS_clone, "clone"},
                                    {SYS_clone3, "clone3"},         {SYS_execve, "execve"},   {SYS_kill, "kill"},
                                    {SYS_unlinkat, "unlinkat"},     {SYS_mmap, "mmap"},       {SYS_mprotect, "mprotect"},
                                    {SYS_newfstatat, "newfstatat"}, {SYS_getppid, "getppid"}};
  for (const Name& name : kNames) {
    if (name.number == number) return name.name;
  }
  return "number " + std::to_string(number);
}

}  // namespace

struct WorkerTask::Lost {
  std::string cause;
  std::uint32_t row;  // kNoRow: not known
};

WorkerTask::WorkerTask(std::filesystem::path path, WorkerLimits limits) : path_(std::move(path)), limits_(limits) {
  check_task_library(path_);
  start();
}

WorkerTask::~WorkerTask() { stop(); }

void WorkerTask::start() {
  stop();
  region_ = std::make_unique<WireRegion>();
  region_->header().forbidden_call = -1;
  region_->header().turn = kWireHost;
  const std::string program = worker_program(), library = std::filesystem::absolute(path_).string();
  const std::string memory = std::to_string(limits_.memory);
  char* const arguments[] = {const_cast<char*>(program.c_str()), const_cast<char*>(library.c_str()), const_cast<char*>(memory.c_str()),
                             nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&files, region_->fd(), kWireFd);
  const int error = ::posix_spawn(&pid_, program.c_str(), &files, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    pid_ = -1;
    throw Failure("cannot start " + program + ": " + system_words(error),
                  "it is built with the program; set task.in_process: true to do without");
  }
  WireReader reply = call_or_fail(WireOperation::about, "loading", [](WireWriter&) {});
  about_ = read_about(reply);
  if (created_) call_or_fail(WireOperation::create, "being set up", [&](WireWriter& out) { write_values(out, values_); });
}

void WorkerTask::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string WorkerTask::how_it_ended(int status) {
  pid_ = -1;
  const int forbidden = region_->header().forbidden_call;
  if (forbidden >= 0) return "made the system call " + call_name(forbidden) + ", which judging an answer does not need";
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("ended its process with exit code {}", WEXITSTATUS(status));
}

WireReader WorkerTask::call(WireOperation operation, double seconds, std::size_t rows, const Write& write) {
  if (pid_ < 0) start();
  WireHeader& header = region_->header();
  WireWriter out(region_->request(), WireRegion::kArea);
  write(out);
  header.operation = operation;
  header.request_size = out.size();
  header.cursor = kNoRow;
  region_->pass_turn(kWireWorker);

  std::uint32_t row = kNoRow;
  Clock::time_point since = Clock::now();
  while (!region_->wait_turn(kWireHost, kLookSeconds)) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) throw Lost{how_it_ended(status), header.cursor};
    if (header.cursor != row) {
      row = header.cursor;
      since = Clock::now();
    }
    // A task that does not say which row it works on has the time of all of them.
    const double limit = rows > 0 && row == kNoRow ? seconds * static_cast<double>(rows) : seconds;
    if (std::chrono::duration<double>(Clock::now() - since).count() < limit) continue;
    stop();
    throw Lost{fmt::format("ran longer than {} s", limit), row};
  }
  if (header.reply_size > WireRegion::kArea) throw Failure("the worker of " + path_.string() + " sent a broken message");
  WireReader reply(region_->reply(), static_cast<std::size_t>(header.reply_size));
  if (header.status == WireStatus::ok) return reply;
  const std::string what(reply.text()), hint(reply.text());
  if (header.status == WireStatus::failure) throw Failure(what, hint);
  throw Error(what, hint);
}

WireReader WorkerTask::call_or_fail(WireOperation operation, const char* doing, const Write& write) {
  try {
    return call(operation, limits_.call_seconds, 0, write);
  } catch (const Lost& lost) {
    throw Failure("the code of " + path_.string() + " " + lost.cause + " while " + doing, "`tinyzero task check` finds such faults");
  }
}

void WorkerTask::create(const std::vector<SettingValue>& values) {
  call_or_fail(WireOperation::create, "being set up", [&](WireWriter& out) { write_values(out, values); });
  values_ = values;
  created_ = true;
}

std::vector<Item> WorkerTask::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) {
  WireReader reply = call_or_fail(WireOperation::draw, "drawing problems", [&](WireWriter& out) {
    out.integer(seed);
    out.integer(indices.size());
    for (const std::uint64_t index : indices) out.integer(index);
  });
  std::vector<Item> items = read_items(reply);
  if (items.size() != indices.size()) throw Failure("the worker of " + path_.string() + " sent a broken message");
  return items;
}

std::optional<std::string> WorkerTask::solve(std::string_view state) {
  WireReader reply = call_or_fail(WireOperation::solve, "solving a problem", [&](WireWriter& out) { out.text(state); });
  if (reply.integer() == 0) return std::nullopt;
  return std::string(reply.text());
}

std::string WorkerTask::demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) {
  WireReader reply = call_or_fail(WireOperation::demonstrate, "writing a demonstration", [&](WireWriter& out) {
    out.text(state);
    out.integer(seed);
    out.integer(index);
  });
  return std::string(reply.text());
}

std::vector<Verdict> WorkerTask::verify(const std::vector<Answer>& answers) {
  std::vector<Verdict> out(answers.size());
  for (std::size_t first = 0, last = 0; first < answers.size(); first = last) {
    std::size_t bytes = 0;
    for (; last < answers.size() && (last == first || bytes < kBatchBytes); ++last)
      bytes += answers[last].state.size() + answers[last].completion.size() + 16;
    judge(answers.data() + first, last - first, out.data() + first);
  }
  return out;
}

// Where the worker is lost, the rows before the one at fault are judged again, and those after it: verify is pure.
void WorkerTask::judge(const Answer* answers, std::size_t n, Verdict* out) {
  if (n == 0) return;
  try {
    WireReader reply =
        call(WireOperation::verify, limits_.row_seconds, n, [&](WireWriter& request) { write_answers(request, answers, n); });
    read_verdicts(reply, out, n);
    judged_ += static_cast<std::int64_t>(n);
  } catch (const Lost& lost) {
    if (n == 1 || lost.row < n) {
      const std::size_t row = n == 1 ? 0 : lost.row;
      count_strike(lost.cause);
      judge(answers, row, out);
      out[row].outcome = Outcome::error;
      out[row].detail = "the task's code " + lost.cause;
      judge(answers + row + 1, n - row - 1, out + row + 1);
      return;
    }
    for (std::size_t i = 0; i < n; ++i) judge(answers + i, 1, out + i);  // the task does not say which row it was
  }
}

void WorkerTask::count_strike(const std::string& cause) {
  strikes_ = judged_ < limits_.forgiven_after ? strikes_ + 1 : 1;
  judged_ = 0;
  if (strikes_ < limits_.strikes) return;
  throw Failure(
      fmt::format("task \"{}\" is stopped: its worker was lost {} times, the last time because it {}", about_.id, strikes_, cause),
      "`tinyzero task check " + path_.string() + "` finds such faults");
}

}  // namespace tinyzero
