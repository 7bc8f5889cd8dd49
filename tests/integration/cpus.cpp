// Threads where fewer processors may be used than the machine has.

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "core/base/cpus.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/cpus");

namespace {

// A control group with half a core's worth of time; not everybody may make one.
class HalfCore {
 public:
  HalfCore() {
    for (const char* root :
         {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"}) {
      std::error_code refused;
      path_ = fs::path(root) / ("tinyzero-test-" + std::to_string(::getpid()));
      if (!fs::create_directory(path_, refused)) continue;
      const bool limited = put("cpu.cfs_quota_us", "50000") || put("cpu.max", "50000 100000");
      if (limited && fs::exists(path_ / "cgroup.procs")) return;
      fs::remove(path_, refused);
    }
    path_.clear();
  }
  ~HalfCore() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  HalfCore(const HalfCore&) = delete;
  HalfCore& operator=(const HalfCore&) = delete;

  bool works() const { return !path_.empty() && inside({"true"}).code == 0; }
  ProcessResult inside(const std::vector<std::string>& command) const {
    std::vector<std::string> words = {"sh", "-c", "echo $$ >\"$0\" && exec \"$@\"",
                                      (path_ / "cgroup.procs").string()};
    words.insert(words.end(), command.begin(), command.end());
    return run_process(words, {}, TINYZERO_SOURCE);
  }

 private:
  bool put(const char* file, const char* text) const {
    if (!fs::exists(path_ / file)) return false;
    std::ofstream out(path_ / file);
    return static_cast<bool>(out << text << std::flush);
  }

  fs::path path_;
};

std::vector<std::string> one_core(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"taskset", "-c", std::to_string(usable_cores().front())};
  for (const std::string& word : command_line(arguments)) command.push_back(word);
  return command;
}

std::string threads_of(const fs::path& run) {
  const std::string config = read_file(run / "config.yaml");
  const std::size_t at = config.find("threads: ");
  return config.substr(at, config.find('\n', at) - at);
}

}  // namespace

TEST_CASE("affinity: doctor says so, runs and comparisons take no more") {
  const TemporaryFolder folder;
  const Json doctor = Json::parse(run_process(one_core({"doctor", "--json"})).out);
  CHECK(doctor["cores"] == 1);
  CHECK(doctor["affinity_cores"] == 1);
  CHECK(run_process(one_core(train(folder / "run", {"train.steps=1"})), {}, TINYZERO_SOURCE).code ==
        0);
  CHECK(threads_of(folder / "run") == "threads: 1");
  const ProcessResult compared =
      run_process(one_core({"compare", "tests/integration/comparison.yaml", "--run", folder / "c",
                            "--jobs", "2"}),
                  {}, TINYZERO_SOURCE);
  CHECK(compared.code == 2);
  CHECK(compared.err.find("--jobs is 2, and one core may be used") != std::string::npos);
  if (cpu_allowance().machine > 1) {
    CHECK(compared.err.find("(affinity 1)") != std::string::npos);
    CHECK(run_process(one_core({"doctor"}))
              .out.find("1 of " + std::to_string(cpu_allowance().machine) + " cores (affinity 1") !=
          std::string::npos);
  }
  // Who asks for more gets more.
  CHECK(run_process(one_core(train(folder / "two", {"train.steps=1", "threads=2"})), {},
                    TINYZERO_SOURCE)
            .code == 0);
  CHECK(threads_of(folder / "two") == "threads: 2");
}

TEST_CASE("a quota of processor time: rounded down, and at least one thread") {
  const HalfCore half;
  if (!half.works()) {
    MESSAGE("skipped: no right to make a control group with a quota");
    return;
  }
  const TemporaryFolder folder;
  const Json doctor = Json::parse(half.inside(command_line({"doctor", "--json"})).out);
  CHECK(doctor["cpu_quota"] == 0.5);
  CHECK(doctor["cores"] == 1);
  CHECK(half.inside(command_line({"doctor"})).out.find("CPU quota 0.50") != std::string::npos);
  const ProcessResult trained =
      half.inside(command_line(train(folder / "run", {"train.steps=1", "warm_start.steps=2"})));
  CAPTURE(trained.err);
  CHECK(trained.code == 0);
  CHECK(threads_of(folder / "run") == "threads: 1");
}
