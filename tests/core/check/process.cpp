#include "core/check/process.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/process");

TEST_CASE("a child that ends itself, whatever its exit code, has not finished") {
  struct Case {
    void (*work)();
    const char* words;
  };
  const Case cases[] = {
      {[] { std::exit(0); }, "ended its process with exit code 0"},
      {[] { ::_exit(0); }, "ended its process with exit code 0"},
      {[] { std::quick_exit(3); }, "ended its process with exit code 3"},
      {[] { std::raise(SIGSEGV); }, "was ended by signal 11 (Segmentation fault)"},
      {[] { std::abort(); }, "was ended by signal 6 (Aborted)"},
      {[] { throw std::runtime_error("no"); }, "no"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.words));
    const ProcessOutcome outcome = run_forked(20, [&] {
      c.work();
      return std::string("came back");
    });
    CHECK_FALSE(outcome.finished);
    CHECK(outcome.text == c.words);
  }
  const ProcessOutcome late = run_forked(0.1, [] {
    for (;;) ::usleep(1000);
    return std::string();
  });
  CHECK_FALSE(late.finished);
  CHECK(late.text == "ran longer than 0.1 s");
  const ProcessOutcome long_text = run_forked(20, [] { return std::string(1 << 20, 'x'); });
  CHECK(long_text.finished);
  CHECK(long_text.text == std::string(1 << 20, 'x'));
}
