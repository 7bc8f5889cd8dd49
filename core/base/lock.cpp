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

constexpr int kTries = 20;  // a process that only looks has the lock for a moment, too
constexpr auto kPause = std::chrono::milliseconds(10);
constexpr std::uintmax_t kMostWords = 4096;

bool is_unsupported(int problem) {
  return problem == ENOLCK || problem == ENOSYS || problem == EOPNOTSUPP || problem == ENOTSUP ||
         problem == EINVAL;
}

enum class Flock { taken, busy, unsupported };

// flock without waiting; `problem` is why it is not supported.
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

std::string line_of(const char* path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

// State and start of a process, from the words behind its name in /proc/PID/stat: fields 3 and 22.
struct ProcessFacts {
  char state = '?';
  std::string start;  // in ticks since the machine began; empty: there is no such process
};

ProcessFacts facts_of(pid_t pid) {
  const std::string line = line_of(("/proc/" + std::to_string(pid) + "/stat").c_str());
  const std::size_t name_end = line.rfind(')');
  ProcessFacts out;
  if (name_end == std::string::npos) return out;
  std::istringstream words(line.substr(name_end + 1));
  words >> out.state;
  for (int field = 4; field <= 22; ++field) words >> out.start;
  return out;
}

// What tells this process from every other, of this host and of others.
struct Identity {
  std::string host, machine, boot, space, start;
  pid_t pid = -1;

  static Identity own() {
    utsname names{};
    ::uname(&names);
    std::error_code unknown;
    return {names.nodename,
            line_of("/etc/machine-id"),
            line_of("/proc/sys/kernel/random/boot_id"),
            fs::read_symlink("/proc/self/ns/pid", unknown).string(),
            facts_of(::getpid()).start,
            ::getpid()};
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

  // Nothing: these are not such words, or not all of them.
  static std::optional<Identity> parse(const std::string& words) {
    const std::optional<Json> json = json_if_valid(words);
    if (!json || !json->is_object()) return std::nullopt;
    try {
      return Identity{json->at("host"),          json->at("machine"), json->at("boot"),
                      json->at("process_space"), json->at("start"),   json->at("pid")};
    } catch (const Json::exception&) {
      return std::nullopt;
    }
  }

  bool is_alive() const {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    const ProcessFacts now = facts_of(pid);
    if (now.start.empty()) return true;  // nothing says that it is another
    return now.start == start && now.state != 'Z' && now.state != 'X';
  }
};

bool is_there(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

// The words of a held file; nothing: there is none.
std::optional<std::string> read_held(const fs::path& held) {
  if (!is_there(held)) return std::nullopt;
  try {
    return read_file(held, kMostWords);
  } catch (const Error&) {
    if (!is_there(held)) return std::nullopt;  // removed since
    throw;
  }
}

// Who holds by a held file of these words; nothing: a process of this host that is over.
std::optional<LockHolder> holder_of(const std::string& words, const fs::path& held) {
  const std::optional<Identity> named = Identity::parse(words);
  if (!named) return LockHolder{-1, "", held};
  const Identity own = Identity::own();
  if (named->host != own.host || named->machine != own.machine)
    return LockHolder{named->pid, named->host, held};
  if (named->boot != own.boot) return std::nullopt;  // this host was started again since
  if (named->space != own.space)
    return LockHolder{named->pid, named->host + " (in a container)", held};
  if (!named->is_alive()) return std::nullopt;
  return LockHolder{named->pid, "", held};
}

// Makes a file that is not there yet. False: there is one.
bool make_file(const fs::path& path, const std::string& words) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  if (fd < 0) throw Error("cannot make " + path.string() + ": " + system_words(errno));
  const FileHandle file = FileHandle::adopt(fd);
  try {
    file.write(words, path);
    file.sync(path);
  } catch (const Error&) {
    ::unlink(path.c_str());
    throw;
  }
  return true;
}

// Takes away a held file that is over, if it still says `words`. One process at a time does so:
// else one that looked earlier could take away what another has made since.
void remove_held(const fs::path& held, const std::string& words) {
  const fs::path guard = held.string() + ".removal";
  for (int tries = 0; !make_file(guard, ""); ++tries) {
    if (tries == kTries)
      throw Error(guard.string() + " says that a process removes " + held.string(),
                  "if none does, delete both");
    std::this_thread::sleep_for(kPause);
  }
  const auto now = read_held(held);
  if (now && *now == words) ::unlink(held.c_str());
  ::unlink(guard.c_str());
}

// Who holds by the held file of `path`, one that is over taken away.
std::optional<LockHolder> holder_by_file(const fs::path& held, bool remove) {
  std::optional<LockHolder> holder;
  for (int tries = 0; tries < kTries; ++tries) {  // one that was only just made has no words yet
    const auto words = read_held(held);
    if (!words) return std::nullopt;
    holder = holder_of(*words, held);
    if (!holder) {
      if (remove) remove_held(held, *words);
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
    if (read_held(held_) == words_) ::unlink(held_.c_str());
  } catch (const Error&) {  // replaced by something else, which is not this lock's to remove
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : held_(std::exchange(other.held_, {})),
      words_(std::move(other.words_)),
      note_(std::move(other.note_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(held_, other.held_);
  std::swap(words_, other.words_);
  std::swap(note_, other.note_);
  return *this;
}

std::optional<LockHolder> FileLock::take(const FileHandle& file, const fs::path& path) {
  const fs::path held = held_path(path);
  int problem = 0;
  Flock result = Flock::busy;
  for (int tries = 0; (result = try_flock(file.fd(), LOCK_EX, path, problem)) == Flock::busy;
       ++tries) {
    if (tries == kTries) return LockHolder{};
    std::this_thread::sleep_for(kPause);
  }
  // Also where flock works: another host may not have it.
  if (const auto holder = holder_by_file(held, /*remove=*/true)) {
    if (result == Flock::taken) ::flock(file.fd(), LOCK_UN);
    return holder;
  }
  if (result == Flock::taken) return std::nullopt;
  const std::string words = Identity::own().json();
  for (int tries = 0; !make_file(held, words); ++tries) {
    if (const auto holder = holder_by_file(held, /*remove=*/true)) return holder;
    if (tries == kTries) return LockHolder{-1, "", held};
  }
  held_ = held;
  words_ = words;
  note_ = "the file system of " + path.string() + " has no locks (flock: " + system_words(problem) +
          "); " + held.string() + " keeps other processes out instead";
  return std::nullopt;
}

std::optional<LockHolder> lock_holder(const fs::path& path) {
  std::error_code unknown;
  if (!fs::exists(path, unknown)) return std::nullopt;
  const FileHandle file(path, O_RDONLY);
  int problem = 0;
  if (try_flock(file.fd(), LOCK_SH, path, problem) == Flock::busy) return LockHolder{};
  return holder_by_file(held_path(path), /*remove=*/false);
}

}  // namespace tinyzero
