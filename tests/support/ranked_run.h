// A command that several ranks on this machine run together.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "support/process.h"
#include "support/temporary.h"

namespace tinyzero {

// How the last rank differs from the others.
struct LastRank {
  std::vector<std::string> prefix = {};     // words before the program, as for `env`
  std::vector<std::string> arguments = {};  // behind those of all
};

// Ranks as Open MPI's mpirun starts them.
class RankedRun {
 public:
  RankedRun(std::int64_t size, const std::vector<std::string>& arguments,
            const LastRank& last = {}) {
    static int job = 0;
    ++job;
    for (std::int64_t r = 0; r < size; ++r) {
      std::vector<std::string> command = {
          "/usr/bin/env", fmt::format("OMPI_COMM_WORLD_RANK={}", r),
          fmt::format("OMPI_COMM_WORLD_SIZE={}", size),
          fmt::format("OMPI_MCA_ess_base_jobid=test-{}-{}", ::getpid(), job)};
      const auto add = [&](const std::vector<std::string>& words) {
        command.insert(command.end(), words.begin(), words.end());
      };
      if (r == size - 1) add(last.prefix);
      add(command_line(arguments));
      if (r == size - 1) add(last.arguments);
      processes_.push_back(
          std::make_unique<BackgroundProcess>(command, file("err", r), file("out", r)));
    }
  }

  void signal(std::int64_t rank, int number) { processes_[rank]->signal(number); }
  pid_t pid(std::int64_t rank) const { return processes_[rank]->pid(); }
  // The exit codes, by rank.
  std::vector<int> wait() {
    std::vector<int> codes;
    for (const auto& process : processes_) codes.push_back(process->wait());
    return codes;
  }
  int wait(std::int64_t rank) { return processes_[rank]->wait(); }
  // What a rank wrote to standard error, and to standard output.
  std::string said(std::int64_t rank) const { return read_file(file("err", rank)); }
  std::string printed(std::int64_t rank) const { return read_file(file("out", rank)); }

 private:
  fs::path file(const char* what, std::int64_t rank) const {
    return folder_ / fmt::format("{}-{}", what, rank);
  }

  TemporaryFolder folder_;
  std::vector<std::unique_ptr<BackgroundProcess>> processes_;
};

// A port of this machine that is free now.
inline std::string free_port() {
  const FileHandle socket = FileHandle::adopt(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return std::to_string(ntohs(address.sin_port));
}

// Where ranks meet that have no folder in common, as long as this lives.
class MeetingPoint {
 public:
  MeetingPoint() {
    ::setenv("MASTER_ADDR", "127.0.0.1", 1);
    ::setenv("MASTER_PORT", free_port().c_str(), 1);
  }
  ~MeetingPoint() {
    ::unsetenv("MASTER_ADDR");
    ::unsetenv("MASTER_PORT");
  }
};

inline void must(RankedRun& run) {
  const std::vector<int> codes = run.wait();
  CAPTURE(run.said(0));
  for (const int code : codes) REQUIRE(code == 0);
}

}  // namespace tinyzero
