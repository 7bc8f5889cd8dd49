// How much a task may hand to its host: the limits of tinyzero/task_abi.h. They are checked
// wherever texts of a task arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/plugin/task_code.h"

namespace tinyzero {

constexpr std::size_t kMostNotes = 16;  // of one `create`; more are dropped

// Each check throws a Failure that names the task, what is too large or impossible, its value and
// the limit.

// A number of `things`: "reward components".
void check_count(const std::string& task, const char* things, std::uint64_t count,
                 std::uint64_t most);
// The length of `text`: "a demonstration".
void check_text(const std::string& task, const char* text, std::uint64_t size, std::uint64_t most);
void check_item(const std::string& task, std::uint64_t prompt, std::uint64_t key,
                std::uint64_t state, double difficulty);
// Everything that a task declares about itself.
void check_about(const TaskAbout& about);

// A task's text on one line, with only printable characters.
std::string plain_line(std::string_view text);

// Applies plain_line to all texts that are shown to people, but not to names and values.
void clean_about(TaskAbout& about);

// A text of a task or a model for a message: in quotes, on one line, shortened.
std::string shown(std::string_view text);

// A verdict's detail, shortened to the limit.
std::string_view cut_detail(std::string_view text);

}  // namespace tinyzero
