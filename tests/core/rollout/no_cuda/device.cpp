// Where there is no CUDA device, asking for one is an error that says why and what to do.

#include "core/rollout/cuda/device.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/no_cuda/device");

TEST_CASE("without a device there is one clear error, and a description for people") {
  if (has_cuda_device()) return;
  CHECK_FALSE(cuda_description().empty());
  try {
    open_cuda_device();
    FAIL("a device that is not there was opened");
  } catch (const Error& error) {
    const std::string what = error.what();
    CHECK((what == "this build has no CUDA" || what.starts_with("there is no CUDA device: ")));
    CHECK(error.hint().starts_with("use device cpu, or "));
  }
}
