// task verify: verdicts on answers, line by line.

#include "core/base/error.h"
#include "core/cli/json_lines.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/task_state.h"
#include "core/task/task.h"

namespace tinyzero {
namespace {

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

int run_task_verify(const GlobalOptions& global, const NamedTaskOptions& options) {
  const Task task = open_task(global, options);
  JsonLines input;
  for (std::vector<JsonLine> lines = input.next(); !lines.empty(); lines = input.next()) {
    judge_lines(task, input, lines);
    flush_output();  // a caller may wait for these verdicts before it sends more
  }
  return input.finish();
}

}  // namespace

void add_task_verify(const Commands& commands) {
  commands.add<NamedTaskOptions>(
      "verify", "Judge answers: reads {\"state\",\"completion\"} a line, writes verdicts",
      run_task_verify, add_named_task_options);
}

}  // namespace tinyzero
