// Methods of Python's str, on UTF-8. Positions count characters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero::jinja {

// str.isspace of a character; \s of Python's regular expressions is the same set.
bool is_space(std::uint32_t code);

std::int64_t length(std::string_view text);
std::vector<std::string> characters(std::string_view text);

enum class Ends { both, left, right };
// Removes the characters of `set` from the ends, or white space if there is no set.
std::string_view strip(std::string_view text, Ends ends, std::optional<std::string_view> set = {});

// split(separator, limit): at runs of white space if there is no separator, everywhere if the limit
// is negative.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               std::int64_t limit);
// rsplit(separator, limit): the same from the right.
std::vector<std::string> split_right(std::string_view text,
                                     std::optional<std::string_view> separator, std::int64_t limit);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);

// replace(old, fresh, limit): everywhere if the limit is negative.
std::string replace(std::string_view text, std::string_view old, std::string_view fresh,
                    std::int64_t limit);

// Number of occurrences of `part` that do not overlap; the empty text occurs once more often than
// there are characters.
std::int64_t count(std::string_view text, std::string_view part);

// Position of the first or the last occurrence, in characters; -1 if there is none.
std::int64_t find(std::string_view text, std::string_view part);
std::int64_t find_last(std::string_view text, std::string_view part);

// `title` is Python's method, `words` is Jinja's filter `title`.
enum class Case { lower, upper, capitalized, title, words };
// Throws Error for characters beyond ASCII.
std::string with_case(std::string_view text, Case to);

// repr(text).
std::string quoted_text(std::string_view text);
// json.dumps(text).
std::string json_quoted(std::string_view text, bool ascii);

}  // namespace tinyzero::jinja
