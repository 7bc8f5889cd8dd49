// The memory that a host and a task's worker share: a header and an area for each direction. One
// side writes while the other waits; `turn` says whose turn it is. The size is sealed, so that
// neither side can change it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/file.h"

namespace tinyzero {

enum class WireOperation : std::uint32_t {
  about,
  create,
  draw,
  verify,
  solve,
  demonstrate,
  count_traits,
  inspect,
  verify_in_threads,
  measure
};
// Unless ok, the reply is an error message and its hint.
enum class WireStatus : std::uint32_t { ok, error, failure };

// Values of WireHeader::turn.
constexpr std::uint32_t kWireHost = 0;
constexpr std::uint32_t kWireWorker = 1;

constexpr std::uint32_t kNoRow = UINT32_MAX;

// A hostile worker may change every field at any moment: hosts read each once. Workers in Python
// know the offsets.
struct WireHeader {
  std::atomic<std::uint32_t> turn;
  std::atomic<WireOperation> operation;
  std::atomic<WireStatus> status;
  std::atomic<std::uint64_t> request_size;
  std::atomic<std::uint64_t> reply_size;
  volatile std::uint32_t cursor;         // the row that is worked on; kNoRow before the first
  volatile std::int32_t forbidden_call;  // the system call that ended the worker; -1: none
};

static_assert(offsetof(WireHeader, operation) == 4 && offsetof(WireHeader, status) == 8 &&
              offsetof(WireHeader, request_size) == 16 && offsetof(WireHeader, reply_size) == 24 &&
              offsetof(WireHeader, cursor) == 32);

// The host's copy of a reply.
struct WireReply {
  WireStatus status = WireStatus::ok;
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
};

// The shared memory. Pages that were never written take no memory.
class WireRegion {
 public:
  static constexpr std::size_t kArea = std::size_t{128} << 20;
  static constexpr std::size_t kSize = 4096 + 2 * kArea;

  // Makes a new region.
  WireRegion();
  // Maps the region of another process and closes the descriptor.
  explicit WireRegion(int fd);
  ~WireRegion();
  WireRegion(const WireRegion&) = delete;
  WireRegion& operator=(const WireRegion&) = delete;

  int fd() const { return file_.fd(); }
  WireHeader& header() { return *reinterpret_cast<WireHeader*>(data_); }
  char* request() { return data_ + 4096; }
  char* reply() { return data_ + 4096 + kArea; }

  // For hosts: copies the reply once. Throws BrokenMessage if it claims to have more than `most`
  // bytes.
  WireReply take_reply(std::size_t most);

  // Gives the turn to `to`.
  void pass_turn(std::uint32_t to);
  // Waits until it is the turn of `own`, for at most `seconds` (negative: without limit). Returns
  // whether it is.
  bool wait_turn(std::uint32_t own, double seconds);

 private:
  void map();

  FileHandle file_;
  char* data_ = nullptr;
};

}  // namespace tinyzero
