#include "core/cli/interrupt.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace tinyzero {
namespace {

StopRequest wish{0};
std::atomic<int> first_signal{0}, last_signal{2};
InterruptWords& words() {
  static InterruptWords all;
  return all;
}
const char* said[2] = {"", ""};  // what a handler may write, for it may not allocate
std::size_t lengths[2] = {0, 0};

void say(int which) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, said[which], lengths[which]);
}

void on_signal(int signal) {
  int asked = wish;
  do {
    if (asked > 0 && signal != SIGINT) return;
  } while (!wish.compare_exchange_weak(asked, asked + 1));  // another thread may be in here, too
  const int problem = errno, count = asked + 1;
  if (count == 1) first_signal = signal;
  if (count >= last_signal) {
    say(1);
    ::_exit(128 + signal);
  }
  if (count == 1) say(0);
  errno = problem;
}

// As lines of their own, also below a live line.
std::string lines_of(const std::string& text) {
  if (text.empty()) return "";
  return (::isatty(STDERR_FILENO) != 0 ? "\n" : "") + text + "\n";
}

}  // namespace

const StopRequest& catch_interrupts(const InterruptWords& told, int last) {
  words() = {lines_of(told.first), lines_of(told.at_once)};
  said[0] = words().first.data();
  said[1] = words().at_once.data();
  lengths[0] = words().first.size();
  lengths[1] = words().at_once.size();
  last_signal = last;
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const bool ignored = ::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
    if (signal != SIGHUP || !ignored) ::sigaction(signal, &action, nullptr);
  }
  return wish;
}

void end_at_interrupt() { catch_interrupts({"", "stopped"}, 1); }

int interrupt_code() { return first_signal > 0 ? 128 + first_signal : 0; }

}  // namespace tinyzero
