#include "support/command.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "core/base/file.h"
#include "support/temporary.h"

namespace tinyzero {
namespace {

// A standard stream that is a file as long as this lives.
class Redirected {
 public:
  Redirected(int stream, const fs::path& file, int flags) : stream_(stream), kept_(::dup(stream)) {
    const int fd = ::open(file.c_str(), flags, 0644);
    ::dup2(fd, stream);
    ::close(fd);
  }
  ~Redirected() {
    std::fflush(nullptr);
    ::dup2(kept_, stream_);
    ::close(kept_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int stream_;
  int kept_;
};

// Forgets what was read ahead from the last standard input, and that it ended.
void reset_input() {
  __fpurge(stdin);
  std::clearerr(stdin);
  std::cin.clear();
}

}  // namespace

CommandResult capture(const std::function<int()>& work, const std::string& input) {
  const TemporaryFolder folder;
  write_file_synced(folder / "in", input);
  CommandResult result;
  std::cout.flush();
  std::fflush(nullptr);
  reset_input();
  {
    const Redirected in(STDIN_FILENO, folder / "in", O_RDONLY);
    const Redirected out(STDOUT_FILENO, folder / "out", O_WRONLY | O_CREAT);
    const Redirected err(STDERR_FILENO, folder / "err", O_WRONLY | O_CREAT);
    result.code = work();
  }
  reset_input();
  result.out = read_file(folder / "out");
  result.err = read_file(folder / "err");
  return result;
}

CommandResult run_command(const std::function<void(const Commands&)>& add,
                          const std::vector<std::string>& words, const std::string& input) {
  CLI::App app("", "tinyzero");
  CommandWork chosen;
  add(Commands(app, chosen));
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  GlobalOptions global;
  global.plugin_folders = {TINYZERO_PLUGINS};
  return capture([&] { return chosen(global); }, input);
}

}  // namespace tinyzero
