// The program tinyzero-worker: runs one task for a host. It reads a request from the shared memory
// at descriptor 3, replies, and waits for the next until the host ends it. Only WorkerProcess
// starts it: tinyzero-worker LIBRARY MEMORY HOST READABLE…

#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/streams.h"
#include "core/base/workers.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/region.h"
#include "core/plugin/worker/sandbox.h"
#include "core/plugin/worker/wire.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr int kWireFd = 3;

struct WorkerArguments {
  const char* library = nullptr;
  pid_t host = -1;
  SandboxOptions sandbox;
};

std::uint64_t entries_of(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

std::uint64_t resident_bytes() {
  std::uint64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// The verdicts on the answers as bytes, for comparison.
std::string verdicts_of(LibraryTask& task, const std::vector<Answer>& answers) {
  std::string bytes(verdicts_bytes(answers.size()), '\0');
  WireWriter out(bytes.data(), bytes.size());
  write_verdicts(out, task.verify(answers));
  bytes.resize(out.size());
  return bytes;
}

// Whether threads that draw and judge at once get the same verdicts as one thread.
bool is_same_in_threads(LibraryTask& task, const std::vector<Answer>& answers,
                        std::uint64_t threads) {
  constexpr int kRounds = 20;
  constexpr std::size_t kDraws = 200;
  task.watch(nullptr);  // a single cursor cannot follow several threads
  const std::string expected = verdicts_of(task, answers);
  std::vector<std::uint64_t> indices(kDraws);
  std::iota(indices.begin(), indices.end(), std::uint64_t{0});
  std::atomic<bool> same = true;
  run_workers(threads, [&](std::int64_t worker) {
    for (int round = 0; round < kRounds; ++round) {
      if (verdicts_of(task, answers) != expected) same = false;
      task.draw(worker, indices);
    }
  });
  return same;
}

class Worker {
 public:
  Worker(WireRegion& region, const WorkerArguments& arguments)
      : region_(region), arguments_(arguments) {}

  void reply() {
    WireHeader& header = region_.header();
    WireWriter out(region_.reply(), WireRegion::kArea);
    header.status = answer(out);
    header.reply_size = out.size();
  }

 private:
  // Performs the request. An exception becomes the reply.
  WireStatus answer(WireWriter& out) {
    std::string what, hint;
    WireStatus status = WireStatus::failure;
    try {
      WireReader in(region_.request(), region_.header().request_size);
      perform(in, out);
      return WireStatus::ok;
    } catch (const Failure& e) {
      what = e.what();
      hint = e.hint();
    } catch (const Error& e) {
      status = WireStatus::error;
      what = e.what();
      hint = e.hint();
    } catch (const std::exception& e) {
      what = std::string("the worker of ") + arguments_.library + " failed: " + e.what();
    }
    constexpr std::size_t kWhat = 3000, kHint = 1000;  // together below the host's limit
    out = WireWriter(region_.reply(), WireRegion::kArea);
    out.text(what.substr(0, kWhat));
    out.text(hint.substr(0, kHint));
    return status;
  }

  void perform(WireReader& in, WireWriter& out) {
    switch (region_.header().operation.load()) {
      case WireOperation::about: load(); return write_about(out, task_->about());
      case WireOperation::create: {
        const bool computes_only = in.flag();
        task_->create(read_values(in));
        if (computes_only) sandbox_->compute_only();
        return write_notes(out, task_->notes());
      }
      case WireOperation::draw: {
        const std::uint64_t seed = in.integer();
        std::vector<std::uint64_t> indices(in.count(8));
        for (std::uint64_t& index : indices) index = in.integer();
        return write_items(out, task_->draw(seed, indices));
      }
      case WireOperation::verify: return write_verdicts(out, task_->verify(read_answers(in)));
      case WireOperation::count_traits:
        return write_traits(out, task_->count_traits(read_answers(in)));
      case WireOperation::solve: {
        const auto completion = task_->solve(in.text());
        out.integer(completion ? 1 : 0);
        if (completion) out.text(*completion);
        return;
      }
      case WireOperation::demonstrate: {
        const std::string_view state = in.text();
        const std::uint64_t seed = in.integer();
        return out.text(task_->demonstrate(state, seed, in.integer()));
      }
      default: return perform_for_checks(in, out);
    }
  }

  void perform_for_checks(WireReader& in, WireWriter& out) {
    switch (region_.header().operation.load()) {
      case WireOperation::inspect:
        out.integer(task_->tasks());
        out.integer(task_->refuses_unknown_extensions() ? 1 : 0);
        return out.real(load_milliseconds_);
      case WireOperation::verify_in_threads: {
        const std::uint64_t threads = in.integer();
        return out.integer(is_same_in_threads(*task_, read_answers(in), threads) ? 1 : 0);
      }
      case WireOperation::measure:
        out.integer(resident_bytes());
        out.integer(entries_of("/proc/self/fd"));
        return out.integer(entries_of("/proc/self/task"));
      default: throw Failure("a task's worker was asked for what it does not know");
    }
  }

  void load() {
    sandbox_.emplace(arguments_.sandbox, &region_.header().forbidden_call);
    const Stopwatch watch;
    task_ = std::make_unique<LibraryTask>(arguments_.library);
    load_milliseconds_ = watch.seconds() * 1e3;
    task_->watch(&region_.header().cursor);
  }

  WireRegion& region_;
  const WorkerArguments& arguments_;
  std::optional<Sandbox> sandbox_;
  std::unique_ptr<LibraryTask> task_;
  double load_milliseconds_ = 0;
};

// Closes the descriptors that were open in the host, except the first three and the memory.
void close_inherited_files() {
  if (::close_range(kWireFd + 1, ~0u, 0) == 0) return;
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = kWireFd + 1; fd < most; ++fd) ::close(fd);
}

int work(const WorkerArguments& arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != arguments.host) return 2;  // the host ended before prctl
  // When a whole service gets such a signal, the host ends after its step and still needs its
  // worker.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  close_inherited_files();
  std::setlocale(LC_ALL, "");  // from the environment, which is usually empty: "C"
  WireRegion region(kWireFd);
  Worker worker(region, arguments);
  for (;;) {
    region.wait_turn(kWireWorker, -1);
    worker.reply();
    region.pass_turn(kWireHost);
  }
}

}  // namespace
}  // namespace tinyzero

int main(int argc, char** argv) {
  tinyzero::open_standard_streams();
  constexpr int kFixed = 4;
  if (argc < kFixed) return 2;
  try {
    const std::optional<std::int64_t> memory = tinyzero::parse_integer(argv[2]);
    const std::optional<std::int64_t> host = tinyzero::parse_integer(argv[3]);
    if (!memory || !host) return 2;
    return tinyzero::work({.library = argv[1],
                           .host = static_cast<pid_t>(*host),
                           .sandbox = {.memory = static_cast<std::uint64_t>(*memory),
                                       .readable = {argv + kFixed, argv + argc}}});
  } catch (const std::exception&) {
    return 2;  // the host reports that its worker ended
  }
}
