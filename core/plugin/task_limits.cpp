#include "core/plugin/task_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/base/foreign_text.h"
#include "tinyzero/ascii.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits_abi.h"

namespace tinyzero {
namespace {

// Its whole part still fits into an integer, and a double holds it exactly.
constexpr double kLargestDifficulty = 1e15;

[[noreturn]] void refuse(const std::string& task, const std::string& what) {
  throw Failure("task \"" + task + "\" " + what,
                "this is a fault in the task: tinyzero/task_abi.h says what it may hand over");
}

bool is_plain(char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '-' || c == '.'; }

// Keys of a task's section that the host uses itself.
constexpr const char* kReserved[] = {"use", "in_process", "tasks", "levels", "weight"};

bool is_plain_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_plain);
}

// An id appears in metrics, file names and messages.
void check_id(const std::string& id) {
  if (is_plain_name(id)) return;
  std::string printed = id;
  std::replace_if(printed.begin(), printed.end(), [](char c) { return !is_plain(c); }, '?');
  refuse(printed, "has an id that is not made of letters, digits, _, - and .");
}

void check_names(const std::string& task, const std::vector<TaskParam>& params) {
  std::set<std::string> names;
  for (const TaskParam& param : params) {
    if (!is_plain_name(param.name) || param.name.find('.') != std::string::npos)
      refuse(task, "has a setting whose name " + shown(param.name) +
                       " is not made of letters, digits, _ and -");
    if (std::find(std::begin(kReserved), std::end(kReserved), param.name) != std::end(kReserved))
      refuse(task, "has a setting " + shown(param.name) + ", which is a word of this program");
    if (!names.insert(param.name).second) refuse(task, "has two settings " + shown(param.name));
  }
  for (const TaskParam& param : params) {
    if (!param.needs_name.empty() && names.count(param.needs_name) == 0)
      refuse(task, "has a setting " + shown(param.name) + " that needs a setting " +
                       shown(param.needs_name) + ", which there is not");
  }
}

void check_param(const std::string& task, const TaskParam& param) {
  if (param.type < TZ_INTEGER || param.type > TZ_TEXT)
    refuse(task, fmt::format("declares a setting of type {}; there are {} to {}", param.type,
                             int{TZ_INTEGER}, int{TZ_TEXT}));
  if (std::isnan(param.low) || std::isnan(param.high))
    refuse(task, "declares a setting whose range is not a number");
  if (param.low > param.high)
    refuse(task, fmt::format("declares a setting from {} to {}, which nothing can be", param.low,
                             param.high));
  if (param.max_count == 0) refuse(task, "declares a setting of no values");
  check_count(task, "values of a setting", param.max_count, TINYZERO_TASK_MAX_VALUES);
  check_count(task, "choices of a setting", param.choices.size(), TINYZERO_TASK_MAX_CHOICES);
  for (const std::string* name : {&param.name, &param.needs_name})
    check_text(task, "a name of a setting", name->size(), TINYZERO_TASK_MAX_NAME);
  for (const std::string* line : {&param.doc, &param.fallback, &param.needs_value})
    check_text(task, "a line about a setting", line->size(), TINYZERO_TASK_MAX_LINE);
  for (const std::string& choice : param.choices)
    check_text(task, "a choice of a setting", choice.size(), TINYZERO_TASK_MAX_LINE);
}

void check_components(const std::string& task, const std::vector<std::string>& components) {
  std::set<std::string> names;
  for (const std::string& name : components) {
    check_text(task, "a name of a reward component", name.size(), TINYZERO_TASK_MAX_NAME);
    if (!is_plain_name(name))
      refuse(task, "has a reward component whose name " + shown(name) +
                       " is not made of letters, digits, _, - and .");
    if (!names.insert(name).second) refuse(task, "has two reward components " + shown(name));
  }
}

void check_traits(const std::string& task, const std::vector<TaskTrait>& traits) {
  check_count(task, "traits", traits.size(), TINYZERO_TASK_MAX_TRAITS);
  std::set<std::string> names;
  for (const TaskTrait& trait : traits) {
    for (const std::string* name : {&trait.name, &trait.per})
      check_text(task, "a name of a trait", name->size(), TINYZERO_TASK_MAX_NAME);
    check_text(task, "a line about a trait", trait.doc.size(), TINYZERO_TASK_MAX_LINE);
    if (!is_plain_name(trait.name))
      refuse(task, "has a trait whose name " + shown(trait.name) +
                       " is not made of letters, digits, _, - and .");
    if (!names.insert(trait.name).second) refuse(task, "has two traits " + shown(trait.name));
  }
  for (const TaskTrait& trait : traits) {
    if (trait.per.empty()) continue;
    const auto per = std::ranges::find(traits, trait.per, &TaskTrait::name);
    if (per == traits.end() || !per->per.empty())
      refuse(task, "has a trait " + shown(trait.name) + " per " + shown(trait.per) +
                       (per == traits.end() ? ", a trait that there is not"
                                            : ", which is a share itself and counts nothing"));
  }
}

void check_rewards(const std::string& task, const TaskAbout& about) {
  const bool finite = std::isfinite(about.reward_min) && std::isfinite(about.reward_full) &&
                      std::isfinite(about.reward_max);
  if (!finite || about.reward_min > about.reward_full || about.reward_full > about.reward_max)
    refuse(task, fmt::format("declares rewards from {} to {} and {} for a right answer; they must "
                             "be finite and in order",
                             about.reward_min, about.reward_max, about.reward_full));
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string out;
  for (const char c : text.substr(0, kMost)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return "\"" + out + (text.size() > kMost ? "…\"" : "\"");
}

void check_count(const std::string& task, const char* things, std::uint64_t count,
                 std::uint64_t most) {
  if (count > most)
    refuse(task, fmt::format("declares {} {}; at most {} are possible", count, things, most));
}

void check_text(const std::string& task, const char* text, std::uint64_t size, std::uint64_t most) {
  if (size > most)
    refuse(task, fmt::format("gives {} of {} bytes; at most {} are possible", text, size, most));
}

void check_item(const std::string& task, std::uint64_t prompt, std::uint64_t key,
                std::uint64_t state, double difficulty) {
  check_text(task, "a prompt", prompt, TINYZERO_TASK_MAX_PROMPT);
  check_text(task, "a key", key, TINYZERO_TASK_MAX_KEY);
  check_text(task, "a state", state, TINYZERO_TASK_MAX_STATE);
  if (!(std::fabs(difficulty) <= kLargestDifficulty))
    refuse(task, fmt::format("gives the difficulty {}; it must be a number from {:g} to {:g}",
                             difficulty, -kLargestDifficulty, kLargestDifficulty));
}

void check_about(const TaskAbout& about) {
  const std::string task = about.id.substr(0, TINYZERO_TASK_MAX_NAME);
  check_id(task);
  check_text(task, "an id", about.id.size(), TINYZERO_TASK_MAX_NAME);
  check_text(task, "a version", about.version.size(), TINYZERO_TASK_MAX_NAME);
  check_text(task, "a title", about.title.size(), TINYZERO_TASK_MAX_LINE);
  check_text(task, "a doc", about.doc.size(), TINYZERO_TASK_MAX_DOC);
  check_count(task, "reward components", about.components.size(), TINYZERO_TASK_MAX_PARTS);
  check_count(task, "reasons", about.reasons.size(), TINYZERO_TASK_MAX_REASONS);
  check_count(task, "settings", about.params.size(), TINYZERO_TASK_MAX_PARAMS);
  check_components(task, about.components);
  for (const std::string& reason : about.reasons)
    check_text(task, "a reason", reason.size(), TINYZERO_TASK_MAX_LINE);
  for (const TaskParam& param : about.params) check_param(task, param);
  check_names(task, about.params);
  check_traits(task, about.traits);
  check_rewards(task, about);
}

std::string plain_line(std::string_view text) {
  std::string out = printable(text);
  for (char& c : out) c = c == '\n' || c == '\t' ? ' ' : c;
  return out;
}

void clean_about(TaskAbout& about) {
  for (std::string* text : {&about.title, &about.version, &about.doc}) *text = plain_line(*text);
  for (std::string& reason : about.reasons) reason = plain_line(reason);
  for (TaskParam& param : about.params) param.doc = plain_line(param.doc);
  for (TaskTrait& trait : about.traits) trait.doc = plain_line(trait.doc);
}

std::string_view cut_detail(std::string_view text) {
  if (text.size() <= TINYZERO_TASK_MAX_DETAIL) return text;
  std::size_t end = TINYZERO_TASK_MAX_DETAIL;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // at the start of a character
  return text.substr(0, end);
}

}  // namespace tinyzero
