// The programs tinyzero and tinyzero-train: read the command line, run one command, turn errors
// into words and exit codes.
// 0 done, 1 the work failed, 2 wrong usage, configuration or input, 128 + a signal's number where
// that ended it.

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "core/base/error.h"
#include "core/base/streams.h"
#include "core/base/told_error.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/usage.h"
#include "tinyzero/note.h"

namespace {

int run(int argc, char** argv) {
  tinyzero::GlobalOptions global;
  global.arguments.assign(argv + 1, argv + argc);
  std::function<int()> chosen;
  CLI::App app(
      "TinyZero in C++: reinforcement learning of small language models with verifiable rewards",
      "tinyzero");
  app.set_version_flag("--version", TINYZERO_VERSION);
  app.get_formatter()->column_width(34);
  tinyzero::add_commands(app, global, chosen);
  global.arguments = tinyzero::understood_words(app, std::move(global.arguments));
  std::vector<std::string> last_first(global.arguments.rbegin(),
                                      global.arguments.rend());  // as the parser wants them
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    tinyzero::throw_usage_error(app, e);
  }
  return chosen();
}

// Training takes and gives back the same large tensors thousands of times: their pages stay with
// the process, where all threads find them, and are large ones.
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

// All that is wrong, up to a number that a person can read.
void print_errors(const tinyzero::Errors& errors) {
  constexpr std::size_t kShown = 20;
  const std::size_t all = errors.all().size(), shown = std::min(all, kShown);
  for (std::size_t i = 0; i < shown; ++i)
    print_error(errors.all()[i].what(), errors.all()[i].hint());
  tinyzero::print(stderr, "{} mistakes{}\n", all,
                  shown < all ? fmt::format(", of which these are the first {}", shown) : "");
}

// Errors become words and exit codes; of standard output end_output() tells.
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
  std::signal(SIGCHLD,
              SIG_DFL);  // whoever started this may ignore it: then nobody tells how workers end
  return tinyzero::end_output(run_guarded(argc, argv));
}
