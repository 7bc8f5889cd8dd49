// Which GPU a rank of a host with several uses: a rank per GPU, in turn.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/file.h"

namespace tinyzero {

// What CUDA_VISIBLE_DEVICES should say for the rank `local` of a host. `visible`: what it says now;
// empty: nothing. `gpus`: how many the host has. Ranks share where there are fewer GPUs; a list of
// one is the launcher's choice and stays. Empty: leave it as it is.
std::string visible_device(const std::string& visible, std::int64_t gpus, std::int64_t local);

// The NVIDIA GPUs of this host, without starting CUDA, which reads the variable then.
std::int64_t count_gpus(const fs::path& devices = "/dev");

}  // namespace tinyzero
