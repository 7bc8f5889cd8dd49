// task draw: problems, one JSON object a line.

#include <algorithm>

#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/task_state.h"
#include "core/task/stream.h"
#include "core/task/task.h"
#include "tinyzero/key.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kChunk = 256;  // problems drawn together

struct TaskDrawOptions {
  NamedTaskOptions task;
  std::int64_t count = 1;
  std::int64_t seed = 1;
  std::string split = "train";
};

Json item_json(const Item& item) {
  return {{"index", item.index},
          {"key", item.key},
          {"split_key", group_of_key(item.key)},  // what decides the split
          {"prompt", item.prompt},
          {"state", json_or_text(item.state)},
          {"difficulty", item.difficulty}};
}

int run_task_draw(const GlobalOptions& global, const TaskDrawOptions& options) {
  const Task task = open_task(global, options.task);
  const Split split = split_from_name(options.split);
  std::uint64_t first = 0;
  for (std::int64_t left = options.count; left > 0; left -= kChunk) {
    const auto items = draw_split(task, split, options.seed, first, std::min(left, kChunk));
    for (const Item& item : items) print_json(item_json(item));
    first = items.back().index + 1;
  }
  return 0;
}

}  // namespace

void add_task_draw(const Commands& commands) {
  commands.add<TaskDrawOptions>(
      "draw", "Draw problems, one JSON object a line", run_task_draw,
      [](CLI::App& c, TaskDrawOptions& o) {
        add_named_task_options(c, o.task);
        c.add_option("--count", o.count, "number of problems")
            ->capture_default_str()
            ->check(between(1, 100000000));
        c.add_option("--seed", o.seed, "seed")->capture_default_str()->check(whole_number());
        c.add_option("--split", o.split, "train, validation or test")->capture_default_str();
      });
}

}  // namespace tinyzero
