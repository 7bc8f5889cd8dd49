#include "core/run/run_folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <ctime>

#include "core/base/error.h"

namespace tinyzero {
namespace {

std::string episodes_name(std::int64_t step) { return fmt::format("step-{:06d}.jsonl", step); }

}  // namespace

RunFolder RunFolder::create(const fs::path& path, const std::string& config) {
  std::error_code problem;
  if (fs::exists(path) && (!fs::is_directory(path) || !fs::is_empty(path, problem))) {
    throw Error("the run folder " + path.string() + " exists already",
                "go on with `train --resume " + path.string() + "`, or choose another with --run");
  }
  fs::create_directories(path / "checkpoints", problem);
  if (!problem) fs::create_directories(path / "episodes", problem);
  if (problem)
    throw Error("cannot make the run folder " + path.string() + ": " + problem.message(), "choose a folder you may write to with --run");
  return RunFolder(path, Access::write, &config);
}

RunFolder RunFolder::open(const fs::path& path, Access access) {
  if (!fs::exists(path / "config.yaml"))
    throw Error(path.string() + " is not a run folder: it has no config.yaml", "give the folder of an earlier `train`");
  return RunFolder(path, access);
}

RunFolder::RunFolder(fs::path path, Access access, const std::string* new_config) : path_(std::move(path)) {
  if (access == Access::read) return;
  lock_ = FileHandle(path_ / ".lock", O_RDWR | O_CREAT);
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0)
    throw Error("another process is writing to the run folder " + path_.string(), "wait for it, or choose another folder with --run");
  if (new_config != nullptr) write_file_atomically(config(), *new_config);
  metrics_ = FileHandle(metrics_path(), O_WRONLY | O_CREAT | O_APPEND);
  log_ = FileHandle(log_path(), O_WRONLY | O_CREAT | O_APPEND);
}

void RunFolder::write_metrics(const Json& metrics) { metrics_.write(json_line(metrics) + "\n", metrics_path()); }

fs::path RunFolder::episodes(std::int64_t step) const { return path_ / "episodes" / episodes_name(step); }

void RunFolder::write_episodes(std::int64_t step, const std::string& lines) {
  const fs::path path = episodes(step);
  const FileHandle file(path, O_WRONLY | O_CREAT | O_TRUNC);
  file.write(lines, path);
}

fs::path RunFolder::write_fault(std::int64_t step, const Json& batch) {
  const fs::path folder = path_ / "faults", path = folder / fmt::format("step-{:06d}.json", step);
  fs::create_directories(folder);
  write_file_atomically(path, json_line(batch) + "\n");
  return path;
}

void RunFolder::log(const std::string& line) {
  log_.write(fmt::format("{:%Y-%m-%d %H:%M:%S}  {}\n", fmt::localtime(std::time(nullptr)), line), log_path());
}

std::int64_t RunFolder::metrics_bytes() const { return static_cast<std::int64_t>(fs::file_size(metrics_path())); }

void RunFolder::rewind(std::int64_t bytes, std::int64_t step) {
  if (metrics_bytes() < bytes)
    throw Error(metrics_path().string() + " is shorter than at the checkpoint", "restore the file, or start a new run");
  fs::resize_file(metrics_path(), static_cast<std::uintmax_t>(bytes));
  for (const auto& entry : fs::directory_iterator(path_ / "episodes")) {
    if (entry.path().filename() > episodes_name(step)) fs::remove(entry.path());
  }
}

}  // namespace tinyzero
