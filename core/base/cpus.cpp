#include "core/base/cpus.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>

#include "core/base/cgroup.h"
#include "core/base/error.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

constexpr int kMostCores = 1 << 20;

struct FreeSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};

// A group's CPU time per second, in cores; 0 for no limit. Version 2 has quota and period in
// cpu.max, and "max" for no quota; version 1 has a file for each, and -1 for no quota.
double quota_of(const fs::path& group) {
  double quota = 0;
  double period = 0;
  std::ifstream both(group / "cpu.max");
  if (!(both >> quota >> period)) {
    quota = cgroup_number(group / "cpu.cfs_quota_us");
    period = cgroup_number(group / "cpu.cfs_period_us");
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

std::int64_t sharing_processes = 1;

}  // namespace

std::int64_t CpuAllowance::usable() const {
  const double limit = affinity;
  const double cores = quota > 0 ? std::min(quota, limit) : limit;
  return std::max<std::int64_t>(1, std::int64_t(cores));
}

std::string CpuAllowance::reason() const {
  std::string out;
  if (affinity < machine) out = fmt::format("affinity {}", affinity);
  if (quota > 0 && quota < double(machine))
    out += fmt::format("{}CPU quota {:.2f}", out.empty() ? "" : ", ", quota);
  return out;
}

CpuAllowance cpu_allowance(const fs::path& root) {
  CpuAllowance out;
  out.machine = std::max<std::int64_t>(1, ::sysconf(_SC_NPROCESSORS_ONLN));
  out.affinity = std::ssize(usable_cores());
  for (const fs::path& group : cgroup_folders("cpu", root)) {
    const double quota = quota_of(group);
    if (quota > 0 && (out.quota == 0 || quota < out.quota)) out.quota = quota;
  }
  return out;
}

std::int64_t threads_or_cores(std::int64_t wanted) {
  if (wanted > 0) return wanted;
  // The number does not change while the process runs.
  static const std::int64_t usable = cpu_allowance().usable();
  return std::max<std::int64_t>(1, usable / sharing_processes);
}

void share_cores_among(std::int64_t processes) { sharing_processes = processes; }

std::vector<int> usable_cores() {
  // The call fails with EINVAL while the set is too small for the machine's cores.
  for (int size = 1024; size <= kMostCores; size *= 2) {
    const std::unique_ptr<cpu_set_t, FreeSet> set(CPU_ALLOC(size));
    const std::size_t bytes = CPU_ALLOC_SIZE(size);
    CPU_ZERO_S(bytes, set.get());
    if (::sched_getaffinity(0, bytes, set.get()) != 0) {
      if (errno == EINVAL) continue;
      break;
    }
    std::vector<int> cores;
    for (int core = 0; core < size; ++core) {
      if (CPU_ISSET_S(core, bytes, set.get())) cores.push_back(core);
    }
    return cores;
  }
  throw Failure(std::string("cannot ask which cores may be used: ") + system_words(errno));
}

}  // namespace tinyzero
