#include "core/cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/base/foreign_text.h"
#include "core/base/utf8.h"
#include "core/cli/output.h"
#include "core/config/overrides.h"
#include "core/config/reader.h"

namespace tinyzero {

int terminal_width(std::FILE* stream) {
  winsize size{};
  if (::isatty(fileno(stream)) == 0) return 0;
  return ::ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string one_line(const std::string& text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size(); ++used) {
    const Utf8Part part = utf8_part(text, at);
    const std::size_t next = at + part.size;
    if (used + 1 == columns && next < text.size()) return out + "…";
    if (used == columns) return out;
    if (text[at] == '\n') out += "⏎";
    else out += text[at] == '\t' ? " " : printable(text.substr(at, part.size));
    at = next;
  }
  return out;
}

std::size_t text_columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string> folded(const std::string& text, std::size_t columns, std::size_t indent) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word = std::min(text.find_first_not_of(' ', at), text.size()),
                      end = std::min(text.find(' ', word), text.size());
    const std::string blanks = text.substr(at, word - at), letters = text.substr(word, end - word);
    const bool begun = lines.back().find_first_not_of(' ') != std::string::npos;
    if (begun && text_columns(lines.back()) + blanks.size() + text_columns(letters) > columns)
      lines.push_back(std::string(indent, ' ') + letters);
    else lines.back() += blanks + letters;
    at = end;
  }
  return lines;
}

std::vector<std::string> text_lines(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = one_line(text.substr(at, end - at), std::string::npos);
    lines.emplace_back();
    std::size_t used = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool begins = (line[i] & 0xC0) != 0x80;  // a character
      if (begins && used++ == columns) {
        lines.emplace_back();
        used = 1;
      }
      lines.back() += line[i];
    }
    at = end + 1;
    if (at == text.size()) break;  // a line end ends the text
  }
  return lines;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
      text += row[i] + std::string(widths[i] - text_columns(row[i]) + 2, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string duration_text(double seconds) {
  const std::int64_t s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}m{:02d}s", s / 60, s % 60);
  return fmt::format("{}h{:02d}m", s / 3600, s / 60 % 60);
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::ptrdiff_t first = number < 0 ? 1 : 0;
  for (auto at = std::ssize(digits) - 3; at > first; at -= 3) digits.insert(at, ",");
  return digits;
}

std::string counted(std::int64_t number, const std::string& what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace tinyzero
