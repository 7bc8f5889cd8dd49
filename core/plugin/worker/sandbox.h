// What a worker may not do, in two stages (docs/sandbox.md):
//
//   loading    from before the task's library is loaded: no other process, no network, no file
//   written, only some read; threads are possible computing  from the end of `create`: system calls
//   that computing does not need end the process, in threads made before as well
//
// Nothing that the task's code does in the first stage can keep the second from coming without the
// host noticing: see is_confined().
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tinyzero {

// Sanitizers make system calls of their own: their builds have limits, and no filters.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct SandboxOptions {
  std::uint64_t memory = 0;  // bytes beside what the process has mapped
  std::vector<std::filesystem::path>
      readable;  // files and folders, beside what every worker may read (landlock.h)
};

class Sandbox {
 public:
  // Begins the first stage for the whole process, which must have one thread. The number of a
  // system call that ends the process goes to `forbidden_call`. Throws Failure where the kernel has
  // no seccomp.
  Sandbox(const SandboxOptions& options, volatile std::int32_t* forbidden_call);

  // Begins the second stage. Throws Failure if a thread cannot be held to it.
  void compute_only();

 private:
  const void* computing_filter_ = nullptr;
};

// For hosts: whether all threads of a worker are in the second stage, from what the kernel says;
// true where it does not say.
bool is_computing_only(int worker);

// For hosts, before they start a worker: other processes of the same user can no longer look into
// this one through /proc, nor trace it, and it leaves no core file.
void hide_this_process();

}  // namespace tinyzero
