// Gradients of the whole model against those of transformers, on every way that training takes; see
// tests/golden/gradients/README.md.

#include <doctest/doctest.h>

#include "core/kernels/kernels.h"
#include "core/model/folder.h"
#include "support/golden.h"
#include "support/gradients.h"
#include "support/kernels_in_use.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/gradients");

namespace {

constexpr double kTolerance = 1e-4;  // of a gradient, to its norm

// The folder of the numbers and of the models that they belong to.
fs::path golden_with_gradients() {
  const fs::path given = golden_folder();
  return fs::exists(given / "gradients") ? given : fs::path(TINYZERO_SOURCE) / "tests" / "golden";
}

// Entries as make.py takes them, evenly spaced.
std::vector<double> entries_of(const at::Tensor& gradient, std::int64_t count) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i)
    out.push_back(gradient[i * gradient.numel() / count].item<double>());
  return out;
}

void check_gradients(const Model& model, const LossGradient& found, const Json& golden) {
  const double loss = golden["loss"];
  CHECK(std::abs(found.loss - loss) <= kTolerance * std::abs(loss));
  CHECK(golden["gradients"].size() == model.layout.slots().size());
  for (const ParameterSlot& slot : model.layout.slots()) {
    CAPTURE(slot.name);
    const Json& expected = golden["gradients"].at(slot.name);
    const at::Tensor gradient = found.gradient.narrow(0, slot.offset, slot.size);
    const double norm = expected["norm"];
    CHECK(std::abs(gradient.to(at::kDouble).norm().item<double>() - norm) <= kTolerance * norm);
    const std::vector<double> entries = expected["entries"],
                              ours = entries_of(
                                  gradient, static_cast<std::int64_t>(expected["entries"].size()));
    double worst = 0;
    for (std::size_t i = 0; i < entries.size(); ++i)
      worst = std::max(worst, std::abs(ours[i] - entries[i]));
    CHECK(worst <= kTolerance * norm);
  }
}

}  // namespace

TEST_CASE("gradients of the whole model are those of transformers") {
  const KernelsKept kept;
  use_kernels(kernels_for("f32"));
  const fs::path golden = golden_with_gradients();
  int models = 0;
  for (const auto& entry : fs::directory_iterator(golden / "gradients")) {
    if (entry.path().extension() != ".json") continue;
    const Json expected = parse_json(read_file(entry.path()), entry.path().string());
    CAPTURE(entry.path().string());
    Model model = load_model(golden / "hf" / expected["model"].get<std::string>());
    const LossCase c = LossCase::from_json(expected);
    // All packed together, prompts shared, more tokens than the head is given at once; then
    // recomputed, each alone, and divided; and by a copy, as a device has it.
    CHECK(static_cast<std::int64_t>(c.logp_weights.size()) > 2 * kLogitRows);
    for (const LossPath path :
         {LossPath{}, LossPath{.recompute = true}, LossPath{.micro_batch = 1},
          LossPath{.micro_batch = 200, .replicas = 3},
          LossPath{.micro_batch = 200, .replicas = 2, .recompute = true},
          LossPath{.device = DeviceOptions{}},
          LossPath{.micro_batch = 200, .recompute = true, .device = DeviceOptions{}}}) {
      CAPTURE(path.micro_batch);
      CAPTURE(path.replicas);
      CAPTURE(path.recompute);
      CAPTURE(path.device.has_value());
      check_gradients(model, gradient_of(model, c, path), expected);
    }
    ++models;
  }
  CHECK(models >= 5);
}
