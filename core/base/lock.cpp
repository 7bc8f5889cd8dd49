#include "core/base/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/told_error.h"

namespace tinyzero {
namespace {

constexpr int kTries = 20;  // a process that only looks also holds the lock for a moment
constexpr auto kPause = std::chrono::milliseconds(10);
constexpr std::uintmax_t kMostBytes = 4096;  // of a held file

bool is_unsupported(int problem) {
  return problem == ENOLCK || problem == ENOSYS || problem == EOPNOTSUPP || problem == ENOTSUP ||
         problem == EINVAL;
}

enum class Flock { taken, busy, unsupported };

// flock without waiting. Sets `problem` to the errno if it is not supported.
Flock try_flock(int fd, int operation, const fs::path& path, int& problem) {
  while (::flock(fd, operation | LOCK_NB) != 0) {
    problem = errno;
    if (problem == EINTR) continue;
    if (problem == EWOULDBLOCK) return Flock::busy;
    if (is_unsupported(problem)) return Flock::unsupported;
    throw Error("cannot lock " + path.string() + ": " + system_words(problem),
                system_hint(problem));
  }
  return Flock::taken;
}

// flock for writing; waits for a moment.
Flock wait_for_flock(int fd, const fs::path& path, int& problem) {
  Flock result = Flock::busy;
  for (int tries = 0; tries <= kTries && result == Flock::busy; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kPause);
    result = try_flock(fd, LOCK_EX, path, problem);
  }
  return result;
}

std::string first_line(const char* path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

// State and start time of a process: fields 3 and 22 of /proc/PID/stat, counted from behind the
// name, which may contain anything.
struct ProcessFacts {
  char state = '?';
  std::string start;  // in ticks since the machine booted; empty if there is no such process
};

ProcessFacts facts_of(pid_t pid) {
  const std::string line = first_line(("/proc/" + std::to_string(pid) + "/stat").c_str());
  const std::size_t name_end = line.rfind(')');
  ProcessFacts out;
  if (name_end == std::string::npos) return out;
  std::istringstream words(line.substr(name_end + 1));
  words >> out.state;
  for (int field = 4; field <= 22; ++field) words >> out.start;
  return out;
}

// What distinguishes a process from every other one, on this host and on others.
struct Identity {
  std::string host;
  std::string machine;
  std::string boot;
  std::string space;  // the namespace of process ids
  std::string start;
  pid_t pid = -1;

  static Identity own() {
    utsname names{};
    ::uname(&names);
    std::error_code unknown;
    return {.host = names.nodename,
            .machine = first_line("/etc/machine-id"),
            .boot = first_line("/proc/sys/kernel/random/boot_id"),
            .space = fs::read_symlink("/proc/self/ns/pid", unknown).string(),
            .start = facts_of(::getpid()).start,
            .pid = ::getpid()};
  }

  std::string json() const {
    return json_line({{"host", host},
                      {"pid", pid},
                      {"machine", machine},
                      {"boot", boot},
                      {"process_space", space},
                      {"start", start}}) +
           "\n";
  }

  // Nothing if the text is not an identity, or not a complete one.
  static std::optional<Identity> parse(const std::string& text) {
    const std::optional<Json> json = json_if_valid(text);
    if (!json || !json->is_object()) return std::nullopt;
    try {
      return Identity{.host = json->at("host"),
                      .machine = json->at("machine"),
                      .boot = json->at("boot"),
                      .space = json->at("process_space"),
                      .start = json->at("start"),
                      .pid = json->at("pid")};
    } catch (const Json::exception&) {
      return std::nullopt;
    }
  }

  bool is_alive() const {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    const ProcessFacts now = facts_of(pid);
    if (now.start.empty()) return true;  // without a start time it counts as the same process
    return now.start == start && now.state != 'Z' && now.state != 'X';
  }
};

bool is_there(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

// The content of a held file; nothing if there is no such file.
std::optional<std::string> read_held(const fs::path& held) {
  if (!is_there(held)) return std::nullopt;
  try {
    return read_file(held, kMostBytes);
  } catch (const Error&) {
    if (!is_there(held)) return std::nullopt;  // removed in between
    throw;
  }
}

// The holder that a held file names; nothing if it was a process of this host that has ended.
std::optional<LockHolder> holder_of(const std::string& content, const fs::path& held) {
  const std::optional<Identity> named = Identity::parse(content);
  if (!named) return LockHolder{.held_file = held};
  const Identity own = Identity::own();
  if (named->host != own.host || named->machine != own.machine)
    return LockHolder{.pid = named->pid, .host = named->host, .held_file = held};
  if (named->boot != own.boot) return std::nullopt;  // this host has rebooted
  if (named->space != own.space)
    return LockHolder{
        .pid = named->pid, .host = named->host + " (in a container)", .held_file = held};
  if (!named->is_alive()) return std::nullopt;
  return LockHolder{.pid = named->pid, .held_file = held};
}

// Creates a file. False if it exists already.
bool make_file(const fs::path& path, const std::string& content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  if (fd < 0) throw Error("cannot make " + path.string() + ": " + system_words(errno));
  const FileHandle file = FileHandle::adopt(fd);
  try {
    file.write(content, path);
    file.sync(path);
  } catch (const Error&) {
    ::unlink(path.c_str());
    throw;
  }
  return true;
}

// Removes a stale held file if it still has this content. One process at a time does so: otherwise
// one that looked earlier could remove a file that another has just made.
void remove_held(const fs::path& held, const std::string& content) {
  const fs::path guard = held.string() + ".removal";
  for (int tries = 0; !make_file(guard, ""); ++tries) {
    if (tries == kTries)
      throw Error(guard.string() + " says that a process removes " + held.string(),
                  "if none does, delete both");
    std::this_thread::sleep_for(kPause);
  }
  const auto now = read_held(held);
  if (now && *now == content) ::unlink(held.c_str());
  ::unlink(guard.c_str());
}

enum class Stale { keep, remove };

// The holder that the held file names, if any. `stale`: what to do with the file of a process that
// has ended.
std::optional<LockHolder> holder_by_file(const fs::path& held, Stale stale) {
  std::optional<LockHolder> holder;
  for (int tries = 0; tries < kTries; ++tries) {  // a file that was just made is still empty
    const auto content = read_held(held);
    if (!content) return std::nullopt;
    holder = holder_of(*content, held);
    if (!holder) {
      if (stale == Stale::remove) remove_held(held, *content);
      return std::nullopt;
    }
    if (holder->pid > 0) return holder;
    std::this_thread::sleep_for(kPause);
  }
  return holder;
}

}  // namespace

std::string LockHolder::name() const {
  if (pid <= 0) return "another process";
  return "process " + std::to_string(pid) + (host.empty() ? "" : " on the host " + host);
}

std::string LockHolder::hint(const std::string& wait) const {
  if (held_file.empty() || (host.empty() && pid > 0)) return wait;
  return wait + "; if that process is over, delete " + held_file.string();
}

fs::path held_path(const fs::path& path) {
  const std::string name = path.filename().string();
  return path.parent_path() / ((name.starts_with(".") ? "" : ".") + name + ".held");
}

FileLock::~FileLock() {
  if (held_.empty()) return;
  try {
    if (read_held(held_) == content_) ::unlink(held_.c_str());
  } catch (const Error&) {  // something else has replaced it, which stays
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : held_(std::exchange(other.held_, {})),
      content_(std::move(other.content_)),
      note_(std::move(other.note_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(held_, other.held_);
  std::swap(content_, other.content_);
  std::swap(note_, other.note_);
  return *this;
}

std::optional<LockHolder> FileLock::take(const FileHandle& file, const fs::path& path) {
  const fs::path held = held_path(path);
  int problem = 0;
  const Flock result = wait_for_flock(file.fd(), path, problem);
  if (result == Flock::busy) return LockHolder{};
  // The second file counts even where flock works: it may not work on another host.
  if (const auto holder = holder_by_file(held, Stale::remove)) {
    if (result == Flock::taken) ::flock(file.fd(), LOCK_UN);
    return holder;
  }
  if (result == Flock::taken) return std::nullopt;
  const std::string content = Identity::own().json();
  for (int tries = 0; !make_file(held, content); ++tries) {
    if (const auto holder = holder_by_file(held, Stale::remove)) return holder;
    if (tries == kTries) return LockHolder{.held_file = held};
  }
  held_ = held;
  content_ = content;
  note_ = "the file system of " + path.string() + " has no locks (flock: " + system_words(problem) +
          "); " + held.string() + " keeps other processes out instead";
  return std::nullopt;
}

HeldFile::HeldFile(const fs::path& path)
    : file_(path, O_RDWR | O_CREAT | O_NOFOLLOW), holder_(lock_.take(file_, path)) {}

std::optional<LockHolder> lock_holder(const fs::path& path) {
  std::error_code unknown;
  if (!fs::exists(path, unknown)) return std::nullopt;
  const FileHandle file(path, O_RDONLY);
  int problem = 0;
  if (try_flock(file.fd(), LOCK_SH, path, problem) == Flock::busy) return LockHolder{};
  return holder_by_file(held_path(path), Stale::keep);
}

}  // namespace tinyzero
