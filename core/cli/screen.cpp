#include "core/cli/screen.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/base/foreign_text.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

constexpr std::size_t kIndent = 12;       // of the columns that lines of a run have
constexpr std::size_t kNarrowIndent = 4;  // where there is little room
constexpr std::size_t kNarrow = 60;       // columns
constexpr auto kLivePause = std::chrono::milliseconds(100);

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

const char* colour_of(Screen::Style style) {
  return style == Screen::Style::warning ? "\x1b[33m"
         : style == Screen::Style::faint ? "\x1b[2m"
                                         : "";
}

}  // namespace

Screen::Screen(std::FILE* stream, bool quiet)
    : stream_(stream),
      quiet_(quiet),
      moves_(::isatty(fileno(stream)) != 0 && environment("TERM") != "dumb"),
      colours_(moves_ && environment("NO_COLOR").empty()) {}

Screen::~Screen() { clear(); }

std::size_t Screen::columns() const {
  return moves_ ? static_cast<std::size_t>(terminal_width(stream_)) : 0;
}

void Screen::clear() {
  if (live_columns_ == 0) return;
  // A terminal that became narrower shows the line in several rows.
  const std::size_t rows = (live_columns_ - 1) / std::max<std::size_t>(1, columns());
  live_columns_ = 0;
  std::fputs(rows > 0 ? fmt::format("\r\x1b[{}A\x1b[J", rows).c_str() : "\r\x1b[J", stream_);
}

void Screen::line(const std::string& text, Style style) {
  if (quiet_ && style != Style::warning) return;
  clear();
  const std::size_t width = columns();
  const char* colour = colours_ ? colour_of(style) : "";
  const std::size_t indent = style == Style::warning || width < kNarrow ? kNarrowIndent : kIndent;
  for (const std::string& part :
       width > 0 ? folded(text, width, indent) : std::vector<std::string>{text})
    std::fprintf(stream_, "%s%s%s\n", colour, printable(part).c_str(),
                 *colour != '\0' ? "\x1b[0m" : "");
  flush();
}

void Screen::live(const std::function<std::string(std::size_t columns)>& text) {
  if (columns() < 4 || quiet_) return;
  const std::size_t width = columns() - 3;  // with room for the ^C that a terminal shows
  const auto now = std::chrono::steady_clock::now();
  if (live_columns_ > 0 && now - last_live_ < kLivePause) return;
  clear();
  last_live_ = now;
  const std::string shown = one_line(text(width), width);
  live_columns_ = text_columns(shown);
  std::fputs(shown.c_str(), stream_);
  flush();
}

// Results have readers; progress may be lost.
void Screen::flush() {
  if (stream_ == stdout) flush_output();
  else std::fflush(stream_);
}

}  // namespace tinyzero
