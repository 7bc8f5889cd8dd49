#include "core/cli/json_lines.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/told_error.h"
#include "core/cli/output.h"

namespace tinyzero {
namespace {

constexpr std::size_t kMostLines = 256;                      // answered together
constexpr std::size_t kLongestLine = std::size_t{64} << 20;  // bytes

}  // namespace

std::string JsonLine::where() const {
  return "line " + std::to_string(number) + " of standard input";
}

bool JsonLines::read_more() {
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(std::string("cannot read standard input: ") + system_words(errno));
    buffer_.append(bytes.data(), n);
    return n > 0;
  }
}

void JsonLines::take_line(std::string_view text, std::vector<JsonLine>& lines) {
  ++number_;
  if (text.find_first_not_of(" \t\r") == std::string_view::npos && !skipping_) return;
  JsonLine& line = lines.emplace_back();
  line.number = number_;
  if (skipping_) {
    line.fault = line.where() + " is longer than " + std::to_string(kLongestLine >> 20) + " MiB";
    skipping_ = false;
    return;
  }
  try {
    line.object = parse_json(text, line.where());
    if (!line.object.is_object()) line.fault = line.where() + " is not a JSON object";
  } catch (const Error& e) {
    line.fault = e.what();
  }
}

std::vector<JsonLine> JsonLines::next() {
  std::vector<JsonLine> lines;
  std::size_t taken = 0;
  while (lines.size() < kMostLines) {
    const std::size_t end = buffer_.find('\n', std::max(taken, searched_));
    if (end != std::string::npos) {
      take_line(std::string_view(buffer_).substr(taken, end - taken), lines);
      taken = end + 1;
      continue;
    }
    buffer_.erase(0, taken);
    taken = 0;
    searched_ = buffer_.size();
    if (buffer_.size() > kLongestLine || skipping_) {
      skipping_ = true;
      buffer_.clear();
      searched_ = 0;
    }
    if (!lines.empty() || ended_) break;
    ended_ = !read_more();
    if (!ended_ || (buffer_.empty() && !skipping_)) continue;
    take_line(buffer_, lines);  // the last line has no end
    buffer_.clear();
  }
  buffer_.erase(0, taken);
  searched_ = 0;
  return lines;
}

int JsonLines::finish() const {
  if (refused_ == 0) return 0;
  print(stderr, "error: {} of {} lines {} refused; the first: {}\n", refused_, number_,
        refused_ == 1 ? "was" : "were", first_fault_);
  return 2;
}

int answer_json_lines(const std::function<Json(const JsonLine&)>& answer) {
  JsonLines input;
  for (std::vector<JsonLine> lines = input.next(); !lines.empty(); lines = input.next()) {
    for (JsonLine& line : lines) {
      Json out;
      input.attempt(line, [&](const JsonLine& good) { out = answer(good); });
      print_json(line.fault.empty() ? out : refusal(line));
      flush_output();
    }
  }
  return input.finish();
}

Json refusal(const JsonLine& line) { return {{"error", line.fault}, {"line", line.number}}; }

}  // namespace tinyzero
