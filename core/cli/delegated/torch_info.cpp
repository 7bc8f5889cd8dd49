#include "core/cli/delegated/torch_info.h"

#include <CLI/CLI.hpp>

namespace tinyzero {

void add_torch_info(const Commands& commands) {
  commands.add<TorchInfoOptions>("torch-info", "", run_torch_info,
                                 [](CLI::App& c, TorchInfoOptions&) { c.group(""); });
}

}  // namespace tinyzero
