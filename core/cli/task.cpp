// task list · show · draw · verify · solve

#include <cstdio>
#include <optional>

#include "core/base/error.h"
#include "core/cli/json_lines.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/task/open_task.h"
#include "core/task/settings.h"
#include "core/task/stream.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::size_t kChunk = 256;  // problems drawn together

Task open_task(const GlobalOptions& global, const TaskOptions& options) {
  const Node settings = settings_from_words(options.settings);
  return open_task(scan_plugins(global), options.name, &settings);
}

// A problem's state as JSON if that gives the same bytes back, else as a text.
Json state_json(const std::string& state) {
  const std::optional<Json> parsed = json_if_valid(state);
  return parsed && !parsed->is_string() && json_line(*parsed) == state ? *parsed : Json(state);
}

std::string state_text(const Json& object, const std::string& where) {
  if (!object.contains("state"))
    throw Error(where + " has no \"state\"", "give what `task draw` printed as \"state\"");
  return object["state"].is_string() ? object["state"].get<std::string>() : object["state"].dump();
}

Json verdict_json(const Task& task, const Verdict& verdict, const std::string& reason) {
  Json parts = Json::object();
  for (std::size_t p = 0; p < task.about().components.size(); ++p)
    parts[task.about().components[p]] = verdict.parts[p];
  return {{"reward", verdict.reward},
          {"outcome", outcome_name(verdict.outcome)},
          {"reason", reason},
          {"parts", parts}};
}

// The row of a line that holds nothing to judge.
Json refused_verdict(const Task& task, const JsonLine& line) {
  Verdict none;
  none.outcome = Outcome::error;
  Json row = verdict_json(task, none, line.fault);
  row["line"] = line.number;
  return row;
}

void print_verdicts(const Task& task, const std::vector<JsonLine>& lines,
                    const std::vector<Verdict>& verdicts) {
  auto verdict = verdicts.begin();
  for (const JsonLine& line : lines) {
    if (!line.fault.empty()) {
      print_json(refused_verdict(task, line));
    } else {
      print_json(verdict_json(task, *verdict, task.reason(*verdict)));
      ++verdict;
    }
  }
}

// Prints a verdict for each line, in order.
void judge_lines(const Task& task, JsonLines& input, std::vector<JsonLine>& lines) {
  struct Texts {
    std::string state, completion;
  };
  std::vector<Texts> texts;
  for (JsonLine& line : lines) {
    input.attempt(line, [&](const JsonLine& good) {
      texts.push_back({state_text(good.object, good.where()),
                       required_field<std::string>(good.object, "completion", good.where())});
    });
  }
  std::vector<Answer> answers;
  for (const Texts& text : texts) answers.push_back({text.state, text.completion});
  try {
    print_verdicts(task, lines, task.verify(answers));
  } catch (const TaskStopped& stopped) {  // what was judged is not lost
    if (stopped.verdicts.size() == answers.size()) print_verdicts(task, lines, stopped.verdicts);
    flush_output();
    throw;
  }
}

}  // namespace

int task_list_command(const GlobalOptions& global, const TaskOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK)) {
    try {
      const TaskAbout task = load_task_code(file, false)->about();
      if (options.json)
        print_json({{"id", task.id},
                    {"title", task.title},
                    {"version", task.version},
                    {"path", file.path.string()}});
      else print("{:<16} {}\n", task.id, task.title);
    } catch (const std::exception& e) {
      print(stderr, "warning: {}\n", e.what());
    }
  }
  return 0;
}

int task_show_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  const TaskSettings settings(task.about());
  if (options.json) {
    print_json({{"id", task.about().id},
                {"title", task.about().title},
                {"version", task.about().version},
                {"doc", task.about().doc},
                {"solves", task.can_solve()},
                {"demonstrates", task.can_demonstrate()},
                {"settings", settings_json(settings.table())},
                {"path", task.libraries().front().string()}});
    return 0;
  }
  print("{} {} · {}\n{}\n\n", task.about().id, task.about().version, task.about().title,
        task.about().doc);
  print("solver: {} · demonstrations: {} · {}\n\nsettings\n", task.can_solve() ? "yes" : "no",
        task.can_demonstrate() ? "yes" : "no", task.libraries().front().string());
  print_settings(settings.table());
  return 0;
}

int task_draw_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  const Split split = split_from_name(options.split);
  std::uint64_t first = 0;
  for (std::int64_t left = options.count; left > 0; left -= kChunk) {
    const auto items =
        draw_split(task, split, options.seed, first, std::min<std::int64_t>(left, kChunk));
    for (const Item& item : items) {
      print_json({{"index", item.index},
                  {"key", item.key},
                  {"prompt", item.prompt},
                  {"state", state_json(item.state)},
                  {"difficulty", item.difficulty}});
    }
    first = items.back().index + 1;
  }
  return 0;
}

int task_verify_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  JsonLines input;
  for (std::vector<JsonLine> lines = input.next(); !lines.empty(); lines = input.next()) {
    judge_lines(task, input, lines);
    flush_output();  // whoever waits for these verdicts may send more only then
  }
  return input.finish();
}

int task_solve_command(const GlobalOptions& global, const TaskOptions& options) {
  const Task task = open_task(global, options);
  return answer_json_lines([&](const JsonLine& line) {
    const auto completion = task.solve(state_text(line.object, line.where()));
    return Json{{"solvable", completion.has_value()},
                {"completion", completion ? Json(*completion) : Json()}};
  });
}

}  // namespace tinyzero
