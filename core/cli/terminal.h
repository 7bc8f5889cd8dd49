// Text as terminals show it: columns, folded lines, and words for durations and counts.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace tinyzero {

// Columns of the terminal behind a stream; 0 if the stream is not a terminal.
int terminal_width(std::FILE* stream);

// Columns that a text occupies, one for each character.
std::size_t text_columns(const std::string& text);

// Lines of at most `columns` columns, broken between words. A longer word has a line of its own.
// Lines after the first begin with `indent` blanks.
std::vector<std::string> folded(const std::string& text, std::size_t columns, std::size_t indent);

// A text as one line of at most `columns` characters, with control characters and bytes that are
// not UTF-8 made visible.
std::string one_line(const std::string& text, std::size_t columns);

// All lines of a text, broken at `columns` columns, with everything unprintable made visible as
// by one_line.
std::vector<std::string> text_lines(const std::string& text, std::size_t columns);

// Rows of cells as lines, each column as wide as its widest cell. All rows have as many cells.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

// "1h02m", "2m40s", "58 s".
std::string duration_text(double seconds);

// "494,032,768".
std::string grouped(std::int64_t number);

// "1 step", "2 steps".
std::string counted(std::int64_t number, const std::string& what);

}  // namespace tinyzero
