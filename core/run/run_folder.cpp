#include "core/run/run_folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <optional>

#include "core/base/error.h"
#include "core/base/foreign_text.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/run/checkpoint_folder.h"
#include "core/run/episode_file.h"
#include "core/run/event_file.h"

namespace tinyzero {
namespace {

constexpr const char* kLock = ".lock";
constexpr const char* kUnsaved = ".unsaved";
// The name of an event file: the start of the run is between these.
constexpr std::string_view kEvents = "events.out.tfevents.";
constexpr std::string_view kEventsEnd = ".tinyzero";

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

// The id of the process that holds a run's lock; -1 if it is unknown on this host.
pid_t pid_of(const LockHolder& holder, const fs::path& lock) {
  if (holder.held_file.empty()) return pid_in(lock);
  return holder.host.empty() ? holder.pid : -1;
}

// Opens the lock of a folder and takes it.
FileHandle take_lock(const fs::path& folder, FileLock& lock) {
  const fs::path path = folder / kLock;
  FileHandle file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (auto holder = lock.take(file, path)) {
    if (holder->held_file.empty()) holder->pid = pid_in(path);
    throw Error(holder->name() + " is writing to the run folder " + folder.string(),
                holder->hint("wait for it, or choose another folder with --run"));
  }
  if (::ftruncate(file.fd(), 0) == 0) file.write(fmt::format("{}\n", ::getpid()), path);
  return file;
}

// Whether a folder is empty, except for what a run leaves that was killed before config.yaml.
bool holds_nothing(const fs::path& folder) {
  const std::string held = held_path(kLock).string();
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool empty = (name == "checkpoints" || name == "episodes") && fs::is_empty(entry);
    const bool own = name == kLock || name == held || name == kUnsaved ||
                     name == "config.yaml.tmp" || is_temporary_name(name);
    if (!own && !empty) return false;
  }
  return true;
}

// Removes temporary files that a killed process has left in a folder.
void remove_temporary(const fs::path& folder) {
  std::vector<fs::path> left;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (is_temporary_name(entry.path().filename().string())) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove(path, missing);
}

// The byte before `at`; 0 if there is none.
char byte_before(const FileHandle& file, std::int64_t at) {
  char byte = 0;
  return at > 0 && ::pread(file.fd(), &byte, 1, at - 1) == 1 ? byte : '\0';
}

// The start of the run in the name of an event file; nothing for other files, which may be the
// user's.
std::optional<std::int64_t> event_file_time(const std::string& name) {
  if (!name.starts_with(kEvents) || !name.ends_with(kEventsEnd)) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, problem] =
      std::from_chars(name.data() + kEvents.size(), name.data() + name.size(), seconds);
  return problem == std::errc() ? std::optional(seconds) : std::nullopt;
}

Error exists_already(const fs::path& path) {
  return Error("the run folder " + path.string() + " exists already",
               "continue it with `train --resume " + shell_word(path.string()) +
                   "`, or choose another with --run");
}

// Cuts metrics.jsonl to its size at a checkpoint.
void cut_metrics(const fs::path& path, std::int64_t bytes) {
  constexpr const char* kHint = "restore the file, or start a new run";
  struct stat now{};
  const bool exists = ::stat(path.c_str(), &now) == 0;
  if ((exists ? now.st_size : 0) < bytes)
    throw Error(path.string() + " is shorter than at the checkpoint", kHint);
  if (!exists) return;
  const FileHandle file(path, O_RDWR);
  if (bytes > 0 && byte_before(file, bytes) != '\n')
    throw Error(fmt::format("{} was changed: at the checkpoint a line ended after byte {}",
                            path.string(), bytes),
                kHint);
  if (::ftruncate(file.fd(), bytes) != 0)
    throw Failure("cannot cut " + path.string() + ": " + system_words(errno));
}

}  // namespace

RunFolder RunFolder::create(const fs::path& path, const std::string& config) {
  std::error_code problem;
  if (fs::exists(path) && (!fs::is_directory(path) || !holds_nothing(path)))
    throw exists_already(path);
  fs::create_directories(path / "checkpoints", problem);
  if (!problem) fs::create_directories(path / "episodes", problem);
  if (problem)
    throw Error(
        "cannot make the run folder " + path.string() + ": " + system_words(problem.value()),
        "choose a folder you may write to with --run");
  return RunFolder(path, Access::write, &config);
}

RunFolder RunFolder::open(const fs::path& path, Access access) {
  if (!fs::exists(path / "config.yaml"))
    throw Error(path.string() + " is not a run folder: it has no config.yaml",
                "give the folder of an earlier `train`");
  return RunFolder(path, access);
}

RunFolder::RunFolder(fs::path path, Access access, const std::string* new_config)
    : path_(std::move(path)) {
  if (access == Access::read) return;
  lock_file_ = take_lock(path_, lock_);
  // Pipes and the like are refused before anything is written.
  for (const fs::path& file : {metrics(), log_file()}) {
    if (std::error_code missing; fs::exists(file, missing)) FileHandle(file, O_RDONLY);
  }
  if (new_config == nullptr) return;
  if (fs::exists(config())) throw exists_already(path_);  // another process was quicker
  write_file_synced(path_ / kUnsaved, "");
  write_file_atomically(config(), *new_config);
  start();
}

pid_t RunFolder::writer(const fs::path& path) {
  const auto holder = lock_holder(path / kLock);
  return holder ? pid_of(*holder, path / kLock) : 0;
}

void RunFolder::check_checkpoints() const {
  if (!list_checkpoints(checkpoints()).empty()) return;
  std::error_code missing;
  const std::uintmax_t bytes = fs::file_size(metrics(), missing);
  const bool has_metrics = !missing && bytes > 0;
  const bool has_episodes = !episode_files(path_).empty();
  const bool never_saved = fs::exists(path_ / kUnsaved) && !has_episodes;
  if (never_saved || (!has_metrics && !has_episodes)) return;
  const bool exists = fs::is_directory(checkpoints(), missing);
  throw Error(
      fmt::format("the run {} has {} and no checkpoint to resume from: {} {}; nothing was changed",
                  path_.string(), has_episodes ? "episodes" : "metrics", checkpoints().string(),
                  exists ? "holds none" : "is missing"),
      "restore that folder, or start a new run with --run; to start this one again, move "
      "metrics.jsonl and episodes/ away");
}

void RunFolder::note_checkpoint() const {
  std::error_code ignored;
  fs::remove(path_ / kUnsaved, ignored);
}

void RunFolder::check_in_place() const {
  struct stat held{};
  struct stat found{};
  const bool same = ::fstat(lock_file_.fd(), &held) == 0 &&
                    ::stat((path_ / kLock).c_str(), &found) == 0 && held.st_ino == found.st_ino &&
                    held.st_dev == found.st_dev;
  if (!same)
    throw Failure(
        "the run folder " + path_.string() + " was removed, moved or replaced during the run",
        "resume the run where the folder is now, or start a new run");
}

void RunFolder::start() {
  make_folders(checkpoints());
  make_folders(path_ / "episodes");
  for (const fs::path& folder :
       {path_, path_ / "episodes", path_ / "faults", path_ / "tensorboard"})
    remove_temporary(folder);
  metrics_ = FileHandle(metrics(), O_RDWR | O_CREAT | O_APPEND);
  open_log();
  begin_events();
}

void RunFolder::open_log() {
  if (log_.fd() >= 0) return;
  log_ = FileHandle(log_file(), O_RDWR | O_CREAT | O_APPEND);
  struct stat status{};
  if (::fstat(log_.fd(), &status) != 0 || status.st_size == 0) return;
  // A crash of the machine may have cut the last line.
  if (byte_before(log_, status.st_size) != '\n') log_.write("\n", log_file());
}

void RunFolder::begin_events() {
  const fs::path folder = path_ / "tensorboard";
  make_folders(folder);
  began_ = std::time(nullptr);
  for (const auto& entry : fs::directory_iterator(folder))
    began_ = event_file_time(entry.path().filename().string()).value_or(began_);
  const fs::path path = folder / fmt::format("{}{:.0f}{}", kEvents, began_, kEventsEnd);
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
  const fs::path folder = path_ / "faults";
  const fs::path path = folder / fmt::format("step-{:06d}.json", step);
  make_folders(folder);
  write_file_atomically(path, json_line(batch) + "\n");
  return path;
}

void RunFolder::log(const std::string& line) {
  const std::string dated = fmt::format("{:%Y-%m-%d %H:%M:%S}  {}\n",
                                        fmt::localtime(std::time(nullptr)), printable(line));
  try {
    open_log();
  } catch (const Error&) {
    return;
  }
  [[maybe_unused]] const ssize_t written = ::write(log_.fd(), dated.data(), dated.size());
}

std::int64_t RunFolder::metrics_bytes() const {
  metrics_.sync(metrics());
  return fs::file_size(metrics());
}

void RunFolder::rewind(std::int64_t bytes, std::int64_t step) {
  cut_metrics(metrics(), bytes);
  start();
  std::vector<fs::path> later;
  for (const auto& entry : fs::directory_iterator(path_ / "episodes")) {
    if (episode_file_step(entry.path().filename().string()).value_or(-1) > step)
      later.push_back(entry.path());
  }
  for (const fs::path& path : later) fs::remove(path);
}

std::vector<Json> read_metrics(const fs::path& path) {
  std::vector<Json> records;
  const std::string text = read_file(path);
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    records.push_back(parse_json(std::string_view(text).substr(at, end - at), path.string()));
  return records;
}

}  // namespace tinyzero
