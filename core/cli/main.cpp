// The programs tinyzero and tinyzero-train: read the command line, run one command, turn errors
// into words and exit codes.
// 0 done, 1 the work failed, 2 wrong usage, configuration or input, 128 + a signal's number where
// that ended it.

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <set>

#include "core/base/error.h"
#include "core/base/streams.h"
#include "core/base/suggest.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "tinyzero/note.h"

namespace {

int usage_error(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  std::vector<std::string> known;
  for (const CLI::App* sub : command->get_subcommands({})) {
    if (!sub->get_name().empty() && !sub->get_group().empty()) known.push_back(sub->get_name());
  }
  std::fprintf(stderr, "error: %s\n", error.what());
  std::set<std::string> understood;
  for (const CLI::App* parent = command; parent != nullptr; parent = parent->get_parent()) understood.insert(parent->get_name());
  for (const std::string& word : arguments) {
    if (word.starts_with("-") || understood.count(word) > 0) continue;
    const std::string nearest = tinyzero::nearest_name(word, known);
    if (!nearest.empty()) std::fprintf(stderr, "  hint: did you mean \"%s\"?\n", nearest.c_str());
    break;
  }
  std::string name = command->get_name();
  for (const CLI::App* parent = command->get_parent(); parent != nullptr; parent = parent->get_parent())
    name = parent->get_name() + " " + name;
  std::fprintf(stderr, "  `%s --help` lists what there is\n", name.c_str());
  return 2;
}

int run(int argc, char** argv) {
  tinyzero::GlobalOptions global;
  global.arguments.assign(argv + 1, argv + argc);
  std::function<int()> chosen;
  CLI::App app("TinyZero in C++: reinforcement learning of small language models with verifiable rewards", "tinyzero");
  app.set_version_flag("--version", TINYZERO_VERSION);
  app.get_formatter()->column_width(34);
  tinyzero::add_commands(app, global, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return usage_error(app, e, global.arguments);
  }
  return chosen();
}

// Training takes and gives back the same large tensors thousands of times: their pages stay with the process, where all threads find them, and
// are large ones.
void keep_large_memory() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  setenv("THP_MEM_ALLOC_ENABLE", "1", 0);  // LibTorch's own tensors
}

// Errors become words and exit codes; of standard output end_output() tells.
int run_guarded(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const tinyzero::Interrupted&) {
    return tinyzero::interrupt_code();
  } catch (const tinyzero::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    if (!e.hint().empty()) std::fprintf(stderr, "  hint: %s\n", e.hint().c_str());
    return dynamic_cast<const tinyzero::Failure*>(&e) != nullptr ? 1 : 2;
  } catch (const std::exception& e) {
    if (tinyzero::is_output_failure(e)) return 0;
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  tinyzero::open_standard_streams();
  keep_large_memory();
  std::signal(SIGCHLD, SIG_DFL);  // whoever started this may ignore it: then nobody tells how workers end
  return tinyzero::end_output(run_guarded(argc, argv));
}
