// A task whose answers tell it what to do to its process: for tests of the worker.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tinyzero/task.h"

using namespace tinyzero;

namespace {

struct Hostile {
  struct Settings {
    std::string create = "quiet";
    void describe(SettingsTable& t) {
      t.add("create", create, "what the constructor does")
          .one_of({"quiet", "crash", "throw", "file"});
    }
  };
  static constexpr About about{"hostile", "does what an answer says", "1.0.0", "For tests."};
  static constexpr std::array parts{"correct"};
  static constexpr std::array reasons{"correct", "wrong"};

  explicit Hostile(const Settings& settings) {
    if (settings.create == "crash") std::raise(SIGSEGV);
    if (settings.create == "throw") throw std::invalid_argument("no");
    if (settings.create == "file") std::fclose(std::fopen("/proc/self/status", "r"));
  }

  Item draw(Draw draw) const {
    const std::string n = std::to_string(draw.index);
    if (draw.seed == 666) std::abort();
    return {n, n, "{\"n\":" + n + "}", 0, 0};
  }

  Verdict verify(std::string_view, std::string_view completion) const {
    if (completion == "crash") std::raise(SIGSEGV);
    if (completion == "abort") std::abort();
    if (completion == "hang") hang();
    if (completion == "exit") std::exit(0);
    if (completion == "fork") fork();
    if (completion == "file" && open("/tmp/hostile", O_CREAT | O_WRONLY, 0600) >= 0)
      return {1.0, Outcome::scored, 0, {}, {}};
    if (completion == "network") socket(AF_INET, SOCK_STREAM, 0);
    if (completion == "print" && write(STDOUT_FILENO, "{\"reward\":1}\n", 13) >= 0)
      return {1.0, Outcome::scored, 0, {}, {}};
    if (completion == "kill") kill(0, SIGTERM);
    if (completion == "bomb") bomb();
    if (completion == "deep") return {static_cast<double>(deep(1)), Outcome::scored, 0, {}, {}};
    if (completion == "throw") throw 7;
    if (completion == "explain") return {0.0, Outcome::abstain, 1, {}, "because"};
    return {completion == "right" ? 1.0 : 0.0,
            Outcome::scored,
            completion == "right" ? 0u : 1u,
            {},
            {}};
  }

  static constexpr std::array traits{Trait{"length", "characters"}};
  std::array<double, 1> count_traits(std::string_view, std::string_view completion) const {
    if (completion == "crash") std::raise(SIGSEGV);
    if (completion == "hang") hang();
    if (completion == "infinite") return {std::numeric_limits<double>::infinity()};
    return {static_cast<double>(completion.size())};
  }

  std::optional<std::string> solve(std::string_view state) const {
    if (state == "hang") hang();
    return "right";
  }

 private:
  [[noreturn]] static void hang() {
    for (;;) asm volatile("");
  }
  static void bomb() {
    std::vector<std::unique_ptr<char[]>> kept;
    for (;;) {
      kept.push_back(std::make_unique_for_overwrite<char[]>(64 << 20));
      kept.back()[0] = 1;
    }
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
  static int deep(int n) {  // without an end, each call with a frame of its own
    char frame[256];
    asm volatile("" : : "r"(frame) : "memory");
    const int below = deep(n + 1);
    asm volatile(""
                 :
                 : "r"(frame)
                 : "memory");  // needed after the call, so that no loop can take its place
    return below;
  }
#pragma GCC diagnostic pop
};

}  // namespace

TINYZERO_TASK(Hostile, "hostile")
