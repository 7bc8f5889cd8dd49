// task check: every check of core/check on one task.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "core/base/error.h"
#include "core/base/suggest.h"
#include "core/check/check.h"
#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/plugin/library.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {

int task_check_command(const GlobalOptions& global, const TaskCheckOptions& options) {
  CheckOptions check;
  const PluginFile file = PluginCatalog::scan(global.plugin_folders).find(TINYZERO_NOTE_TASK, options.name);
  check.library = file.path;
  check.library = std::filesystem::absolute(check.library);  // checks change folders
  check.settings = settings_from_words(options.settings);
  check.seed = static_cast<std::uint64_t>(options.seed);
  for (const std::string& name : options.only) {
    if (const auto known = check_names(); std::find(known.begin(), known.end(), name) == known.end())
      throw Error("no check \"" + name + "\"", suggestion(name, known));
  }
  try {
    Task(load_task_code(file, /*trusted=*/false), file.path, &check.settings);
  } catch (const Failure&) {  // the task's fault, which the checks describe; an Error is in what was asked for
  }
  const std::vector<std::string> names = options.only.empty() ? check_names() : options.only;
  if (!options.json) fmt::print("{} · seed {}\n", check.library.string(), options.seed);
  int counts[4] = {};
  for (const std::string& name : names) {
    const auto start = std::chrono::steady_clock::now();
    const CheckResult result = run_check(name, check);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++counts[static_cast<int>(result.grade)];
    if (options.json) {
      std::puts(json_line({{"check", name},
                           {"result", grade_name(result.grade)},
                           {"detail", result.detail},
                           {"seconds", seconds},
                           {"seed", options.seed}})
                    .c_str());
    } else {
      fmt::print("{}  {:<15} {}\n", grade_name(result.grade), name, result.detail);
    }
    std::fflush(stdout);
  }
  const int failed = counts[static_cast<int>(Grade::fail)];
  if (!options.json) {
    fmt::print("{} passed, {} with a warning, {} failed, {} skipped\n", counts[static_cast<int>(Grade::pass)],
               counts[static_cast<int>(Grade::warn)], failed, counts[static_cast<int>(Grade::skip)]);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace tinyzero
