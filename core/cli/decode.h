// The engine that a command decodes with, chosen by --device and --precision.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/model/parameters.h"
#include "core/rollout/engine.h"

namespace tinyzero {

struct DecodeOptions {
  std::string device = "cpu";  // cpu or cuda
  std::string precision;  // f32 or bf16; empty: f32, except that TINYZERO_CPU decides on the CPU
};

void add_decode_options(CLI::App& command, DecodeOptions& options);

// Makes an engine for a model, which must outlive it.
using EngineMaker = std::function<std::unique_ptr<Engine>(const Model&)>;

// To be called before anything is read or written: for another device than the CPU, the program
// tinyzero becomes tinyzero-train. Throws Error if there is no such device.
EngineMaker engine_maker(const GlobalOptions& global, const DecodeOptions& options);

// Engines on an NVIDIA GPU. Null in the program tinyzero, which does not link this function.
[[gnu::weak]] EngineMaker cuda_engine_maker(const DecodeOptions& options);

}  // namespace tinyzero
