// The launcher where something is missing: it says what, and what to do, and exits with 2.

#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/file.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/launcher");

namespace {

// The launcher alone in a folder, as in a checkout that was never built.
ProcessResult launch(const TemporaryFolder& checkout, const std::vector<std::string>& environment,
                     const std::vector<std::string>& arguments) {
  fs::copy_file(fs::path(TINYZERO_SOURCE) / "tinyzero", checkout / "tinyzero", fs::copy_options::overwrite_existing);
  std::vector<std::string> command = {"env"};
  command.insert(command.end(), environment.begin(), environment.end());
  command.push_back(checkout / "tinyzero");
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command, {}, checkout.path());
}

}  // namespace

TEST_CASE("an unknown preset and a LibTorch that is none are refused") {
  const TemporaryFolder checkout;
  const ProcessResult preset = launch(checkout, {"TINYZERO_PRESET=fast"}, {"--help"});
  CHECK(preset.code == 2);
  CHECK(preset.err == "error: TINYZERO_PRESET is \"fast\"; use release, debug, sanitize or thread\n");
  const ProcessResult torch = launch(checkout, {"TINYZERO_TORCH=/no/such/torch"}, {"--help"});
  CHECK(torch.code == 2);
  CHECK(torch.err.find("error: TINYZERO_TORCH is \"/no/such/torch\", which has no share/cmake/Torch/TorchConfig.cmake") !=
        std::string::npos);
  CHECK(torch.err.find("hint: ") != std::string::npos);
}

TEST_CASE("without a package manager the missing tools are named") {
  const TemporaryFolder checkout, tools;
  for (const char* tool : {"sh", "dirname", "readlink", "mkdir", "touch", "flock", "find", "grep", "cut", "id", "awk"}) {
    for (const char* folder : {"/usr/bin/", "/bin/"}) {
      if (fs::exists(std::string(folder) + tool) && !fs::exists(tools / tool)) fs::create_symlink(std::string(folder) + tool, tools / tool);
    }
  }
  const ProcessResult result = launch(checkout, {"PATH=" + tools.path().string()}, {"train", "x.yaml"});
  CHECK(result.code == 2);
  CHECK(result.err.find("error: these are missing: g++ cmake ninja-build") != std::string::npos);
  CHECK(result.err.find("hint: install them with your system's package manager") != std::string::npos);
}
