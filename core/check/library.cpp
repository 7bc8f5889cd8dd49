// Checks of the library itself: its file, its words, its settings.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/check/checks.h"
#include "core/plugin/library.h"
#include "core/plugin/library_task.h"
#include "core/task/settings.h"

namespace tinyzero {
namespace {

// Values at the edges of what a row allows.
std::vector<SettingValue> edges(const TaskParam& param) {
  std::vector<SettingValue> out;
  const auto add = [&](const SettingValue& value) { out.push_back(value); };
  if (param.type == TZ_BOOLEAN) {
    add({{0}, {}, {}});
    add({{1}, {}, {}});
  }
  for (const double edge : {param.low, param.high}) {
    if (!std::isfinite(edge)) continue;
    if (param.type == TZ_INTEGER) add({{static_cast<std::int64_t>(edge)}, {}, {}});
    if (param.type == TZ_REAL) add({{}, {edge}, {}});
  }
  if (param.type == TZ_TEXT && param.choices.empty()) add({{}, {}, {""}});
  for (const std::string& choice : param.choices) add({{}, {}, {choice}});
  return out;
}

}  // namespace

CheckResult check_file(const CheckOptions& options) {
  const LibraryNote note = read_library_note(options.library);
  const auto start = std::chrono::steady_clock::now();
  const tz_module& module = load_task_module(options.library);
  const double milliseconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() * 1e3;
  const tz_task& task = *module.tasks[0];
  require(module.n_tasks == 1, fmt::format("the library holds {} tasks; only the first can be used", module.n_tasks));
  require(task.size >= sizeof task, "the task's table is shorter than its ABI says");
  require(note.field("id") == task.id, "its note says id \"" + note.field("id") + "\", its code \"" + task.id + "\"");
  require(task.extension("tinyzero.no_such_extension/1") == nullptr, "it offers an extension that does not exist");
  const TaskAbout about = LibraryTask(options.library).about();
  require(is_snake_case(about.id), "the id \"" + about.id + "\" is not in snake_case");
  for (const auto& [text, name] : {std::pair(about.title, "title"), std::pair(about.version, "version"), std::pair(about.doc, "doc")})
    require(!text.empty(), std::string("it has no ") + name);
  require(!about.reasons.empty(), "it names no reasons");
  require(std::isfinite(about.reward_min) && std::isfinite(about.reward_max) && about.reward_min <= about.reward_full &&
              about.reward_full <= about.reward_max && about.reward_min < about.reward_full,
          fmt::format("its rewards run from {} to {}, and a right answer earns {}", about.reward_min, about.reward_max, about.reward_full));
  const std::string detail = fmt::format("{} {} · ABI {} · {} · loaded in {:.1f} ms", about.id, about.version, note.field("abi"),
                                         note.field("compiler"), milliseconds);
  return {milliseconds < 100 ? Grade::pass : Grade::warn, detail};
}

CheckResult check_settings(const CheckOptions& options) {
  const TaskAbout about = LibraryTask(options.library).about();
  std::set<std::string> names;
  std::size_t tried = 0, refused = 0;
  for (std::size_t i = 0; i < about.params.size(); ++i) {
    const TaskParam& param = about.params[i];
    require(is_snake_case(param.name), "setting \"" + param.name + "\" is not in snake_case");
    require(names.insert(param.name).second, "setting \"" + param.name + "\" stands twice in the table");
    require(!param.doc.empty(), "setting \"" + param.name + "\" has no doc");
    for (const SettingValue& edge : edges(param)) {
      std::vector<SettingValue> values = TaskSettings(about).values();
      values[i] = edge;
      ++tried;
      LibraryTask task(options.library);
      try {
        task.create(values);
        task.draw(options.seed, {0});
      } catch (const Failure& e) {
        throw CheckFailed("at an edge of setting \"" + param.name + "\": " + e.what());
      } catch (const Error&) {  // refused with words: settings may exclude each other, or leave no problem
        ++refused;
      }
    }
  }
  open_checked(options).draw(options.seed, {0});
  return {Grade::pass,
          fmt::format("{} settings, {} values at their edges, {} of them refused with a reason", about.params.size(), tried, refused)};
}

}  // namespace tinyzero
