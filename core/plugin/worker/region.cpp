#include "core/plugin/worker/region.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <ctime>

#include "core/base/error.h"
#include "core/plugin/worker/wire.h"

namespace tinyzero {

WireRegion::WireRegion()
    : file_(FileHandle::adopt(::memfd_create("tinyzero-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING))) {
  if (fd() < 0 || ::ftruncate(fd(), kSize) != 0)
    throw Failure("no shared memory for a task's worker");
  if (::fcntl(fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    throw Failure("the shared memory of a task's worker cannot be sealed");
  map();
}

WireRegion::WireRegion(int fd) : file_(FileHandle::adopt(fd)) {
  map();
  file_ = FileHandle();
}

WireRegion::~WireRegion() { ::munmap(data_, kSize); }

void WireRegion::map() {
  void* data = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd(), 0);
  if (data == MAP_FAILED) throw Failure("the shared memory of a task's worker cannot be mapped");
  data_ = static_cast<char*>(data);
}

WireReply WireRegion::take_reply(std::size_t most) {
  const WireStatus status = header().status.load(std::memory_order_acquire);
  const std::uint64_t size = header().reply_size.load(std::memory_order_acquire);
  if (size > most)
    throw BrokenMessage(fmt::format("it has {} bytes, at most {} are possible", size, most));
  WireReply reply{
      .status = status, .bytes = std::make_unique_for_overwrite<char[]>(size), .size = size};
  std::memcpy(reply.bytes.get(), this->reply(), reply.size);
  return reply;
}

void WireRegion::pass_turn(std::uint32_t to) {
  header().turn.store(to, std::memory_order_release);
  ::syscall(SYS_futex, &header().turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool WireRegion::wait_turn(std::uint32_t own, double seconds) {
  const timespec wait{static_cast<time_t>(seconds),
                      static_cast<long>((seconds - std::floor(seconds)) * 1e9)};
  do {
    const std::uint32_t turn = header().turn.load(std::memory_order_acquire);
    if (turn == own) return true;
    ::syscall(SYS_futex, &header().turn, FUTEX_WAIT, turn, seconds < 0 ? nullptr : &wait, nullptr,
              0);
  } while (seconds < 0);
  return header().turn.load(std::memory_order_acquire) == own;
}

}  // namespace tinyzero
