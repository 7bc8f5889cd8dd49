// How much a task may hand to its host: the limits of tinyzero/task_abi.h, checked wherever a
// task's words come in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/plugin/task_code.h"

namespace tinyzero {

// Each throws Failure that names the task, what is too large or impossible, its value and the
// limit.

// A number of things: "parts of a reward".
void check_count(const std::string& task, const char* things, std::uint64_t count,
                 std::uint64_t most);
// The length of a text: "a demonstration".
void check_text(const std::string& task, const char* text, std::uint64_t size, std::uint64_t most);
void check_item(const std::string& task, std::uint64_t prompt, std::uint64_t key,
                std::uint64_t state, double difficulty);
// Everything that a task says of itself.
void check_about(const TaskAbout& about);

// What a task says, on one line and without what is not printable.
std::string plain_line(std::string_view text);

// The same of all texts about a task that are shown, and of no name or value.
void clean_about(TaskAbout& about);

// A text of a task or a model as it may stand in a message: in quotes, one line, cut.
std::string shown(std::string_view text);

// A verdict's detail, cut to what is kept of it.
std::string_view kept_detail(std::string_view text);

}  // namespace tinyzero
