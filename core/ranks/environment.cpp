#include "core/ranks/environment.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "core/base/error.h"

namespace tinyzero {
namespace {

struct Launcher {
  const char* name;
  const char* rank;
  const char* size;
  const char* inside;               // a variable that must be there as well; null: none
  const char* job;                  // names the job; null: the host and port are given
  const char* other_job = nullptr;  // another variable that may name it
};

// In this order, for each may have been started by a later one, whose variables are there as well.
constexpr Launcher kLaunchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "MASTER_ADDR", nullptr},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", nullptr, "OMPI_MCA_ess_base_jobid",
     "PMIX_NAMESPACE"},
    {"mpiexec", "PMI_RANK", "PMI_SIZE", nullptr, "PMI_JOBID"},
    // SLURM_NTASKS is not the step's: in the shell of salloc it is the job's.
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_JOB_ID"}};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::int64_t number(const char* name, std::int64_t low, std::int64_t high) {
  const std::string text = variable(name);
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value >= low && value <= high)
    return value;
  throw Error(std::string(name) + " is \"" + text + "\", not a number from " + std::to_string(low) +
                  " to " + std::to_string(high),
              "it comes from what started the ranks; TINYZERO_RANKS=off runs one process");
}

// What the ranks of this job have in common, and no others.
std::string job_of(const Launcher& launcher) {
  std::string job = variable(launcher.job);
  if (job.empty() && launcher.other_job != nullptr) job = variable(launcher.other_job);
  if (job.empty())
    throw Error(std::string(launcher.name) + " started several ranks and does not name their job",
                "set MASTER_ADDR to the host of rank 0, and MASTER_PORT to a free port there");
  if (launcher.inside != nullptr) job += "." + variable(launcher.inside);
  // Slurm starts a job again under its number, and it may have left its file of addresses.
  if (!variable("SLURM_RESTART_COUNT").empty()) job += "-" + variable("SLURM_RESTART_COUNT");
  return std::string(launcher.name) + "-" + job;
}

}  // namespace

RankPlace place_of_this_rank() {
  constexpr std::int64_t kMostRanks = 1 << 20;
  if (variable("TINYZERO_RANKS") == "off") return {};
  for (const Launcher& launcher : kLaunchers) {
    if (variable(launcher.rank).empty() || variable(launcher.size).empty()) continue;
    if (launcher.inside != nullptr && variable(launcher.inside).empty()) continue;
    RankPlace place{.launcher = launcher.name};
    place.size = number(launcher.size, 1, kMostRanks);
    place.rank = number(launcher.rank, 0, place.size - 1);
    if (place.size == 1) return {};
    if (!variable("MASTER_ADDR").empty()) {
      place.host = variable("MASTER_ADDR");
      place.port = number("MASTER_PORT", 1, 65535);
    } else {
      place.job = job_of(launcher);
    }
    return place;
  }
  return {};
}

}  // namespace tinyzero
