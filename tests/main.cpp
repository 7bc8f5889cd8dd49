#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/streams.h"

int main(int argc, char** argv) {
  tinyzero::open_standard_streams();
  ::setenv("TINYZERO_WORKER", TINYZERO_WORKER_PROGRAM,
           /*overwrite=*/0);  // which programs look for beside themselves
  return doctest::Context(argc, argv).run();
}
