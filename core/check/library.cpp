// Checks of the library itself: its file, its words, its settings.

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/check/checks.h"
#include "core/plugin/library.h"
#include "core/plugin/worker/worker_task.h"
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
  WorkerTask task(options.library, check_limits(options));
  const LibraryFacts facts = task.inspect();
  const TaskAbout& about = task.about();
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
  const TaskAbout about = WorkerTask(options.library, check_limits(options)).about();
  std::set<std::string> names;
  std::size_t tried = 0, refused = 0;
  for (std::size_t i = 0; i < about.params.size(); ++i) {
    const TaskParam& param = about.params[i];
    require(is_snake_case(param.name), "setting \"" + param.name + "\" is not in snake_case");
    require(names.insert(param.name).second,
            "setting \"" + param.name + "\" stands twice in the table");
    require(!param.doc.empty(), "setting \"" + param.name + "\" has no doc");
    for (const SettingValue& edge : edges(param)) {
      std::vector<SettingValue> values = TaskSettings(about).values();
      values[i] = edge;
      ++tried;
      WorkerTask task(options.library, check_limits(options), kReadingPlace);
      try {
        task.create(values);
        task.draw(options.seed, {0});
      } catch (const Failure& e) {
        throw CheckFailed("at an edge of setting \"" + param.name + "\": " + e.what());
      } catch (const Error&) {  // refused with words: settings may exclude each other, or leave no
                                // problem
        ++refused;
      }
    }
  }
  open_checked(options).draw(options.seed, {0});
  return {Grade::pass,
          fmt::format("{} settings, {} values at their edges, {} of them refused with a reason",
                      about.params.size(), tried, refused)};
}

}  // namespace tinyzero
