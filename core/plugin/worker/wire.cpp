#include "core/plugin/worker/wire.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <ctime>

#include "core/base/error.h"

namespace tinyzero {

void WireWriter::too_long() const {
  throw Failure("a message to or from a task's worker is longer than " + std::to_string(capacity_) + " bytes");
}

void WireReader::broken() { throw Failure("a task's worker sent a broken message"); }

std::uint64_t WireReader::integer() {
  std::uint64_t value;
  std::memcpy(&value, take(sizeof value), sizeof value);
  return value;
}

double WireReader::real() {
  double value;
  std::memcpy(&value, take(sizeof value), sizeof value);
  return value;
}

std::string_view WireReader::text() {
  const std::size_t n = count(1);
  return {take(n), n};
}

std::size_t WireReader::count(std::size_t least) {
  const std::uint64_t n = integer();
  if (n > (size_ - at_) / least) broken();
  return static_cast<std::size_t>(n);
}

namespace {

void write_texts(WireWriter& out, const std::vector<std::string>& texts) {
  out.integer(texts.size());
  for (const std::string& text : texts) out.text(text);
}

std::vector<std::string> read_texts(WireReader& in) {
  std::vector<std::string> texts(in.count(8));
  for (std::string& text : texts) text = in.text();
  return texts;
}

}  // namespace

void write_about(WireWriter& out, const TaskAbout& about) {
  for (const std::string* text : {&about.id, &about.title, &about.version, &about.doc}) out.text(*text);
  for (const double reward : {about.reward_full, about.reward_min, about.reward_max}) out.real(reward);
  write_texts(out, about.parts);
  write_texts(out, about.reasons);
  for (const bool flag : {about.can_solve, about.can_demonstrate, about.is_reentrant}) out.integer(flag ? 1 : 0);
  out.integer(about.params.size());
  for (const TaskParam& p : about.params) {
    out.integer(p.type);
    out.integer(p.max_count);
    for (const std::string* text : {&p.name, &p.doc, &p.fallback, &p.needs_name, &p.needs_value}) out.text(*text);
    out.real(p.low);
    out.real(p.high);
    out.integer(p.is_path ? 1 : 0);
    write_texts(out, p.choices);
  }
}

TaskAbout read_about(WireReader& in) {
  TaskAbout about;
  for (std::string* text : {&about.id, &about.title, &about.version, &about.doc}) *text = in.text();
  for (double* reward : {&about.reward_full, &about.reward_min, &about.reward_max}) *reward = in.real();
  about.parts = read_texts(in);
  about.reasons = read_texts(in);
  for (bool* flag : {&about.can_solve, &about.can_demonstrate, &about.is_reentrant}) *flag = in.integer() != 0;
  about.params.resize(in.count(8));
  for (TaskParam& p : about.params) {
    p.type = static_cast<std::uint32_t>(in.integer());
    p.max_count = static_cast<std::uint32_t>(in.integer());
    for (std::string* text : {&p.name, &p.doc, &p.fallback, &p.needs_name, &p.needs_value}) *text = in.text();
    p.low = in.real();
    p.high = in.real();
    p.is_path = in.integer() != 0;
    p.choices = read_texts(in);
  }
  return about;
}

void write_values(WireWriter& out, const std::vector<SettingValue>& values) {
  out.integer(values.size());
  for (const SettingValue& value : values) {
    out.integer(value.integers.size());
    for (const std::int64_t integer : value.integers) out.integer(static_cast<std::uint64_t>(integer));
    out.integer(value.reals.size());
    for (const double real : value.reals) out.real(real);
    write_texts(out, value.texts);
  }
}

std::vector<SettingValue> read_values(WireReader& in) {
  std::vector<SettingValue> values(in.count(8));
  for (SettingValue& value : values) {
    value.integers.resize(in.count(8));
    for (std::int64_t& integer : value.integers) integer = static_cast<std::int64_t>(in.integer());
    value.reals.resize(in.count(8));
    for (double& real : value.reals) real = in.real();
    value.texts = read_texts(in);
  }
  return values;
}

void write_items(WireWriter& out, const std::vector<Item>& items) {
  out.integer(items.size());
  for (const Item& item : items) {
    for (const std::string* text : {&item.prompt, &item.key, &item.state}) out.text(*text);
    out.real(item.difficulty);
    out.integer(item.index);
  }
}

std::vector<Item> read_items(WireReader& in) {
  std::vector<Item> items(in.count(8));
  for (Item& item : items) {
    for (std::string* text : {&item.prompt, &item.key, &item.state}) *text = in.text();
    item.difficulty = in.real();
    item.index = in.integer();
  }
  return items;
}

void write_answers(WireWriter& out, const Answer* answers, std::size_t n) {
  out.integer(n);
  for (std::size_t i = 0; i < n; ++i) {
    out.text(answers[i].state);
    out.text(answers[i].completion);
  }
}

std::vector<Answer> read_answers(WireReader& in) {
  std::vector<Answer> answers(in.count(16));
  for (Answer& answer : answers) {
    answer.state = in.text();
    answer.completion = in.text();
  }
  return answers;
}

namespace {

// A verdict as it travels; its detail follows.
struct WireVerdict {
  tz_verdict verdict;
  std::uint64_t detail_size;
};

}  // namespace

void write_verdicts(WireWriter& out, const std::vector<Verdict>& verdicts) {
  out.integer(verdicts.size());
  for (const Verdict& verdict : verdicts) {
    const WireVerdict row{abi_verdict(verdict), verdict.detail.size()};
    out.bytes(&row, sizeof row);
    if (row.detail_size > 0) out.bytes(verdict.detail.data(), row.detail_size);
  }
}

void read_verdicts(WireReader& in, Verdict* verdicts, std::size_t n) {
  if (in.count(sizeof(WireVerdict)) != n) throw Failure("a task's worker sent another number of verdicts than it was asked for");
  for (std::size_t i = 0; i < n; ++i) {
    WireVerdict row;
    std::memcpy(&row, in.take(sizeof row), sizeof row);
    assign(verdicts[i], row.verdict);
    if (row.detail_size > 0) verdicts[i].detail.assign(in.take(row.detail_size), row.detail_size);
  }
}

WireRegion::WireRegion() : file_(FileHandle::adopt(::memfd_create("tinyzero-worker", MFD_CLOEXEC))) {
  if (fd() < 0 || ::ftruncate(fd(), static_cast<off_t>(kSize)) != 0) throw Failure("no shared memory for a task's worker");
  map();
}

WireRegion::WireRegion(int fd) : file_(FileHandle::adopt(fd)) { map(); }

WireRegion::~WireRegion() { ::munmap(data_, kSize); }

void WireRegion::map() {
  void* data = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd(), 0);
  if (data == MAP_FAILED) throw Failure("the shared memory of a task's worker cannot be mapped");
  data_ = static_cast<char*>(data);
}

void WireRegion::pass_turn(std::uint32_t to) {
  header().turn.store(to, std::memory_order_release);
  ::syscall(SYS_futex, &header().turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool WireRegion::wait_turn(std::uint32_t own, double seconds) {
  const std::uint32_t other = own == kWireHost ? kWireWorker : kWireHost;
  timespec wait{static_cast<time_t>(seconds), static_cast<long>((seconds - std::floor(seconds)) * 1e9)};
  do {
    if (header().turn.load(std::memory_order_acquire) == own) return true;
    ::syscall(SYS_futex, &header().turn, FUTEX_WAIT, other, seconds < 0 ? nullptr : &wait, nullptr, 0);
  } while (seconds < 0);
  return header().turn.load(std::memory_order_acquire) == own;
}

}  // namespace tinyzero
