// Which rank this process is, by the variables that its launcher set: torchrun, Slurm's srun, Open
// MPI's mpirun, MPICH's mpiexec.
#pragma once

#include <cstdint>
#include <string>

namespace tinyzero {

struct RankPlace {
  std::int64_t rank = 0;
  std::int64_t size = 1;
  std::string launcher = {};  // "torchrun", "srun", "mpirun"; empty: none
  // Where the ranks meet: a host that runs rank 0, and a port there. Empty and 0 if the launcher
  // does not say; then a file of all ranks names it.
  std::string host = {};
  std::int64_t port = 0;
  // The same for all ranks of a job, and for no other job on their machines; empty with a host.
  std::string job = {};
};

// Reads RANK and WORLD_SIZE; else OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE; else PMI_RANK and
// PMI_SIZE; else SLURM_PROCID and SLURM_STEP_NUM_TASKS. Throws Error if what it finds makes no
// sense. TINYZERO_RANKS=off, which `compare` sets for its runs, hides all.
RankPlace place_of_this_rank();

}  // namespace tinyzero
