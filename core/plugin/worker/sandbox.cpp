#include "core/plugin/worker/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/worker/filters.h"
#include "core/plugin/worker/landlock.h"

namespace tinyzero {
namespace {

volatile std::int32_t* forbidden = nullptr;  // Sandbox's forbidden_call

void on_forbidden_call(int, siginfo_t* info, void*) {
  *forbidden = info->si_syscall;
  ::_exit(1);
}

void trap_forbidden_calls() {
  struct sigaction action{};
  action.sa_sigaction = on_forbidden_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGSYS, &action, nullptr);
}

[[noreturn]] void cannot_confine(const char* what) {
  throw Failure(std::string("this kernel cannot confine a task's worker (") + what + ")",
                "set task.in_process: true if you trust the task");
}

void limit(decltype(RLIMIT_AS) resource, std::uint64_t value) {
  const rlimit to{value, value};
  if (::setrlimit(resource, &to) != 0) throw Failure("a limit of a task's worker cannot be set");
}

void limit_process(std::uint64_t memory) {
  constexpr std::uint64_t kFiles = 256;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, kFiles);
  limit(RLIMIT_MEMLOCK, 0);
  if (kSanitized) return;  // shadow memory takes terabytes of address space
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  limit(RLIMIT_AS, pages * ::sysconf(_SC_PAGESIZE) + memory);
}

// When memory runs out, the system ends this process rather than its host.
void be_first_to_end_without_memory() { std::ofstream("/proc/self/oom_score_adj") << 1000; }

// Drops root's capabilities, so that a process of root cannot inspect others either. It keeps
// reading files of other owners, because root's libraries may be in a user's folder.
void drop_powers() {
  constexpr std::uint32_t kReading = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_DAC_OVERRIDE;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct own[2] = {}, left[2] = {};
  if (::syscall(SYS_capget, &header, own) == 0)
    left[0].effective = left[0].permitted = own[0].permitted & kReading;
  ::syscall(SYS_capset, &header, left);
}

// In a user namespace of its own, a process cannot inspect others of its user. Landlock has the
// same effect, so this is for kernels without it.
void leave_user_namespace() {
  if (::geteuid() != 0) ::unshare(CLONE_NEWUSER);
}

// Reserves an address range in the lowest 4 GiB. Null if all candidates are taken.
void* reserve_low_memory(std::size_t size) {
  constexpr std::uintptr_t kFirst = 0x10000000, kLast = 0xF0000000, kStep = 0x10000000;
  for (std::uintptr_t at = kFirst; at <= kLast; at += kStep) {
    void* const wanted = reinterpret_cast<void*>(at);
    void* const taken =
        ::mmap(wanted, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (taken == MAP_FAILED) continue;
    if (taken == wanted) return wanted;
    ::munmap(taken, size);  // an old kernel treats the address as a hint
  }
  return nullptr;
}

// The filter in the kernel's form, for the address `at`.
std::string program_bytes(const std::vector<sock_filter>& code, void* at) {
  const sock_fprog program{
      static_cast<unsigned short>(code.size()),
      reinterpret_cast<sock_filter*>(static_cast<char*>(at) + sizeof(sock_fprog))};
  const std::size_t code_size = code.size() * sizeof(sock_filter);
  std::string bytes(sizeof program + code_size, '\0');
  std::memcpy(bytes.data(), &program, sizeof program);
  std::memcpy(bytes.data() + sizeof program, code.data(), code_size);
  return bytes;
}

// Maps a filter in the kernel's form in the lowest 4 GiB, from a file that nobody has open for
// writing: its pages can never be written again. Null if there is no free address.
const void* map_for_good(const std::vector<sock_filter>& code) {
  const std::size_t size = sizeof(sock_fprog) + code.size() * sizeof(sock_filter);
  void* const at = reserve_low_memory(size);
  if (at == nullptr) return nullptr;
  const FileHandle written = FileHandle::adopt(::memfd_create("tinyzero-filter", MFD_CLOEXEC));
  written.write(program_bytes(code, at), "a filter");
  const FileHandle read("/proc/self/fd/" + std::to_string(written.fd()), O_RDONLY | O_CLOEXEC);
  void* const mapped = ::mmap(at, size, PROT_READ, MAP_SHARED | MAP_FIXED, read.fd(), 0);
  return mapped == at ? at : nullptr;
}

bool install(const void* program, unsigned flags) {
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) == 0;
}

// "Seccomp_filters" of a status file of /proc; -1 if the kernel does not tell.
int filters_of(const fs::path& status) { return number_after(status, "Seccomp_filters:"); }

}  // namespace

Sandbox::Sandbox(const SandboxOptions& options, volatile std::int32_t* forbidden_call) {
  forbidden = forbidden_call;
  ::prctl(PR_SET_DUMPABLE, 0);
  be_first_to_end_without_memory();
  if (kSanitized) {
    limit_process(options.memory);
    return;
  }
  computing_filter_ = map_for_good(computing_filter());
  if (computing_filter_ == nullptr) cannot_confine("no room for a filter");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) cannot_confine("no PR_SET_NO_NEW_PRIVS");
  if (!allow_reading_only(options.readable)) leave_user_namespace();
  drop_powers();
  limit_process(options.memory);
  trap_forbidden_calls();
  std::vector<sock_filter> code =
      loading_filter(reinterpret_cast<std::uintptr_t>(computing_filter_));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (!install(&program, 0)) cannot_confine("no seccomp");
}

void Sandbox::compute_only() {
  if (kSanitized) return;
  if (!install(computing_filter_, SECCOMP_FILTER_FLAG_TSYNC))
    cannot_confine("no filter for all threads");
}

bool is_computing_only(int worker) {
  constexpr int kStages = 2;
  if (kSanitized) return true;
  const int own = filters_of("/proc/self/status");
  if (own < 0) return true;
  std::error_code error;
  for (fs::directory_iterator thread("/proc/" + std::to_string(worker) + "/task", error), end;
       !error && thread != end; thread.increment(error)) {
    const int filters = filters_of(thread->path() / "status");
    if (filters >= 0 && filters < own + kStages) return false;
  }
  return true;
}

void hide_this_process() {
  if (!kSanitized) ::prctl(PR_SET_DUMPABLE, 0);  // a leak checker must trace its own process
}

}  // namespace tinyzero
