#include "core/cli/torch/train_ranks.h"

#include <ATen/Version.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/cpus.h"
#include "core/base/file_hash.h"
#include "core/c10d/c10d_ranks.h"
#include "core/kernels/kernels.h"
#include "core/ranks/environment.h"
#include "core/ranks/local_device.h"
#include "core/train/opened_run.h"

namespace tinyzero {
namespace {

class Silent : public Observer {
 public:
  void started(const RunFacts&) override {}
  void preflight(const PreflightReport&) override {}
  void warm_start_step(std::int64_t, std::int64_t, double, double) override {}
  void evaluated(const Json&, const Json&, const EvalSample&) override {}
  void stepped(std::int64_t, std::int64_t, const Json&, double) override {}
  void recorded(const Json&) override {}
  void warned(const std::string&) override {}
  void noted(const std::string&) override {}
  void finished(bool, const std::string&, double) override {}
};

// Ranks of one host that may run on the same cores divide them.
void divide_cores(Ranks& ranks) {
  std::string own = ranks.host_of(ranks.rank());
  for (const int core : usable_cores()) own += fmt::format(" {}", core);
  const std::vector<std::string> all = ranks.gather("cores", own);
  share_cores_among(std::count(all.begin(), all.end(), own));
}

// Ranks of one host take its GPUs in turn. CUDA has not begun yet, and will see one.
void choose_gpu(const Ranks& ranks) {
  std::int64_t local = 0;
  for (std::int64_t r = 0; r < ranks.rank(); ++r)
    local += ranks.host_of(r) == ranks.host_of(ranks.rank()) ? 1 : 0;
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible != nullptr && *visible == '\0') return;  // none is to be used
  const std::string own = visible_device(visible != nullptr ? visible : "", count_gpus(), local);
  if (!own.empty()) ::setenv("CUDA_VISIBLE_DEVICES", own.c_str(), 1);
}

std::string hashes_of(const ManifestFacts& facts) {
  std::string out = file_hash(facts.algorithm);
  for (const fs::path& library : facts.tasks) out += " " + file_hash(library);
  return out;
}

// All but the number of threads, which no result depends on.
std::string settings_text(const OpenedRun& run) {
  std::string out;
  for (const ResolvedSetting& s : run.resolved()) {
    if (s.path != "threads") out += s.path + ": " + s.value + "\n";
  }
  return out;
}

// A line for each file, so that an error names the one that differs.
std::string model_text(const Json& files) {
  std::string out;
  for (const auto& [name, hash] : files.items())
    out += fmt::format("{} (hash {})\n", name, hash.get<std::string>());
  return out;
}

std::string files_text(const Json& files) {
  std::string out;
  for (const Json& file : files)
    out += fmt::format("{}: {} (hash {})\n", file["setting"].get<std::string>(),
                       file["path"].get<std::string>(), file["xxh3"].get<std::string>());
  return out;
}

// Null: one process.
std::unique_ptr<Ranks> meet_others(const RanksOptions& options) {
  const RankPlace place = place_of_this_rank();
  if (place.size == 1) return nullptr;
  auto ranks = meet_ranks(place, {.limit = std::chrono::seconds(options.timeout),
                                  .interface = options.interface,
                                  .folder = fs::current_path()});
  divide_cores(*ranks);
  choose_gpu(*ranks);
  return ranks;
}

}  // namespace

std::vector<ProgramFact> program_facts() {
  return {{.what = "build of the program (file hash)",
           .text = program_hash(),
           .remedy = "start one build on all machines: in a folder that all see, or copies of it"},
          {.what = "table of kernels",
           .text = kernels().name,
           .remedy = "for all ranks set TINYZERO_CPU to a table that all machines have, such as "
                     "avx2"},
          {.what = "LibTorch",
           .text = at::show_config(),
           .remedy = "install the same LibTorch on all machines, or share one installation"}};
}

void agree_on_run(Ranks& ranks, OpenedRun& run, const ManifestFacts& facts) {
  if (!ranks.are_many()) return;
  const double micro_batch =
      ranks.of_first("train.micro_batch", static_cast<double>(run.experiment.train.micro_batch));
  if (run.chose_micro_batch) run.set_micro_batch(static_cast<std::int64_t>(micro_batch));
  for (const ProgramFact& fact : program_facts()) ranks.agree(fact.what, fact.text, fact.remedy);
  ranks.agree("library of the task or algorithm (file hash)", hashes_of(facts));
  ranks.agree("value of a setting", settings_text(run));
  ranks.agree("file of the model's folder", model_text(facts.model_files));
  ranks.agree("file that a setting names", files_text(setting_files(facts.settings)));
  ranks.agree("set of held-out problems", facts.problem_set);
}

std::unique_ptr<Observer> silent_observer() { return std::make_unique<Silent>(); }

int with_ranks(const RanksOptions& options, const std::function<int(Ranks&)>& work) {
  std::unique_ptr<Ranks> many;
  try {
    many = meet_others(options);
    return work(many ? *many : one_process());
  } catch (const LostRank& e) {
    if (!e.is_told()) throw;
    if (many) many->tell_noticed();
    return 1;
  } catch (const std::exception&) {
    if (many && !many->tell_failed()) return 1;
    throw;
  }
}

}  // namespace tinyzero
