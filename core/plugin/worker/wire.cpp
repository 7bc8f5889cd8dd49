#include "core/plugin/worker/wire.h"

#include <fmt/format.h>

#include "core/plugin/task_limits.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits_abi.h"

namespace tinyzero {

void WireWriter::too_long() const {
  throw Failure("a message to or from a task's worker is longer than " + std::to_string(capacity_) +
                " bytes");
}

void WireReader::too_short() { throw BrokenMessage("it ends too early"); }

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

bool WireReader::flag() {
  const std::uint64_t value = integer();
  if (value > 1) throw BrokenMessage(fmt::format("a flag is {}", value));
  return value == 1;
}

std::string_view WireReader::text(std::size_t most) {
  const std::size_t n = count(1, most);
  return {take(n), n};
}

std::size_t WireReader::count(std::size_t least, std::size_t most) {
  const std::uint64_t n = integer();
  if (n > most) throw BrokenMessage(fmt::format("a count is {}, at most {} are possible", n, most));
  if (n > (size_ - at_) / least) too_short();
  return n;
}

void WireReader::finish() const {
  if (at_ != size_) throw BrokenMessage(fmt::format("it has {} bytes too many", size_ - at_));
}

namespace {

// The smallest size of each element, in bytes.
constexpr std::size_t kNumber = 8;
constexpr std::size_t kText = kNumber;
constexpr std::size_t kParam = 4 * kNumber + 5 * kText + kNumber;
constexpr std::size_t kTrait = 3 * kText;
constexpr std::size_t kValue = 3 * kNumber;
constexpr std::size_t kItem = 3 * kText + kNumber;

void write_texts(WireWriter& out, const std::vector<std::string>& texts) {
  out.integer(texts.size());
  for (const std::string& text : texts) out.text(text);
}

std::vector<std::string> read_texts(WireReader& in, std::size_t most, std::size_t longest) {
  std::vector<std::string> texts(in.count(kText, most));
  for (std::string& text : texts) text = in.text(longest);
  return texts;
}

std::uint32_t read_number(WireReader& in) {
  const std::uint64_t value = in.integer();
  if (value > UINT32_MAX)
    throw BrokenMessage(fmt::format("a number is {}, at most {} are possible", value, UINT32_MAX));
  return value;
}

void write_param(WireWriter& out, const TaskParam& p) {
  out.integer(p.type);
  out.integer(p.max_count);
  for (const std::string* text : {&p.name, &p.doc, &p.fallback, &p.needs_name, &p.needs_value})
    out.text(*text);
  out.real(p.low);
  out.real(p.high);
  out.integer(p.is_path ? 1 : 0);
  write_texts(out, p.choices);
}

TaskParam read_param(WireReader& in) {
  TaskParam p;
  p.type = read_number(in);
  p.max_count = read_number(in);
  p.name = in.text(TINYZERO_TASK_MAX_NAME);
  p.doc = in.text(TINYZERO_TASK_MAX_LINE);
  p.fallback = in.text(TINYZERO_TASK_MAX_LINE);
  p.needs_name = in.text(TINYZERO_TASK_MAX_NAME);
  p.needs_value = in.text(TINYZERO_TASK_MAX_LINE);
  p.low = in.real();
  p.high = in.real();
  p.is_path = in.flag();
  p.choices = read_texts(in, TINYZERO_TASK_MAX_CHOICES, TINYZERO_TASK_MAX_LINE);
  return p;
}

}  // namespace

void write_about(WireWriter& out, const TaskAbout& about) {
  for (const std::string* text : {&about.id, &about.title, &about.version, &about.doc})
    out.text(*text);
  for (const double reward : {about.reward_full, about.reward_min, about.reward_max})
    out.real(reward);
  write_texts(out, about.components);
  write_texts(out, about.reasons);
  for (const bool flag : {about.can_solve, about.can_demonstrate, about.is_reentrant})
    out.integer(flag ? 1 : 0);
  out.integer(about.params.size());
  for (const TaskParam& param : about.params) write_param(out, param);
  out.integer(about.traits.size());
  for (const TaskTrait& trait : about.traits) {
    for (const std::string* text : {&trait.name, &trait.doc, &trait.per}) out.text(*text);
  }
}

TaskAbout read_about(WireReader& in) {
  TaskAbout about;
  about.id = in.text(TINYZERO_TASK_MAX_NAME);
  about.title = in.text(TINYZERO_TASK_MAX_LINE);
  about.version = in.text(TINYZERO_TASK_MAX_NAME);
  about.doc = in.text(TINYZERO_TASK_MAX_DOC);
  for (double* reward : {&about.reward_full, &about.reward_min, &about.reward_max})
    *reward = in.real();
  about.components = read_texts(in, TINYZERO_TASK_MAX_PARTS, TINYZERO_TASK_MAX_NAME);
  about.reasons = read_texts(in, TINYZERO_TASK_MAX_REASONS, TINYZERO_TASK_MAX_LINE);
  for (bool* flag : {&about.can_solve, &about.can_demonstrate, &about.is_reentrant})
    *flag = in.flag();
  about.params.resize(in.count(kParam, TINYZERO_TASK_MAX_PARAMS));
  for (TaskParam& p : about.params) p = read_param(in);
  about.traits.resize(in.count(kTrait, TINYZERO_TASK_MAX_TRAITS));
  for (TaskTrait& trait : about.traits) {
    trait.name = in.text(TINYZERO_TASK_MAX_NAME);
    trait.doc = in.text(TINYZERO_TASK_MAX_LINE);
    trait.per = in.text(TINYZERO_TASK_MAX_NAME);
  }
  in.finish();
  return about;
}

void write_values(WireWriter& out, const std::vector<SettingValue>& values) {
  out.integer(values.size());
  for (const SettingValue& value : values) {
    out.integer(value.integers.size());
    for (const std::int64_t integer : value.integers) out.integer(integer);
    out.integer(value.reals.size());
    for (const double real : value.reals) out.real(real);
    write_texts(out, value.texts);
  }
}

std::vector<SettingValue> read_values(WireReader& in) {
  std::vector<SettingValue> values(in.count(kValue, TINYZERO_TASK_MAX_PARAMS));
  for (SettingValue& value : values) {
    value.integers.resize(in.count(kNumber));
    for (std::int64_t& integer : value.integers) integer = in.integer();
    value.reals.resize(in.count(kNumber));
    for (double& real : value.reals) real = in.real();
    value.texts = read_texts(in, SIZE_MAX, SIZE_MAX);
  }
  return values;
}

void write_notes(WireWriter& out, const std::vector<std::string>& notes) {
  write_texts(out, notes);
}

std::vector<std::string> read_notes(WireReader& in) {
  std::vector<std::string> notes = read_texts(in, kMostNotes, TINYZERO_TASK_MAX_DETAIL);
  in.finish();
  for (std::string& note : notes) note = plain_line(note);
  return notes;
}

void write_items(WireWriter& out, const std::vector<Item>& items) {
  out.integer(items.size());
  for (const Item& item : items) {
    for (const std::string* text : {&item.prompt, &item.key, &item.state}) out.text(*text);
    out.real(item.difficulty);
  }
}

std::vector<Item> read_items(WireReader& in, std::size_t n) {
  if (const std::size_t sent = in.count(kItem); sent != n)
    throw BrokenMessage(fmt::format("it holds {} problems, asked for were {}", sent, n));
  std::vector<Item> items(n);
  for (Item& item : items) {
    item.prompt = in.text(TINYZERO_TASK_MAX_PROMPT);
    item.key = in.text(TINYZERO_TASK_MAX_KEY);
    item.state = in.text(TINYZERO_TASK_MAX_STATE);
    item.difficulty = in.real();
  }
  in.finish();
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
  std::vector<Answer> answers(in.count(2 * kText));
  for (Answer& answer : answers) {
    answer.state = in.text();
    answer.completion = in.text();
  }
  return answers;
}

namespace {

// A verdict in a message; its detail follows.
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
  if (const std::size_t sent = in.count(sizeof(WireVerdict)); sent != n)
    throw BrokenMessage(fmt::format("it holds {} verdicts, asked for were {}", sent, n));
  for (std::size_t i = 0; i < n; ++i) {
    WireVerdict row;
    std::memcpy(&row, in.take(sizeof row), sizeof row);
    if (row.detail_size > TINYZERO_TASK_MAX_DETAIL)
      throw BrokenMessage(fmt::format("a detail has {} bytes, at most {} are possible",
                                      row.detail_size, TINYZERO_TASK_MAX_DETAIL));
    assign(verdicts[i], row.verdict);
    if (row.detail_size > 0) verdicts[i].detail.assign(in.take(row.detail_size), row.detail_size);
  }
  in.finish();
}

void write_traits(WireWriter& out, const std::vector<TraitRow>& rows) {
  out.integer(rows.size());
  for (const TraitRow& row : rows) out.bytes(row.data(), row.size() * sizeof(double));
}

void read_traits(WireReader& in, TraitRow* rows, std::size_t n, std::size_t width) {
  const std::size_t row_bytes = width * sizeof(double);
  if (const std::size_t sent = in.count(row_bytes); sent != n)
    throw BrokenMessage(fmt::format("it holds {} rows of traits, asked for were {}", sent, n));
  for (std::size_t i = 0; i < n; ++i) {
    rows[i].resize(width);
    std::memcpy(rows[i].data(), in.take(row_bytes), row_bytes);
  }
  in.finish();
}

std::size_t items_bytes(std::size_t n) {
  return kNumber +
         n * (kItem + TINYZERO_TASK_MAX_PROMPT + TINYZERO_TASK_MAX_KEY + TINYZERO_TASK_MAX_STATE);
}

std::size_t verdicts_bytes(std::size_t n) {
  return kNumber + n * (sizeof(WireVerdict) + TINYZERO_TASK_MAX_DETAIL);
}

std::size_t traits_bytes(std::size_t n, std::size_t width) {
  return kNumber + n * width * sizeof(double);
}

}  // namespace tinyzero
