// What a host and a task's worker say to each other: requests and replies in memory that both map.
//
// One side writes while the other waits; `turn` says whose it is. Numbers are 8 bytes in the machine's order, texts a length and their
// bytes. A worker is not trusted: WireReader checks every length against what was sent.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"
#include "core/plugin/task_code.h"

namespace tinyzero {

enum class WireOperation : std::uint32_t { about, create, draw, verify, solve, demonstrate };
enum class WireStatus : std::uint32_t { ok, error, failure };  // not ok: the reply is the message and its hint

constexpr std::uint32_t kWireHost = 0, kWireWorker = 1;  // turns
constexpr std::uint32_t kNoRow = UINT32_MAX;

struct WireHeader {
  std::atomic<std::uint32_t> turn;
  WireOperation operation;
  WireStatus status;
  std::uint64_t request_size, reply_size;
  volatile std::uint32_t cursor;         // the row that verify works on, kNoRow before the first
  volatile std::int32_t forbidden_call;  // the system call that ended the worker, -1: none
};

// Appends to an area of fixed size. Throws Failure if it is full.
class WireWriter {
 public:
  WireWriter(char* area, std::size_t capacity) : area_(area), capacity_(capacity) {}

  void integer(std::uint64_t value) { bytes(&value, sizeof value); }
  void real(double value) { bytes(&value, sizeof value); }
  void text(std::string_view value) {
    integer(value.size());
    bytes(value.data(), value.size());
  }
  void bytes(const void* data, std::size_t n) {
    if (n > capacity_ - size_) too_long();
    if (n > 0) std::memcpy(area_ + size_, data, n);
    size_ += n;
  }
  std::size_t size() const { return size_; }

 private:
  [[noreturn]] void too_long() const;

  char* area_;
  std::size_t capacity_, size_ = 0;
};

// Reads what a WireWriter wrote. Throws Failure where it ends too early.
class WireReader {
 public:
  WireReader(const char* area, std::size_t size) : area_(area), size_(size) {}

  std::uint64_t integer();
  double real();
  std::string_view text();
  // A count of things that take at least `least` bytes each.
  std::size_t count(std::size_t least);
  // The next n bytes.
  const char* take(std::size_t n) {
    if (n > size_ - at_) broken();
    const char* start = area_ + at_;
    at_ += n;
    return start;
  }

 private:
  [[noreturn]] static void broken();

  const char* area_;
  std::size_t size_, at_ = 0;
};

void write_about(WireWriter& out, const TaskAbout& about);
TaskAbout read_about(WireReader& in);
void write_values(WireWriter& out, const std::vector<SettingValue>& values);
std::vector<SettingValue> read_values(WireReader& in);
void write_items(WireWriter& out, const std::vector<Item>& items);
std::vector<Item> read_items(WireReader& in);
void write_answers(WireWriter& out, const Answer* answers, std::size_t n);
std::vector<Answer> read_answers(WireReader& in);  // views into the area
void write_verdicts(WireWriter& out, const std::vector<Verdict>& verdicts);
void read_verdicts(WireReader& in, Verdict* verdicts, std::size_t n);  // Failure if there are not n

// The memory: a header and an area for each direction. Pages that were never written take no memory.
class WireRegion {
 public:
  static constexpr std::size_t kArea = std::size_t{128} << 20;
  static constexpr std::size_t kSize = 4096 + 2 * kArea;

  WireRegion();                 // a new one
  explicit WireRegion(int fd);  // the one that another process made
  ~WireRegion();
  WireRegion(const WireRegion&) = delete;
  WireRegion& operator=(const WireRegion&) = delete;

  int fd() const { return file_.fd(); }
  WireHeader& header() { return *reinterpret_cast<WireHeader*>(data_); }
  char* request() { return data_ + 4096; }
  char* reply() { return data_ + 4096 + kArea; }

  // Gives the turn away.
  void pass_turn(std::uint32_t to);
  // Waits until it is the turn of `own`, or until `seconds` have passed (negative: for ever). Returns whether it is.
  bool wait_turn(std::uint32_t own, double seconds);

 private:
  void map();

  FileHandle file_;
  char* data_ = nullptr;
};

}  // namespace tinyzero
