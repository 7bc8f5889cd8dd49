#include "core/cli/interrupt.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/interrupt");

namespace {

struct Ended {
  int code = -1;
  std::string err;
};

// Runs `work` in a child, whose standard error is a file.
template <class Work>
Ended in_child(const Work& work) {
  const TemporaryFolder folder;
  const fs::path file = folder / "err";
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::creat(file.c_str(), 0644);
    ::dup2(fd, STDERR_FILENO);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(file)};
}

}  // namespace

TEST_CASE("the first signal is a wish and a word, and the exit code names it") {
  const Ended ended = in_child([] {
    const StopRequest& wish = catch_interrupts({"stopping", "stopped at once"});
    ::raise(SIGTERM);
    return wish == 1 ? interrupt_code() : 1;
  });
  CHECK(ended.code == 128 + SIGTERM);
  CHECK(ended.err == "stopping\n");
}

TEST_CASE("the last signal ends the process with its word") {
  const Ended twice = in_child([] {
    catch_interrupts({"stopping", "stopped at once"});
    ::raise(SIGINT);
    ::raise(SIGINT);
    return 0;
  });
  CHECK(twice.code == 128 + SIGINT);
  CHECK(twice.err == "stopping\nstopped at once\n");
  const Ended third = in_child([] {
    const StopRequest& wish = catch_interrupts({"", "stopped"}, 3);
    ::raise(SIGINT);
    ::raise(SIGINT);
    return static_cast<int>(wish);
  });
  CHECK(third.code == 2);
  CHECK(third.err.empty());
}

TEST_CASE("signals that a scheduler sends twice count once, and Ctrl-C still ends the process") {
  const Ended twice = in_child([] {
    const StopRequest& wish = catch_interrupts({"stopping", "stopped at once"});
    ::raise(SIGTERM);
    ::raise(SIGTERM);
    ::raise(SIGHUP);
    return wish == 1 ? interrupt_code() : 1;
  });
  CHECK(twice.code == 128 + SIGTERM);
  CHECK(twice.err == "stopping\n");
  const Ended ended = in_child([] {
    catch_interrupts({"stopping", "stopped at once"});
    ::raise(SIGTERM);
    ::raise(SIGINT);
    return 0;
  });
  CHECK(ended.code == 128 + SIGINT);
  CHECK(ended.err == "stopping\nstopped at once\n");
}

TEST_CASE("a command that has nothing to lose ends at the first") {
  const Ended ended = in_child([] {
    end_at_interrupt();
    ::raise(SIGINT);
    return 0;
  });
  CHECK(ended.code == 130);
  CHECK(ended.err == "stopped\n");
}

TEST_CASE("a hangup that is ignored stays ignored, as under nohup") {
  const Ended ended = in_child([] {
    std::signal(SIGHUP, SIG_IGN);
    const StopRequest& wish = catch_interrupts({"stopping", "stopped"});
    ::raise(SIGHUP);
    return static_cast<int>(wish);
  });
  CHECK(ended.code == 0);
  CHECK(ended.err.empty());
}
