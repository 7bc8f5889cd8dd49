// The file of an optimizer's moments, as a checkpoint has it.
#pragma once

#include "core/model/safetensors.h"
#include "core/optimizer/moments.h"

namespace tinyzero {

// `moments` are those of all weights.
inline void write_moments(const fs::path& file, const Moments& moments) {
  write_tensors(file, moments.tensors(),
                [&](const std::string& name, const auto& take) { take(moments.own_bytes(name)); });
}

}  // namespace tinyzero
