// The engine that a run samples with, by rollout.device.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace tinyzero {

class Engine;
struct Experiment;
struct OpenedRun;

// Throws Error naming the setting that asks for a device which this machine or build lacks.
void check_devices(const Experiment& experiment);

// An engine on the weights of run.model as they are at refresh(), after check_devices(). They must
// not change while it decodes, except with rollout.ahead. `note` receives sentences for the user
// about it.
std::unique_ptr<Engine> rollout_engine(const OpenedRun& run,
                                       const std::function<void(const std::string&)>& note);

}  // namespace tinyzero
