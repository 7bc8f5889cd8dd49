// Replicas of a model: the same gradient for any number, on the CPU and through a copy.

#include "core/learn/model_workers.h"

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <atomic>
#include <mutex>
#include <set>

#include "core/learn/evaluate_model.h"
#include "core/model/adapter.h"
#include "support/small_step.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/model_workers");

namespace {

const std::vector<Sequence> kSequences = {
    {{1, 2, 3, 4}, 2}, {{5, 6, 7}, 1}, {{8, 9, 10, 11}, 3}, {{1, 2, 9}, 2}};

// The gradient of the sum of all log-probs, a task a sequence.
GradientSum gradient_of(ModelWorkers& workers) {
  return workers.run(std::ssize(kSequences), [&](Transformer& model, std::int64_t i) {
    torch::autograd::backward({run_model(model, pack_input({&kSequences[i]}), 1.0).logp.sum()}, {});
  });
}

}  // namespace

TEST_CASE("the gradients of replicas are added up, and cleared only by who takes them") {
  Model model = small_model();
  ModelWorkers one(model, 1, {.replicas = 1});
  const at::Tensor alone = gradient_of(one).flat.clone();
  CHECK(alone.abs().max().item<double>() > 0);
  for (const WorkerOptions& options :
       {WorkerOptions{.replicas = 2}, WorkerOptions{.replicas = 3}, WorkerOptions{.replicas = 8},
        WorkerOptions{.replicas = 2, .recompute = true},
        WorkerOptions{.device = DeviceOptions{}}}) {
    ModelWorkers workers(model, 4, options);
    CHECK(workers.count() == (options.device ? 1 : options.replicas));
    GradientSum sum = gradient_of(workers);
    CHECK(distance(sum.flat, alone) < 1e-5);
    CHECK(distance(gradient_of(workers).flat, 2 * alone) < 1e-5);
    sum.clear();
    CHECK(distance(gradient_of(workers).flat, alone) < 1e-5);
  }
}

TEST_CASE("task i runs on replica i modulo their number, those of one replica in order") {
  Model model = small_model();
  ModelWorkers workers(model, 3, {.replicas = 3, .frozen = true});
  std::mutex mutex;
  std::map<const Transformer*, std::vector<std::int64_t>> tasks;
  workers.run(8, [&](Transformer& replica, std::int64_t i) {
    const std::lock_guard lock(mutex);
    tasks[&replica].push_back(i);
  });
  std::set<std::vector<std::int64_t>> found;
  for (const auto& [replica, of_replica] : tasks) found.insert(of_replica);
  CHECK(found == std::set<std::vector<std::int64_t>>{{0, 3, 6}, {1, 4, 7}, {2, 5}});
}

TEST_CASE("a frozen model has no gradient to return") {
  Model model = small_model();
  ModelWorkers workers(model, 2, {.replicas = 2, .frozen = true});
  CHECK_FALSE(workers.run(1, [](Transformer&, std::int64_t) {}).flat.defined());
}

TEST_CASE("a run sees the weights as they are when it begins") {
  Model model = small_model();
  for (const std::optional<DeviceOptions>& device :
       {std::optional<DeviceOptions>(), std::optional<DeviceOptions>(DeviceOptions{})}) {
    ModelWorkers workers(model, 1, {.replicas = 1, .frozen = true, .device = device});
    const auto logp = [&] { return evaluate_model(workers, kSequences, 100, 1.0).logp; };
    const at::Tensor before = logp();
    CHECK(at::equal(logp(), before));
    model.weights.data()[model.layout.layer(0).down] += 1.0f;
    CHECK_FALSE(at::equal(logp(), before));
    model.weights.data()[model.layout.layer(0).down] -= 1.0f;
  }
}

TEST_CASE("a run ends between two tasks where that is asked for") {
  Model model = small_model();
  ModelWorkers workers(model, 1, {.replicas = 1, .frozen = true});
  StopRequest wish = 0;
  workers.stop_at(&wish);
  std::int64_t done = 0;
  const auto work = [&](Transformer&, std::int64_t i) {
    ++done;
    wish = i == 1 ? 1 : 0;
  };
  CHECK_THROWS_AS(workers.run(5, work), Interrupted);
  CHECK(done == 2);
  workers.stop_at(nullptr);
  workers.run(5, [&](Transformer&, std::int64_t) { ++done; });
  CHECK(done == 7);
}

TEST_CASE("small models get a replica a thread, large ones a single one") {
  const Model small = small_model();
  CHECK(ModelWorkers::replicas(small, 4) == 4);
  // 2^30 bytes of gradients in all.
  CHECK(ModelWorkers::replicas(small, (std::int64_t{1} << 28) / small.layout.size() + 1) == 1);
  CHECK(ModelWorkers::packs(small, false));
  const std::int64_t learning = small.layout.size();
  CHECK(ModelWorkers::bytes(small, 3, learning) - ModelWorkers::bytes(small, 2, learning) ==
        4 * learning);
  CHECK(ModelWorkers::bytes(small, 2, 0) < ModelWorkers::bytes(small, 2, learning));
}
