#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "core/base/streams.h"

namespace {

// Plugins that tests build with CMake come out of ccache, whatever the name of their folder.
void use_ccache() {
  if (std::string(TINYZERO_CCACHE).empty()) return;
  ::setenv("CMAKE_C_COMPILER_LAUNCHER", TINYZERO_CCACHE, /*overwrite=*/0);
  ::setenv("CMAKE_CXX_COMPILER_LAUNCHER", TINYZERO_CCACHE, /*overwrite=*/0);
  ::setenv("CCACHE_BASEDIR", "/tmp", /*overwrite=*/0);
  ::setenv("CCACHE_NOHASHDIR", "1", /*overwrite=*/0);
}

}  // namespace

int main(int argc, char** argv) {
  tinyzero::open_standard_streams();
  use_ccache();
  // What programs look for beside themselves.
  ::setenv("TINYZERO_WORKER", TINYZERO_WORKER_PROGRAM, /*overwrite=*/0);
  ::setenv("TINYZERO_PYTHON_PART", TINYZERO_SOURCE "/sdk/python", /*overwrite=*/0);
  return doctest::Context(argc, argv).run();
}
