// Text as terminals show it, and small things that several commands print with.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/document.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// Width of the terminal behind a stream in columns; 0 if it is none.
int terminal_width(std::FILE* stream);

// Columns that a text takes, one a character.
std::size_t text_columns(const std::string& text);

// Lines of at most `columns` columns, broken between words; those after the first begin with
// `indent` blanks.
std::vector<std::string> folded(const std::string& text, std::size_t columns, std::size_t indent);

// One line of text, cut to `columns` characters, with control characters and bytes that are no
// UTF-8 made visible.
std::string one_line(const std::string& text, std::size_t columns);

// All lines of a text, in lines of at most `columns` columns, with what is no printable UTF-8 made
// visible as by one_line.
std::vector<std::string> text_lines(const std::string& text, std::size_t columns);

// "1h02m", "2m40s", "58 s".
std::string duration_text(double seconds);

// A settings table for people: name, default, what may stand there, doc.
void print_settings(const SettingsTable& table);
Json settings_json(const SettingsTable& table);

// The settings "key=value" of a command line as a map; throws Error for a dotted key.
Node settings_from_words(const std::vector<std::string>& words);

}  // namespace tinyzero
