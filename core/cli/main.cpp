// The programs tinyzero and tinyzero-train: read the command line, run one command, and turn errors
// into words and exit codes. Exit codes: 0 done, 1 the work failed, 2 wrong usage, configuration or
// input, 128 + the number of the signal that ended it.

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "core/base/error.h"
#include "core/base/streams.h"
#include "core/base/told_error.h"
#include "core/cli/commands.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/usage.h"
#include "tinyzero/note.h"

namespace {

int run(int argc, char** argv) {
  tinyzero::GlobalOptions global;
  global.arguments.assign(argv + 1, argv + argc);
  tinyzero::CommandWork chosen;
  CLI::App app(
      "TinyZero in C++: reinforcement learning of small language models with verifiable rewards",
      "tinyzero");
  app.set_version_flag("--version", TINYZERO_VERSION);
  app.get_formatter()->column_width(34);
  tinyzero::add_commands(app, global, chosen);
  global.arguments = tinyzero::understood_words(app, std::move(global.arguments));
  // The parser wants the last word first.
  std::vector<std::string> last_first(global.arguments.rbegin(), global.arguments.rend());
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    tinyzero::throw_usage_error(app, e);
  }
  return chosen(global);
}

// Training allocates and frees the same large tensors thousands of times: their pages stay with the
// process, in one arena for all threads, and are huge pages.
void keep_large_memory() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  setenv("THP_MEM_ALLOC_ENABLE", "1", 0);  // LibTorch's own tensors
}

void print_error(const std::string& what, const std::string& hint) {
  tinyzero::print(stderr, "error: {}\n", what);
  if (!hint.empty()) tinyzero::print(stderr, "  hint: {}\n", hint);
}

// Prints all mistakes, up to a number that a person can read.
void print_errors(const tinyzero::Errors& errors) {
  constexpr std::size_t kShown = 20;
  const std::size_t all = errors.all().size(), shown = std::min(all, kShown);
  for (std::size_t i = 0; i < shown; ++i)
    print_error(errors.all()[i].what(), errors.all()[i].hint());
  tinyzero::print(stderr, "{} mistakes{}\n", all,
                  shown < all ? fmt::format(", of which these are the first {}", shown) : "");
}

// Turns errors into words and exit codes. Failures of standard output are left to end_output().
int run_guarded(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const tinyzero::Interrupted&) {
    return tinyzero::interrupt_code();
  } catch (const tinyzero::Errors& e) {
    print_errors(e);
    return 2;
  } catch (const std::exception& e) {
    if (tinyzero::is_output_failure(e)) return 0;
    const tinyzero::ToldError told = tinyzero::tell_error(e);
    print_error(told.what, told.hint);
    return told.code;
  }
}

}  // namespace

int main(int argc, char** argv) {
  tinyzero::open_standard_streams();
  keep_large_memory();
  // A parent may have had it ignored: then nobody would say how workers end.
  std::signal(SIGCHLD, SIG_DFL);
  return tinyzero::end_output(run_guarded(argc, argv));
}
