// What a worker may not do, in two stages (docs/sandbox.md):
//
//   loading    begins before the task's library is loaded: no other process, no network, no writing
//              to files, reading of some files only; threads are allowed
//   computing  begins at the end of `create`: system calls that computing does not need end the
//              process, also in threads that exist already
//
// The task's code cannot prevent the second stage in the first without the host noticing: see
// is_computing_only().
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tinyzero {

// Sanitizers make system calls of their own, so their builds have limits but no filters.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct SandboxOptions {
  std::uint64_t memory = 0;  // bytes, in addition to what the process has mapped
  // Files and folders, in addition to those that every worker may read (landlock.h).
  std::vector<std::filesystem::path> readable;
};

class Sandbox {
 public:
  // Begins the first stage for the whole process, which must have one thread. A forbidden system
  // call ends the process and leaves its number in `forbidden_call`. Throws Failure on a kernel
  // without seccomp.
  Sandbox(const SandboxOptions& options, volatile std::int32_t* forbidden_call);

  // Begins the second stage. Throws Failure if it cannot confine a thread.
  void compute_only();

 private:
  const void* computing_filter_ = nullptr;
};

// For hosts: whether all threads of a worker are in the second stage, according to the kernel; true
// if the kernel does not tell.
bool is_computing_only(int worker);

// For hosts, before they start a worker: afterwards other processes of the same user cannot inspect
// this one through /proc nor trace it, and it leaves no core file.
void hide_this_process();

}  // namespace tinyzero
