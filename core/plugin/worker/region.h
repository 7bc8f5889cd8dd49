// The memory that a host and a task's worker share: a header, and an area for each direction. One
// side writes while the other waits; `turn` says whose it is. Its size is sealed: neither side can
// make it smaller or larger.
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
  inspect,
  verify_in_threads,
  measure
};
enum class WireStatus : std::uint32_t {
  ok,
  error,
  failure
};  // not ok: the reply is the message and its hint

constexpr std::uint32_t kWireHost = 0, kWireWorker = 1;  // turns
constexpr std::uint32_t kNoRow = UINT32_MAX;

// Every field may change at any moment in the hands of a hostile worker: hosts read each once.
struct WireHeader {
  std::atomic<std::uint32_t> turn;
  std::atomic<WireOperation> operation;
  std::atomic<WireStatus> status;
  std::atomic<std::uint64_t> request_size, reply_size;
  volatile std::uint32_t cursor;         // the row that verify works on, kNoRow before the first
  volatile std::int32_t forbidden_call;  // the system call that ended the worker, -1: none
};

// A reply in memory of the host's own.
struct WireReply {
  WireStatus status = WireStatus::ok;
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
};

// Pages that were never written take no memory.
class WireRegion {
 public:
  static constexpr std::size_t kArea = std::size_t{128} << 20;
  static constexpr std::size_t kSize = 4096 + 2 * kArea;

  WireRegion();                 // a new one
  explicit WireRegion(int fd);  // the one that another process made; closes the descriptor
  ~WireRegion();
  WireRegion(const WireRegion&) = delete;
  WireRegion& operator=(const WireRegion&) = delete;

  int fd() const { return file_.fd(); }
  WireHeader& header() { return *reinterpret_cast<WireHeader*>(data_); }
  char* request() { return data_ + 4096; }
  char* reply() { return data_ + 4096 + kArea; }

  // For hosts: the reply, copied once. Throws BrokenMessage if it says that it has more than `most`
  // bytes.
  WireReply take_reply(std::size_t most);

  // Gives the turn away.
  void pass_turn(std::uint32_t to);
  // Waits until it is the turn of `own`, or until `seconds` have passed (negative: for ever).
  // Returns whether it is.
  bool wait_turn(std::uint32_t own, double seconds);

 private:
  void map();

  FileHandle file_;
  char* data_ = nullptr;
};

}  // namespace tinyzero
