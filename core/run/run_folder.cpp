#include "core/run/run_folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <thread>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/run/episode_file.h"
#include "core/run/event_file.h"

namespace tinyzero {
namespace {

constexpr const char* kLock = ".lock";
constexpr int kLockTries = 20;  // `writer` of another process holds the lock for a moment, too

pid_t pid_in(const fs::path& lock) {
  std::string text;
  try {
    text = read_file(lock);
  } catch (const Error&) {
    return -1;
  }
  pid_t pid = -1;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid > 0 ? pid : -1;
}

FileHandle take_lock(const fs::path& folder) {
  const fs::path path = folder / kLock;
  FileHandle lock(path, O_RDWR | O_CREAT);
  for (int tries = 0; ::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (tries == kLockTries) {
      const pid_t pid = pid_in(path);
      throw Error((pid > 0 ? fmt::format("process {}", pid) : "another process") + " is writing to the run folder " + folder.string(),
                  "wait for it, or choose another folder with --run");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (::ftruncate(lock.fd(), 0) == 0) lock.write(fmt::format("{}\n", ::getpid()), path);
  return lock;
}

// Nothing, or what a run leaves that was killed before it had its config.yaml.
bool holds_nothing(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool own = name == kLock || name == "config.yaml.tmp" || ((name == "checkpoints" || name == "episodes") && fs::is_empty(entry));
    if (!own) return false;
  }
  return true;
}

Error exists_already(const fs::path& path) {
  return Error("the run folder " + path.string() + " exists already",
               "go on with `train --resume " + path.string() + "`, or choose another with --run");
}

}  // namespace

RunFolder RunFolder::create(const fs::path& path, const std::string& config) {
  std::error_code problem;
  if (fs::exists(path) && (!fs::is_directory(path) || !holds_nothing(path))) throw exists_already(path);
  fs::create_directories(path / "checkpoints", problem);
  if (!problem) fs::create_directories(path / "episodes", problem);
  if (problem)
    throw Error("cannot make the run folder " + path.string() + ": " + system_words(problem.value()), "choose a folder you may write to with --run");
  return RunFolder(path, Access::write, &config);
}

RunFolder RunFolder::open(const fs::path& path, Access access) {
  if (!fs::exists(path / "config.yaml"))
    throw Error(path.string() + " is not a run folder: it has no config.yaml", "give the folder of an earlier `train`");
  return RunFolder(path, access);
}

RunFolder::RunFolder(fs::path path, Access access, const std::string* new_config) : path_(std::move(path)) {
  if (access == Access::read) return;
  lock_ = take_lock(path_);
  if (new_config != nullptr) {
    if (fs::exists(config())) throw exists_already(path_);  // by a process that was quicker
    write_file_atomically(config(), *new_config);
  }
  metrics_ = FileHandle(metrics(), O_WRONLY | O_CREAT | O_APPEND);
  log_ = FileHandle(log_file(), O_WRONLY | O_CREAT | O_APPEND);
  begin_events();
}

pid_t RunFolder::writer(const fs::path& path) {
  if (!fs::exists(path / kLock)) return 0;
  const FileHandle lock(path / kLock, O_RDONLY);
  return ::flock(lock.fd(), LOCK_SH | LOCK_NB) == 0 ? 0 : pid_in(path / kLock);
}

void RunFolder::check_in_place() const {
  struct stat held {
  }, found{};
  const bool same = ::fstat(lock_.fd(), &held) == 0 && ::stat((path_ / kLock).c_str(), &found) == 0 && held.st_ino == found.st_ino &&
                    held.st_dev == found.st_dev;
  if (!same)
    throw Failure("the run folder " + path_.string() + " was removed, moved or replaced while the run went on",
                  "what it held is what there is: go on from where it was moved to, or start a new run");
}

void RunFolder::begin_events() {
  const fs::path folder = path_ / "tensorboard";
  constexpr std::string_view kName = "events.out.tfevents.";  // the seconds at which the run began follow
  fs::create_directories(folder);
  began_ = static_cast<double>(std::time(nullptr));
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::int64_t seconds = 0;
    if (name.starts_with(kName) && std::from_chars(name.data() + kName.size(), name.data() + name.size(), seconds).ec == std::errc())
      began_ = static_cast<double>(seconds);
  }
  const fs::path path = folder / fmt::format("{}{:.0f}.tinyzero", kName, began_);
  std::string events = event_file_start(began_);
  for (const Json& record : read_metrics(metrics())) events += scalar_events(record, began_);
  write_file_atomically(path, events);
  events_ = FileHandle(path, O_WRONLY | O_APPEND);
}

void RunFolder::write_metrics(const Json& record) {
  metrics_.write(json_line(record) + "\n", metrics());
  events_.write(scalar_events(record, began_), path_ / "tensorboard");
}

void RunFolder::write_episodes(std::int64_t step, const std::string& lines) {
  write_file_atomically(path_ / "episodes" / episode_file_name(step), compress_episodes(lines));
}

fs::path RunFolder::write_fault(std::int64_t step, const Json& batch) {
  const fs::path folder = path_ / "faults", path = folder / fmt::format("step-{:06d}.json", step);
  fs::create_directories(folder);
  write_file_atomically(path, json_line(batch) + "\n");
  return path;
}

void RunFolder::log(const std::string& line) {
  const std::string dated = fmt::format("{:%Y-%m-%d %H:%M:%S}  {}\n", fmt::localtime(std::time(nullptr)), line);
  [[maybe_unused]] const ssize_t written = ::write(log_.fd(), dated.data(), dated.size());
}

std::int64_t RunFolder::metrics_bytes() const {
  metrics_.sync(metrics());
  return static_cast<std::int64_t>(fs::file_size(metrics()));
}

void RunFolder::rewind(std::int64_t bytes, std::int64_t step) {
  if (metrics_bytes() < bytes)
    throw Error(metrics().string() + " is shorter than at the checkpoint", "restore the file, or start a new run");
  fs::resize_file(metrics(), static_cast<std::uintmax_t>(bytes));
  begin_events();
  for (const auto& entry : fs::directory_iterator(path_ / "episodes")) {
    if (episode_file_step(entry.path().filename().string()).value_or(-1) > step) fs::remove(entry.path());
  }
}

std::vector<Json> read_metrics(const fs::path& path) {
  std::vector<Json> records;
  const std::string text = read_file(path);
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    records.push_back(parse_json(std::string_view(text).substr(at, end - at), path.string()));
  return records;
}

}  // namespace tinyzero
