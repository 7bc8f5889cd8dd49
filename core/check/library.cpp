// Checks of the library itself: its file, what it declares, its settings.

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/config/yaml.h"
#include "core/plugin/library.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

// Values at the limits of a setting.
std::vector<SettingValue> edges(const TaskParam& param) {
  std::vector<SettingValue> out;
  if (param.type == TZ_BOOLEAN) {
    out.push_back({.integers = {0}, .reals = {}, .texts = {}});
    out.push_back({.integers = {1}, .reals = {}, .texts = {}});
  }
  for (const double edge : {param.low, param.high}) {
    if (!std::isfinite(edge)) continue;
    if (param.type == TZ_INTEGER)
      out.push_back({.integers = {static_cast<std::int64_t>(edge)}, .reals = {}, .texts = {}});
    if (param.type == TZ_REAL) out.push_back({.integers = {}, .reals = {edge}, .texts = {}});
  }
  if (param.type == TZ_TEXT && param.choices.empty())
    out.push_back({.integers = {}, .reals = {}, .texts = {""}});
  for (const std::string& choice : param.choices)
    out.push_back({.integers = {}, .reals = {}, .texts = {choice}});
  return out;
}

// A value as YAML text.
std::string text_of(const TaskParam& param, const SettingValue& value) {
  if (!value.texts.empty()) return yaml_text(value.texts[0]);
  if (!value.reals.empty()) return real_text(value.reals[0]);
  if (param.type == TZ_BOOLEAN) return value.integers[0] != 0 ? "true" : "false";
  return std::to_string(value.integers[0]);
}

// Creates the task with this value beside the settings of the options. Returns false if it refuses
// them with a reason: settings may exclude each other, or leave no problem.
bool is_accepted(const CheckOptions& options, const TaskParam& param, const SettingValue& value) {
  CheckOptions with_value = options;
  overlay(with_value.settings, parse_yaml("{" + param.name + ": " + text_of(param, value) + "}",
                                          "edge of " + param.name));
  try {
    open_checked(with_value).draw(options.seed, {0});
  } catch (const Failure& e) {
    throw CheckFailed("at an edge of setting \"" + param.name + "\": " + e.what());
  } catch (const Error&) {
    return false;
  }
  return true;
}

CheckResult check_python_file(const CheckOptions& options) {
  constexpr double kSlow = 2;  // seconds
  const Stopwatch watch;
  const TaskAbout about = start_checked(options)->about();
  const double seconds = watch.seconds();
  require(is_snake_case(about.id), "the id \"" + about.id + "\" is not in snake_case");
  const std::string detail =
      fmt::format("{} {} · loaded in {:.1f} s", about.id, about.version, seconds);
  const bool is_told = about.doc != about.id;
  return {seconds < kSlow && is_told ? Grade::pass : Grade::warn,
          detail + (is_told ? "" : ": it has no docstring")};
}

}  // namespace

CheckResult check_file(const CheckOptions& options) {
  if (!options.file.python.empty()) return check_python_file(options);
  const LibraryNote note = read_library_note(options.file.path);
  const auto task = start_checked(options, WorkerPlace{});
  const LibraryFacts facts = task->inspect();
  const TaskAbout& about = task->about();
  require(facts.tasks == 1,
          fmt::format("the library holds {} tasks; only the first can be used", facts.tasks));
  require(note.field("id") == about.id,
          "its note says id \"" + note.field("id") + "\", its code \"" + about.id + "\"");
  require(facts.refuses_unknown_extensions, "it offers an extension that does not exist");
  require(is_snake_case(about.id), "the id \"" + about.id + "\" is not in snake_case");
  for (const auto& [text, name] :
       {std::pair(about.title, "title"), std::pair(about.version, "version"),
        std::pair(about.doc, "doc")})
    require(!text.empty(), std::string("it has no ") + name);
  require(!about.reasons.empty(), "it names no reasons");
  require(about.reward_min < about.reward_full,
          fmt::format("a right answer earns {}, which is also the least", about.reward_full));
  const std::string detail =
      fmt::format("{} {} · ABI {} · {} · loaded in {:.1f} ms", about.id, about.version,
                  note.field("abi"), note.field("compiler"), facts.load_milliseconds);
  return {facts.load_milliseconds < 100 ? Grade::pass : Grade::warn, detail};
}

CheckResult check_settings(const CheckOptions& options) {
  const TaskAbout about = start_checked(options)->about();
  std::set<std::string> names;
  std::size_t tried = 0;
  std::size_t refused = 0;
  for (const TaskParam& param : about.params) {
    require(is_snake_case(param.name), "setting \"" + param.name + "\" is not in snake_case");
    require(names.insert(param.name).second,
            "setting \"" + param.name + "\" is in the table twice");
    require(!param.doc.empty(), "setting \"" + param.name + "\" has no doc");
    for (const SettingValue& edge : edges(param)) {
      ++tried;
      refused += is_accepted(options, param, edge) ? 0 : 1;
    }
  }
  open_checked(options).draw(options.seed, {0});
  return {Grade::pass,
          fmt::format("{} settings, {} values at their edges, {} of them refused with a reason",
                      about.params.size(), tried, refused)};
}

}  // namespace tinyzero
