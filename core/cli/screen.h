// Lines about something that goes on: those that stay and, on a terminal, one live line under them
// that is written over.
//
// Survives what terminals do: other widths at any time, lines that the terminal breaks anew when it
// becomes narrower. Where there is no terminal, or one that cannot move its cursor (TERM=dumb),
// only plain lines are written. Colours: none with NO_COLOR (no-color.org).
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

namespace tinyzero {

class Screen {
 public:
  enum class Style { plain, faint, warning };

  // `quiet`: only warnings are written.
  explicit Screen(std::FILE* stream, bool quiet = false);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Columns of the terminal now; 0: there is none, and no live line.
  std::size_t columns() const;

  // A line that stays; broken between words where the terminal is narrower.
  void line(const std::string& text, Style style = Style::plain);

  // The live line, made by `text` for a number of columns; left out if the last one is younger than
  // a tenth of a second.
  void live(const std::function<std::string(std::size_t columns)>& text);

  // Takes the live line away.
  void clear();

 private:
  void flush();

  std::FILE* stream_;
  bool quiet_, moves_, colours_;
  std::size_t live_columns_ = 0;  // of the live line on the screen; 0: there is none
  std::chrono::steady_clock::time_point last_live_;
};

}  // namespace tinyzero
