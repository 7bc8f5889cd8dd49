// Ranks over c10d, the engine of the LibTorch that is linked: TCPStore and ProcessGroupGloo. It
// moves bytes and adds nothing.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/base/file.h"
#include "core/ranks/environment.h"
#include "core/ranks/ranks.h"

namespace tinyzero {

struct MeetingOptions {
  std::chrono::seconds limit{600};  // for others to come to an exchange
  std::string interface = {};       // of the network, such as "eth0"; empty: by the host's name
  // Folder that all ranks see: where the first one leaves its address if the launcher names none.
  fs::path folder = {};
};

// Meets the other ranks. Blocks until all are there. Throws Failure if they do not come in time,
// and Error if a rank has no address that the others could reach.
std::unique_ptr<Ranks> meet_ranks(const RankPlace& place, const MeetingOptions& options);

}  // namespace tinyzero
