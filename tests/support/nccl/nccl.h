// Stands in for NCCL's header: ranks that are threads. What a group of calls sends is kept, and
// what it receives is waited for at the end of the group. It has what core/c10d/nccl_swap.cpp
// calls.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "cuda_runtime_api.h"

enum ncclResult_t { ncclSuccess, ncclRemoteError, ncclInProgress };
enum ncclDataType_t { ncclFloat };
struct ncclUniqueId {
  char internal[128];
};
struct ncclConfig_t {
  int blocking;
};
#define NCCL_CONFIG_INITIALIZER {1}

struct NcclGroup {
  std::mutex mutex;
  std::condition_variable changed;
  int present = 0;
  bool is_aborted = false;
  std::map<std::pair<int, int>, std::vector<std::vector<float>>> sent;  // by sender and receiver
};
struct NcclRank {
  std::shared_ptr<NcclGroup> group;
  int rank = 0;
  std::vector<std::tuple<float*, std::size_t, int>> receives;
  ncclResult_t state = ncclSuccess;
};
using ncclComm_t = NcclRank*;

inline std::mutex nccl_groups_mutex;
inline std::map<std::string, std::shared_ptr<NcclGroup>> nccl_groups;
inline thread_local ncclComm_t nccl_in_group = nullptr;  // the rank whose calls are collected

inline const char* ncclGetErrorString(ncclResult_t) { return "remote process exited"; }
inline ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int made = 0;
  const std::lock_guard lock(nccl_groups_mutex);
  std::snprintf(id->internal, sizeof id->internal, "group %d", ++made);
  return ncclSuccess;
}
inline ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank,
                                           ncclConfig_t*) {
  auto made = std::make_unique<NcclRank>();
  {
    const std::lock_guard lock(nccl_groups_mutex);
    auto& group = nccl_groups[id.internal];
    if (!group) group = std::make_shared<NcclGroup>();
    made->group = group;
  }
  made->rank = rank;
  NcclGroup& group = *made->group;
  std::unique_lock lock(group.mutex);
  ++group.present;
  group.changed.notify_all();
  group.changed.wait(lock, [&] { return group.present == size; });
  *comm = made.release();
  return ncclInProgress;
}
inline ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  *state = comm->state;
  return ncclSuccess;
}
inline ncclResult_t ncclCommAbort(ncclComm_t comm) {
  {
    const std::lock_guard lock(comm->group->mutex);
    comm->group->is_aborted = true;
  }
  comm->group->changed.notify_all();
  delete comm;
  return ncclSuccess;
}
inline ncclResult_t ncclGroupStart() {
  nccl_in_group = nullptr;
  return ncclSuccess;
}
inline ncclResult_t ncclSend(const void* data, std::size_t count, ncclDataType_t, int to,
                             ncclComm_t comm, cudaStream_t) {
  const auto* values = static_cast<const float*>(data);
  {
    const std::lock_guard lock(comm->group->mutex);
    comm->group->sent[{comm->rank, to}].emplace_back(values, values + count);
  }
  comm->group->changed.notify_all();
  nccl_in_group = comm;
  return ncclSuccess;
}
inline ncclResult_t ncclRecv(void* data, std::size_t count, ncclDataType_t, int from,
                             ncclComm_t comm, cudaStream_t) {
  comm->receives.emplace_back(static_cast<float*>(data), count, from);
  nccl_in_group = comm;
  return ncclSuccess;
}
inline ncclResult_t ncclGroupEnd() {
  if (nccl_in_group == nullptr) return ncclSuccess;
  NcclRank& rank = *nccl_in_group;
  std::unique_lock lock(rank.group->mutex);
  for (const auto& [to, count, from] : rank.receives) {
    auto& queue = rank.group->sent[{from, rank.rank}];
    rank.group->changed.wait(lock, [&] { return !queue.empty() || rank.group->is_aborted; });
    if (queue.empty()) {
      rank.state = ncclRemoteError;
      break;
    }
    if (queue.front().size() != count) std::abort();  // NCCL would overrun or hang
    std::memcpy(to, queue.front().data(), count * sizeof(float));
    queue.erase(queue.begin());
  }
  rank.receives.clear();
  return ncclInProgress;
}
