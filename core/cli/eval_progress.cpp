#include "core/cli/eval_progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

constexpr std::chrono::milliseconds kLivePause(200), kPlainPause(10000);

}  // namespace

EvalProgress::EvalProgress(std::string name, std::size_t known, std::size_t total)
    : name_(std::move(name)), known_(known), total_(total), width_(terminal_width(stderr)) {}

void EvalProgress::show(const AskReport& r) {
  const Clock::time_point now = Clock::now();
  if (now - shown_ < (width_ > 0 ? kLivePause : kPlainPause)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const auto ended = static_cast<double>(r.answered + r.failed), left = static_cast<double>(total_ - known_) - ended;
  std::string text = fmt::format("{}  {} of {} answered", name_, known_ + r.answered, total_);
  if (r.failed > 0) text += fmt::format(" · {} failed", r.failed);
  if (ended > 0) text += fmt::format(" · {:.1f} a second · {} left", ended / seconds, duration_text(left * seconds / ended));
  if (width_ > 0) fmt::print(stderr, "\r\x1b[K{}", one_line(text, static_cast<std::size_t>(width_ - 1)));
  else fmt::print(stderr, "{}\n", text);
  live_ = width_ > 0;
}

void EvalProgress::note(const std::string& text) {
  clear();
  fmt::print(stderr, "note: {}\n", text);
}

void EvalProgress::clear() {
  if (live_) fmt::print(stderr, "\r\x1b[K");
  live_ = false;
}

}  // namespace tinyzero
