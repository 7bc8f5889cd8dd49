// The messages between a host and a task's worker. A number is 8 bytes in the machine's byte order,
// a text its length and its bytes.
//
// A worker is not trusted. A host reads from a copy of the reply (region.h). Every count and length
// is checked against what was sent and against the limits of tinyzero/task_abi.h; a violation is a
// BrokenMessage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/plugin/task_code.h"

namespace tinyzero {

class BrokenMessage : public Failure {
 public:
  using Failure::Failure;
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
  std::size_t capacity_;
  std::size_t size_ = 0;
};

// Reads what a WireWriter wrote. Throws BrokenMessage.
class WireReader {
 public:
  WireReader(const char* area, std::size_t size) : area_(area), size_(size) {}

  std::uint64_t integer();
  double real();
  bool flag();
  std::string_view text(std::size_t most = SIZE_MAX);
  // A count of elements that each take at least `least` bytes.
  std::size_t count(std::size_t least, std::size_t most = SIZE_MAX);
  // The next n bytes.
  const char* take(std::size_t n) {
    if (n > size_ - at_) too_short();
    const char* start = area_ + at_;
    at_ += n;
    return start;
  }
  // Throws BrokenMessage unless everything has been read.
  void finish() const;

 private:
  [[noreturn]] static void too_short();

  const char* area_;
  std::size_t size_;
  std::size_t at_ = 0;  // bytes consumed
};

void write_about(WireWriter& out, const TaskAbout& about);
TaskAbout read_about(WireReader& in);
void write_values(WireWriter& out, const std::vector<SettingValue>& values);
std::vector<SettingValue> read_values(WireReader& in);
void write_notes(WireWriter& out, const std::vector<std::string>& notes);
std::vector<std::string> read_notes(WireReader& in);
void write_items(WireWriter& out, const std::vector<Item>& items);
// Items without indices. Throws BrokenMessage unless there are n.
std::vector<Item> read_items(WireReader& in, std::size_t n);
void write_answers(WireWriter& out, const Answer* answers, std::size_t n);
// The answers are views into the area.
std::vector<Answer> read_answers(WireReader& in);
void write_verdicts(WireWriter& out, const std::vector<Verdict>& verdicts);
// Throws BrokenMessage unless there are n.
void read_verdicts(WireReader& in, Verdict* verdicts, std::size_t n);

void write_traits(WireWriter& out, const std::vector<TraitRow>& rows);
// Throws BrokenMessage unless there are n rows of `width` numbers.
void read_traits(WireReader& in, TraitRow* rows, std::size_t n, std::size_t width);

// Sizes in bytes of the largest replies within the limits.
constexpr std::size_t kAboutBytes = std::size_t{4} << 20;
constexpr std::size_t kNotesBytes = std::size_t{1} << 18;
std::size_t items_bytes(std::size_t n);
std::size_t verdicts_bytes(std::size_t n);
std::size_t traits_bytes(std::size_t n, std::size_t width);

}  // namespace tinyzero
