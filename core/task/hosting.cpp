#include "core/task/hosting.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/plugin/library_task.h"
#include "core/plugin/python/python_code.h"
#include "core/plugin/worker/library_code.h"

namespace tinyzero {
namespace {

constexpr const char* kInProcess = "in_process";

// The entries of a section that are settings of the table.
Node part_of(const Node& section, const SettingsTable& table) {
  Node out = section;
  std::erase_if(out.entries, [&](const Entry& e) { return table.find(e.name) == nullptr; });
  return out;
}

[[noreturn]] void refuse_in_process(const Node& section, const std::string& path, const char* why,
                                    const char* hint) {
  throw Error(section.find(kInProcess)->origin, path + "." + kInProcess + " has no effect: " + why,
              hint);
}

}  // namespace

TaskHosting read_hosting(const PluginFile& file, const Node* section, const std::string& path) {
  TaskHosting hosting;
  SettingsTable table;
  table.add(kInProcess, hosting.in_process, "");
  if (!file.python.empty()) hosting.python.describe(table);
  for (const Setting& setting : table.rows()) {
    if (setting.name != kInProcess) hosting.words.push_back(setting.name);
  }
  if (section == nullptr || section->kind != Node::Kind::map) return hosting;
  const Node own = part_of(*section, table);
  for (ResolvedSetting& row : read_settings(&own, table, path)) {
    if (row.is_written() && row.value != "false") hosting.written.push_back(std::move(row));
  }
  check_files(&own, table, path);
  if (!file.python.empty() && own.find(kInProcess) != nullptr)
    refuse_in_process(own, path, "a task in Python always runs in a process of its own",
                      "remove it; network: true and processes: true allow it more");
  if (hosting.in_process && file.built_in)
    refuse_in_process(own, path, "the task came with the program",
                      "remove it: such tasks run in this process anyway");
  return hosting;
}

WorkerLimits worker_limits(const PluginFile& file, const TaskHosting& hosting) {
  constexpr double kImportSeconds = 60;  // packages can be large
  constexpr double kAnswersPerCall = 4;  // at the slowest
  WorkerLimits limits;
  if (file.python.empty()) return limits;
  limits.load_seconds = kImportSeconds;
  limits.row_seconds = hosting.python.answer_seconds;
  limits.call_seconds = std::max(limits.call_seconds, kAnswersPerCall * limits.row_seconds);
  limits.memory = static_cast<std::uint64_t>(hosting.python.memory_gib) << 30;
  return limits;
}

std::unique_ptr<WorkerTask> start_worker(const PluginFile& file, const TaskHosting& hosting,
                                         const WorkerLimits& limits, WorkerPlace place) {
  std::unique_ptr<WorkerCode> code;
  if (file.python.empty()) code = std::make_unique<LibraryCode>(file.path);
  else code = std::make_unique<PythonCode>(*python_name(file.python), hosting.python);
  return std::make_unique<WorkerTask>(std::move(code), limits, std::move(place));
}

LoadedCode load_task_code(const PluginFile& file, const TaskHosting& hosting) {
  if (file.built_in || hosting.in_process)
    return {.code = std::make_unique<LibraryTask>(file.path), .file = file.path};
  auto worker = start_worker(file, hosting, worker_limits(file, hosting));
  const fs::path from = worker->file();
  return {.code = std::move(worker), .file = from};
}

LoadedCode load_task_code(const PluginFile& file) {
  const TaskHosting hosting;
  return load_task_code(file, hosting);
}

}  // namespace tinyzero
