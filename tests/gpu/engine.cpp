// The engine on a CUDA device, by the checks that the emulated device passes on the host. Skipped,
// visibly, where there is no device.

#include "core/rollout/cuda/engine.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/device_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("gpu/engine");

namespace {

// The device, or null and a word that makes ctest list the test as skipped.
std::shared_ptr<Device> device() {
  static const std::shared_ptr<Device> found = has_cuda_device() ? open_cuda_device() : nullptr;
  if (!found) MESSAGE("skipped: no CUDA device (" << cuda_description() << ")");
  return found;
}

}  // namespace

TEST_CASE("without a device there is one clear error") {
  if (device()) return;
  CHECK_THROWS_AS(open_cuda_device(), Error);
}

TEST_CASE("products of many shapes, whose rows do not depend on their number") {
  if (device()) check_products(*device());
}

TEST_CASE("golden log-probs and greedy tokens") {
  if (device()) check_golden_models(device());
}

TEST_CASE("the tokens of the CPU engine") {
  if (device()) check_tokens_of_cpu(device());
}

TEST_CASE("tokens do not depend on slots, looks or company") {
  for (const Dtype precision : {Dtype::f32, Dtype::bf16}) {
    if (device()) check_independence(device(), precision);
  }
}

TEST_CASE("heads and lengths of many sizes") {
  if (device()) check_shapes(device());
}

TEST_CASE("log-probs in bf16 stay near those in f32") {
  if (device()) check_bf16(device());
}
