// Which rank a process is, by what launchers set.

#include "core/ranks/environment.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/ranks/environment");

namespace {

const char* const kNames[] = {"RANK",
                              "WORLD_SIZE",
                              "MASTER_ADDR",
                              "MASTER_PORT",
                              "SLURM_PROCID",
                              "SLURM_NTASKS",
                              "SLURM_STEP_ID",
                              "SLURM_STEP_NUM_TASKS",
                              "SLURM_RESTART_COUNT",
                              "SLURM_JOB_ID",
                              "OMPI_COMM_WORLD_RANK",
                              "OMPI_COMM_WORLD_SIZE",
                              "OMPI_MCA_ess_base_jobid",
                              "PMI_RANK",
                              "PMI_SIZE",
                              "PMI_JOBID",
                              "PMIX_NAMESPACE",
                              "TINYZERO_RANKS"};

// The place with these variables alone.
RankPlace place(const std::map<std::string, std::string>& variables) {
  for (const char* name : kNames) ::unsetenv(name);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  try {
    const RankPlace found = place_of_this_rank();
    for (const char* name : kNames) ::unsetenv(name);
    return found;
  } catch (...) {
    for (const char* name : kNames) ::unsetenv(name);
    throw;
  }
}

}  // namespace

TEST_CASE("each launcher says rank and size in its own variables") {
  CHECK(place({}).size == 1);
  const RankPlace torchrun =
      place({{"RANK", "2"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "n1"}, {"MASTER_PORT", "29500"}});
  CHECK(torchrun.rank == 2);
  CHECK(torchrun.size == 4);
  CHECK(torchrun.host == "n1");
  CHECK(torchrun.port == 29500);
  const RankPlace mpirun = place({{"OMPI_COMM_WORLD_RANK", "1"},
                                  {"OMPI_COMM_WORLD_SIZE", "2"},
                                  {"OMPI_MCA_ess_base_jobid", "77"}});
  CHECK(mpirun.rank == 1);
  CHECK(mpirun.launcher == "mpirun");
  CHECK(mpirun.host == "");
  CHECK(mpirun.job == "mpirun-77");
  CHECK(place({{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}, {"PMI_JOBID", "8"}}).size == 3);
  CHECK(place({{"OMPI_COMM_WORLD_RANK", "1"},
               {"OMPI_COMM_WORLD_SIZE", "2"},
               {"PMIX_NAMESPACE", "prterun-9"}})
            .job == "mpirun-prterun-9");  // Open MPI 5
}

// As Slurm 22.05 sets them. A job that is submitted from a step inherits the variables of that
// step, but not the number of tasks.
TEST_CASE("Slurm's ranks are those of a step: a batch script and salloc's shell are one process") {
  const std::map<std::string, std::string> batch = {
      {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "5"}};
  CHECK(place(batch).size == 1);
  auto shell = batch;
  shell["SLURM_STEP_ID"] = "4294967290";
  shell["SLURM_STEP_NUM_TASKS"] = "1";
  CHECK(place(shell).size == 1);
  auto step = batch;
  step["SLURM_STEP_ID"] = "1";
  step["SLURM_STEP_NUM_TASKS"] = "4";
  CHECK(place(step).size == 4);
  CHECK(place(step).job == "srun-5.1");
}

TEST_CASE("mpirun in a shell that Slurm started counts, not the shell") {
  std::map<std::string, std::string> shell = {{"SLURM_PROCID", "0"},
                                              {"SLURM_STEP_NUM_TASKS", "1"},
                                              {"SLURM_STEP_ID", "4294967290"},
                                              {"SLURM_JOB_ID", "5"},
                                              {"OMPI_COMM_WORLD_RANK", "1"},
                                              {"OMPI_COMM_WORLD_SIZE", "2"},
                                              {"OMPI_MCA_ess_base_jobid", "77"}};
  CHECK(place(shell).rank == 1);
  CHECK(place(shell).job == "mpirun-77");
}

TEST_CASE("a job that Slurm starts again does not meet where it met before") {
  const std::map<std::string, std::string> step = {{"SLURM_PROCID", "0"},
                                                   {"SLURM_STEP_NUM_TASKS", "2"},
                                                   {"SLURM_STEP_ID", "0"},
                                                   {"SLURM_JOB_ID", "5"},
                                                   {"SLURM_RESTART_COUNT", "3"}};
  CHECK(place(step).job == "srun-5.0-3");
}

TEST_CASE("a single rank, and ranks that are off, are one process") {
  CHECK(place({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}}).launcher == "");
  CHECK(place({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"TINYZERO_RANKS", "off"}}).size == 1);
}

TEST_CASE("variables that make no sense are refused by name") {
  CHECK_THROWS_WITH_AS(place({{"PMI_RANK", "2"}, {"PMI_SIZE", "2"}}),
                       "PMI_RANK is \"2\", not a number from 0 to 1", Error);
  CHECK_THROWS_AS(place({{"PMI_RANK", "x"}, {"PMI_SIZE", "2"}}), Error);
  CHECK_THROWS_WITH_AS(place({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}),
                       "mpiexec started several ranks and does not name their job", Error);
  CHECK_THROWS_AS(place({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "n1"}}), Error);
}
