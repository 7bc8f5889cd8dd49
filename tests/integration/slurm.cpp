// A real Slurm on this machine (slurm.sh), and the batch scripts of the documents: the same bits as
// without it, also of what is preempted and started again.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "support/comparisons.h"
#include "support/documents.h"
#include "support/run_results.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/slurm");

namespace {

const fs::path kRoot = TINYZERO_SOURCE;

// The tests may themselves be a job of another cluster.
void forget_outer_job() {
  std::vector<std::string> names;
  for (char** v = environ; *v != nullptr; ++v) {
    const std::string name(*v, std::strcspn(*v, "="));
    if (name.starts_with("SLURM_") || name.starts_with("SBATCH_")) names.push_back(name);
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

// The cluster, and a folder for its jobs that looks like a checkout's.
class Cluster {
 public:
  Cluster() : daemons_({"sh", kRoot / "tests/integration/slurm.sh", folder_ / "cluster"}) {
    const std::string said = daemons_.read_line();
    is_up_ = said == "ready";
    if (!is_up_) MESSAGE(said);
    forget_outer_job();
    ::setenv("SLURM_CONF", (folder_ / "cluster/slurm.conf").c_str(), 1);
    fs::create_directory(work());
    fs::create_symlink(tinyzero_path(), work() / "tinyzero");
    save("train.slurm", file_of_document("docs/many_machines.md", "train.slurm"));
    save("share.slurm", file_of_document("docs/comparing.md", "share.slurm"));
    save("x.yaml", fmt::format("extends: {}/{}\nthreads: 1\n"
                               "train: {{shards: 2, random_reward: 0.5}}\n",
                               kRoot.string(), kConfig));
    // With steps of a length that leaves time to interrupt a run.
    save("long.yaml", "extends: x.yaml\nrollout: {prompts: 32, samples: 16, max_tokens: 64}\n");
  }
  ~Cluster() { stop(); }

  bool is_up() const { return is_up_; }
  fs::path folder() const { return folder_ / "cluster"; }
  fs::path work() const { return folder_ / "work"; }
  void stop() {
    daemons_.finish();
    ::unsetenv("SLURM_CONF");
  }

  // What a command says that must do well. It runs in the jobs' folder.
  std::string must(const std::vector<std::string>& command) const {
    const ProcessResult result = run_process(command, {}, work());
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    return result.out.substr(0, result.out.find_last_not_of('\n') + 1);
  }
  // Trains an experiment without Slurm.
  fs::path train_alone(const std::string& experiment) const {
    must({"./tinyzero", "train", experiment, "--run", "whole"});
    return work() / "whole";
  }

  // Submits a job, or an array; its name.
  std::string submit(std::vector<std::string> words) const {
    words.insert(words.begin(), {"sbatch", "--parsable"});
    return must(words);
  }
  std::string fact(const std::string& job, const std::string& name) const {
    const std::string facts = must({"scontrol", "--oneliner", "show", "job", job});
    const std::size_t at = facts.find(" " + name + "=");
    REQUIRE(at != std::string::npos);
    const std::size_t from = at + name.size() + 2;
    return facts.substr(from, facts.find(' ', from) - from);
  }
  // The state in which a job ends.
  std::string end_of(const std::string& job) const {
    std::string state;
    CHECK(wait_for([&] {
      state = fact(job, "JobState");
      const auto ends = {"COMPLETED", "CANCELLED", "FAILED", "NODE_FAIL", "PREEMPTED", "TIMEOUT"};
      return std::find(ends.begin(), ends.end(), state) != ends.end();
    }));
    return state;
  }
  // What the steps of a job said, each time that it was started.
  std::string said(const std::string& job) const {
    return read_file(work() / fmt::format("slurm-{}.out", job));
  }

 private:
  void save(const std::string& name, const std::string& text) const {
    write_file_synced(work() / name, text);
  }

  TemporaryFolder folder_;
  TalkingProcess daemons_;
  bool is_up_ = false;
};

std::int64_t count(const std::string& text, const std::string& part) {
  std::int64_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

std::size_t steps_of(const fs::path& run) {
  return fs::exists(run / "episodes") ? names_in(run / "episodes").size() : 0;
}

}  // namespace

TEST_CASE("ranks of two jobs at once, in one folder, each give the bits of one process") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const fs::path whole = cluster.train_alone("x.yaml");
  const std::string job = cluster.submit({"--ntasks", "2", "train.slurm", "x.yaml", "batch"});
  cluster.must({"srun", "--ntasks", "2", "./tinyzero", "train", "x.yaml", "--run", "direct"});
  const std::string state = cluster.end_of(job);
  CAPTURE(cluster.said(job));
  CHECK(state == "COMPLETED");
  check_equal_runs(whole, cluster.work() / "batch");
  check_equal_runs(whole, cluster.work() / "direct");
  for (const std::string& name : names_in(cluster.work())) CHECK_FALSE(name.starts_with(".ranks"));
}

TEST_CASE("ranks that are preempted, and requeued once more, go on to the same bits") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const fs::path whole = cluster.train_alone("long.yaml"), run = cluster.work() / "run";
  const std::string job = cluster.submit({"--ntasks", "2", "train.slurm", "long.yaml", "run"});
  REQUIRE(wait_for([&] { return steps_of(run) >= 2; }));
  // Until Slurm wakes it, or it might end before.
  cluster.must({"scancel", "--signal", "STOP", job});
  const std::string urgent =
      cluster.submit({"--partition", "urgent", "--ntasks", "4", "--wrap", "true"});
  CHECK(cluster.end_of(urgent) == "COMPLETED");
  CHECK(read_file(run / "log.txt").find("interrupted") != std::string::npos);
  const std::size_t steps = steps_of(run);
  REQUIRE(wait_for([&] { return steps_of(run) > steps; }));
  cluster.must({"scontrol", "requeue", job});
  const std::string state = cluster.end_of(job), said = cluster.said(job);
  CAPTURE(said);
  CHECK(state == "COMPLETED");
  CHECK(cluster.fact(job, "Restarts") == "2");
  CHECK(count(said, "stopping: the run ends with a checkpoint") == 2);  // not of every rank
  CHECK(count(said, "stopped at once") == 0);
  check_equal_runs(whole, run);
}

TEST_CASE("a task of an array that is requeued changes nothing of a comparison") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const fs::path whole = cluster.work() / "whole", run = cluster.work() / "shared";
  const std::string one_seed = "compare.seeds=[1]";
  REQUIRE(tinyzero::tinyzero(compare(whole, {one_seed})).code == 0);
  const std::string job = cluster.submit(
      {"--array", "0-1", "share.slurm", kRoot / kComparison, "--run", run, one_seed});
  // Of the second share, which begins with the first arm.
  REQUIRE(wait_for([&] { return fs::exists(run / "arms/group/seed-1/config.yaml"); }));
  cluster.must({"scontrol", "requeue", job + "_1"});
  CHECK(cluster.end_of(job + "_0") == "COMPLETED");
  CHECK(cluster.end_of(job + "_1") == "COMPLETED");
  CHECK(cluster.fact(job + "_1", "Restarts") == "1");
  REQUIRE(tinyzero::tinyzero(compare(run, {one_seed})).code == 0);
  check_equal_comparisons(whole, run);
}

TEST_CASE("a share whose job has a signal ends its run with a checkpoint, and is requeued") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const fs::path arm = cluster.work() / "shared/arms/group/seed-1";
  const std::string job =
      cluster.submit({"--array", "0-0", "share.slurm", kRoot / kComparison, "--run", "shared",
                      "compare.budget={steps: 1000}", "eval.every=500", "compare.controls=none"});
  REQUIRE(wait_for([&] { return steps_of(arm) >= 2; }));
  cluster.must({"scancel", "--signal", "TERM", job});
  REQUIRE(wait_for([&] { return cluster.fact(job + "_0", "Restarts") == "1"; }));
  const std::string log = read_file(fs::path(arm) += ".log");
  CAPTURE(log);
  CHECK(count(log, "interrupted") == 1);
  CHECK(count(log, "stopped at once") == 0);  // Slurm signals this process, and so does its parent
}

TEST_CASE("a job that is cancelled ends for good, with a checkpoint") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const fs::path run = cluster.work() / "run";
  const std::string job = cluster.submit({"--ntasks", "2", "train.slurm", "long.yaml", "run"});
  REQUIRE(wait_for([&] { return steps_of(run) >= 2; }));
  cluster.must({"scancel", job});
  CHECK(cluster.end_of(job) == "CANCELLED");
  CHECK(cluster.fact(job, "Restarts") == "0");
  CHECK(read_file(run / "log.txt").find("interrupted") != std::string::npos);
}

TEST_CASE("a batch script that was submitted from inside of a step is one process") {
  const Cluster cluster;
  if (!cluster.is_up()) return;
  const std::string job = cluster.must({"srun", "sbatch", "--parsable", "--ntasks", "2", "--wrap",
                                        "./tinyzero train x.yaml --run alone train.steps=1"});
  const std::string state = cluster.end_of(job);
  CAPTURE(cluster.said(job));
  CHECK(state == "COMPLETED");
}

TEST_CASE("nothing is left of a cluster, whatever its jobs do") {
  Cluster cluster;
  if (!cluster.is_up()) return;
  const std::string job = cluster.submit({"--wrap", "trap '' TERM; touch began; sleep 1000"});
  REQUIRE(wait_for(cluster.work() / "began"));
  cluster.stop();
  CHECK_FALSE(fs::exists(cluster.folder()));
  const std::string find = "grep -lsF '" + cluster.folder().string() + "' /proc/[0-9]*/environ";
  CHECK(run_process({"sh", "-c", find}).out == "");
}
