// The engine that a command decodes with, by --device and --precision.
#pragma once

#include <functional>
#include <memory>

#include "core/cli/options.h"
#include "core/model/parameters.h"
#include "core/rollout/engine.h"

namespace tinyzero {

// Makes an engine for a model, which must outlive it.
using EngineMaker = std::function<std::unique_ptr<Engine>(const Model&)>;

// To be called before anything is read or written: for a device that is not the CPU the program
// tinyzero becomes tinyzero-train. Throws Error if there is no such device.
EngineMaker engine_maker(const GlobalOptions& global, const DecodeOptions& options);

// Of CPU engines with one worker a core.
EngineMaker cpu_engine_maker(const DecodeOptions& options);

}  // namespace tinyzero
