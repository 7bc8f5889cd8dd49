#include "core/plugin/python/python_code.h"

#include <linux/landlock.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/plugin/worker/filters.h"
#include "core/plugin/worker/landlock.h"
#include "core/plugin/worker/own_files.h"
#include "core/plugin/worker/sandbox.h"
#include "core/plugin/worker/wire.h"

namespace tinyzero {
namespace {

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
constexpr std::uint64_t LANDLOCK_ACCESS_FS_TRUNCATE = std::uint64_t{1} << 14;
#endif

// What looking up and certifying the names of hosts reads.
constexpr const char* kNetworkFiles[] = {"/etc/resolv.conf",
                                         "/etc/hosts",
                                         "/etc/nsswitch.conf",
                                         "/etc/host.conf",
                                         "/etc/gai.conf",
                                         "/etc/services",
                                         "/etc/ssl",
                                         "/etc/pki",
                                         "/etc/protocols",
                                         "/etc/ca-certificates",
                                         "/run/systemd/resolve"};

void write_rule(WireWriter& out, const fs::path& path, std::uint64_t rights) {
  out.text(path.string());
  out.integer(rights);
}

}  // namespace

PythonCode::PythonCode(PythonName name, PythonSettings settings)
    : name_{name.file.empty() ? "" : fs::absolute(name.file), std::move(name.object)},
      settings_(std::move(settings)),
      interpreter_(find_python(settings_.python)),
      file_(name_.file.empty() ? interpreter_.generators : name_.file) {
  if (!file_.empty()) return;
  throw Error("\"" + use() + "\" is a generator of reasoning-gym, which " +
                  interpreter_.program.string() + " does not have",
              "install it: " + interpreter_.program.string() + " -m pip install reasoning-gym");
}

std::string PythonCode::use() const {
  if (name_.file.empty()) return "rg:" + name_.object;
  return name_.file.string() + (name_.object.empty() ? "" : ":" + name_.object);
}

std::vector<std::string> PythonCode::command(const WorkerSetup&) const {
  return {interpreter_.program.string(), "-B", python_part("tinyzero_serve.py").string(),
          std::to_string(::getpid())};
}

std::vector<std::string> PythonCode::environment(const WorkerSetup& setup) const {
  std::vector<std::string> out = {"PYTHONHASHSEED=0", "PYTHONUTF8=1", "OMP_NUM_THREADS=1"};
  std::vector<std::string> passed = settings_.variables;
  passed.insert(passed.end(), {"PYTHONPATH", "PYTHONHOME"});
  if (settings_.processes) passed.emplace_back("PATH");
  for (const std::string& name : passed) {
    if (const char* value = std::getenv(name.c_str()); value != nullptr)
      out.push_back(name + "=" + value);
  }
  if (const std::string path = own_folders(std::getenv("LD_LIBRARY_PATH")); !path.empty())
    out.push_back("LD_LIBRARY_PATH=" + path);
  out.insert(out.end(), setup.variables.begin(), setup.variables.end());
  return out;
}

std::string PythonCode::start_hint() const { return "task.python names the interpreter"; }

std::string PythonCode::create_hint(const Error& error) const {
  return !error.hint().empty()
             ? error.hint()
             : "`tinyzero task show " + shell_word(use()) + "` explains its settings";
}

std::vector<fs::path> PythonCode::readable_files(const WorkerSetup& setup) const {
  std::vector<fs::path> out = setup.readable;
  for (const std::string& path : system_files()) out.emplace_back(path);
  for (const fs::path& folder : interpreter_.folders) {
    if (!is_shared_folder(real_path(folder))) out.push_back(folder);
  }
  if (!name_.file.empty()) {
    for (const fs::path& path : own_files(name_.file)) out.push_back(path);
  }
  if (settings_.network) {
    for (const char* path : kNetworkFiles) out.emplace_back(path);
  }
  return out;
}

void PythonCode::write_opening(WireWriter& out, const WorkerSetup& setup, pid_t worker) const {
  const std::uint64_t rights = landlock_rights();
  const std::uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
  const std::vector<sock_filter> filter =
      interpreter_filter(worker, {.network = settings_.network,
                                  .processes = settings_.processes,
                                  .files_are_ruled = (rights & LANDLOCK_ACCESS_FS_TRUNCATE) != 0});
  out.integer(kSanitized ? 0 : setup.memory);
  out.integer(filter.size());
  out.bytes(filter.data(), filter.size() * sizeof(sock_filter));
  out.integer(rights);
  const std::vector<fs::path> readable = readable_files(setup);
  const std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                (settings_.processes ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
  out.integer(readable.size() + 1);
  for (const fs::path& path : readable) write_rule(out, path, reading);
  write_rule(out, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | writing);
  out.text(name_.file.string());
  out.text(name_.object);
}

}  // namespace tinyzero
