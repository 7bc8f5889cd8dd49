// The engine that a run samples with, by rollout.device.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/rollout/engine.h"
#include "core/train/opened_run.h"

namespace tinyzero {

// Throws Error that names the setting, if it asks for a device that this machine or build does not
// have.
void check_devices(const Experiment& experiment);

// On the weights of parts.model, after check_devices(); `note` is called with what is worth knowing
// about it.
std::unique_ptr<Engine> rollout_engine(const OpenedRun& parts,
                                       const std::function<void(const std::string&)>& note);

}  // namespace tinyzero
