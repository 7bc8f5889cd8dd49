// Numbers of bitsandbytes, and the gradients that they were made from; see
// tests/golden/optimizer/README.md.
#pragma once

#include <cmath>

#include "core/base/file.h"
#include "core/base/json.h"
#include "support/golden.h"

namespace tinyzero {

inline const Json& bitsandbytes() {
  static const Json golden = [] {
    const fs::path given = golden_folder() / "optimizer/bitsandbytes.json";
    const fs::path path =
        fs::exists(given) ? given
                          : fs::path(TINYZERO_SOURCE) / "tests/golden/optimizer/bitsandbytes.json";
    return parse_json(read_file(path), path.string());
  }();
  return golden;
}

// The gradient of number i at a step, as make.py has it.
inline float gradient_at(std::int64_t i, int step) {
  const double number = std::sin(0.37 * static_cast<double>(i) + step) + (i % 2 == 0 ? 1.2 : -1.2);
  return static_cast<float>(number * std::pow(10.0, -static_cast<double>(i % 3)));
}

}  // namespace tinyzero
