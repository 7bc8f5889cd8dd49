// Without a terminal: what a log or a pipe receives. tests/integration runs it on one.

#include "core/cli/screen.h"

#include <doctest/doctest.h>

#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/screen");

namespace {

std::string shown(bool quiet, const std::function<void(Screen&)>& work) {
  return capture([&] {
           Screen screen(stdout, quiet);
           CHECK(screen.columns() == 0);
           work(screen);
           return 0;
         })
      .out;
}

}  // namespace

TEST_CASE("lines are plain and whole where there is no terminal, and nothing is written over") {
  const std::string wide(300, 'x');
  CHECK(shown(false, [&](Screen& s) {
          s.line("one", Screen::Style::faint);
          s.live([](std::size_t) { return std::string("live"); });
          s.line(wide, Screen::Style::warning);
        }) == "one\n" + wide + "\n");
}

TEST_CASE("a quiet screen shows warnings alone") {
  CHECK(shown(true, [](Screen& s) {
          s.line("one");
          s.line("careful", Screen::Style::warning);
        }) == "careful\n");
}

TEST_CASE("control characters do not reach the screen") {
  CHECK(shown(false, [](Screen& s) { s.line("a\x1b[2Jb\xff"); }) == "a?[2Jb?\n");
}
