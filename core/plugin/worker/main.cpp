// The program tinyzero-worker: runs one task for a host. It reads a request from the memory at descriptor 3, replies, and waits for the
// next until the host ends it. Started by WorkerTask only: tinyzero-worker LIBRARY MEMORY

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>

#include "core/base/error.h"
#include "core/base/streams.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/sandbox.h"
#include "core/plugin/worker/wire.h"

namespace tinyzero {
namespace {

constexpr int kWireFd = 3;

class Worker {
 public:
  Worker(WireRegion& region, const char* library) : region_(region), library_(library) {}

  void reply() {
    WireHeader& header = region_.header();
    WireWriter out(region_.reply(), WireRegion::kArea);
    header.status = answer(out);
    header.reply_size = out.size();
  }

 private:
  // Does what is asked; what it throws becomes the reply.
  WireStatus answer(WireWriter& out) {
    std::string what, hint;
    WireStatus status = WireStatus::failure;
    try {
      WireReader in(region_.request(), static_cast<std::size_t>(region_.header().request_size));
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
      what = std::string("the worker of ") + library_ + " failed: " + e.what();
    }
    out = WireWriter(region_.reply(), WireRegion::kArea);
    out.text(what);
    out.text(hint);
    return status;
  }

  void perform(WireReader& in, WireWriter& out) {
    switch (region_.header().operation) {
      case WireOperation::about:
        task_ = std::make_unique<LibraryTask>(library_);
        task_->watch(&region_.header().cursor);
        return write_about(out, task_->about());
      case WireOperation::create: task_->create(read_values(in)); return forbid_system_calls(&region_.header().forbidden_call);
      case WireOperation::draw: {
        const std::uint64_t seed = in.integer();
        std::vector<std::uint64_t> indices(in.count(8));
        for (std::uint64_t& index : indices) index = in.integer();
        return write_items(out, task_->draw(seed, indices));
      }
      case WireOperation::verify: return write_verdicts(out, task_->verify(read_answers(in)));
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
    }
  }

  WireRegion& region_;
  const char* library_;
  std::unique_ptr<LibraryTask> task_;
};

int work(const char* library, std::uint64_t memory) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A Ctrl-C goes to everything that runs in a terminal: the host, which ends after its step, still needs its worker.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  ::close_range(kWireFd + 1, ~0u, 0);
  WireRegion region(kWireFd);
  limit_process(memory);
  Worker worker(region, library);
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
  if (argc != 3) return 2;
  try {
    return tinyzero::work(argv[1], std::strtoull(argv[2], nullptr, 10));
  } catch (const std::exception&) {
    return 2;  // the host says that its worker ended
  }
}
