// task list · show · draw · verify · solve

#include <fmt/format.h>

#include <cstdio>

#include "core/base/error.h"
#include "core/cli/options.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/task/settings.h"
#include "core/task/stream.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::size_t kChunk = 256;  // lines judged together

Task open_task(const GlobalOptions& global, const TaskOptions& options) {
  const Node settings = settings_from_words(options.settings);
  return Task::open(scan_plugins(global), options.name, &settings);
}

// A problem's state as JSON if it is JSON, else as a text.
Json state_json(const std::string& state) {
  Json parsed = Json::parse(state, nullptr, false);
  return parsed.is_discarded() ? Json(state) : parsed;
}

std::string state_text(const Json& object, const std::string& where) {
  if (!object.contains("state")) throw Error(where + " has no \"state\"", "give what `task draw` printed as \"state\"");
  return object["state"].is_string() ? object["state"].get<std::string>() : object["state"].dump();
}

struct PendingAnswer {
  std::string state, completion;
};

void print_verdicts(const Task& task, std::vector<PendingAnswer>& pending) {
  std::vector<Answer> answers;
  for (const PendingAnswer& answer : pending) answers.push_back({answer.state, answer.completion});
  for (const Verdict& verdict : task.verify(answers)) {
    Json parts = Json::object();
    for (std::size_t p = 0; p < task.about().parts.size(); ++p) parts[task.about().parts[p]] = verdict.parts[p];
    std::puts(
        json_line(
            {{"reward", verdict.reward}, {"outcome", outcome_name(verdict.outcome)}, {"reason", task.reason(verdict)}, {"parts", parts}})
            .c_str());
  }
  pending.clear();
}

}  // namespace

int task_list_command(const GlobalOptions& global, const TaskOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK)) {
    try {
      const TaskAbout task = load_task_code(file, false)->about();
      if (options.json)
        std::puts(json_line({{"id", task.id}, {"title", task.title}, {"version", task.version}, {"path", file.path.string()}}).c_str());
      else fmt::print("{:<16} {}\n", task.id, task.title);
    } catch (const std::exception& e) {
      fmt::print(stderr, "warning: {}\n", e.what());
    }
  }
  return 0;
}

int task_show_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  const TaskSettings settings(task.about());
  if (options.json) {
    std::puts(json_line({{"id", task.about().id},
                         {"title", task.about().title},
                         {"version", task.about().version},
                         {"doc", task.about().doc},
                         {"solves", task.can_solve()},
                         {"demonstrates", task.can_demonstrate()},
                         {"settings", settings_json(settings.table())},
                         {"path", task.libraries().front().string()}})
                  .c_str());
    return 0;
  }
  fmt::print("{} {} · {}\n{}\n\n", task.about().id, task.about().version, task.about().title, task.about().doc);
  fmt::print("solver: {} · demonstrations: {} · {}\n\nsettings\n", task.can_solve() ? "yes" : "no", task.can_demonstrate() ? "yes" : "no",
             task.libraries().front().string());
  print_settings(settings.table());
  return 0;
}

int task_draw_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  const Split split = split_from_name(options.split);
  std::uint64_t first = 0;
  for (std::int64_t left = options.count; left > 0; left -= kChunk) {
    const auto items = draw_split(task, split, static_cast<std::uint64_t>(options.seed), first,
                                  static_cast<std::size_t>(std::min<std::int64_t>(left, kChunk)));
    for (const Item& item : items) {
      std::puts(json_line({{"index", item.index},
                           {"key", item.key},
                           {"prompt", item.prompt},
                           {"state", state_json(item.state)},
                           {"difficulty", item.difficulty}})
                    .c_str());
    }
    first = items.back().index + 1;
  }
  return 0;
}

int task_verify_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  std::vector<PendingAnswer> pending;
  for_json_lines([&](const Json& object, const std::string& where) {
    pending.push_back({state_text(object, where), required_field<std::string>(object, "completion", where)});
    if (pending.size() == kChunk) print_verdicts(task, pending);
  });
  if (!pending.empty()) print_verdicts(task, pending);
  return 0;
}

int task_solve_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  for_json_lines([&](const Json& object, const std::string& where) {
    const auto completion = task.solve(state_text(object, where));
    std::puts(json_line({{"solvable", completion.has_value()}, {"completion", completion ? Json(*completion) : Json()}}).c_str());
  });
  return 0;
}

}  // namespace tinyzero
