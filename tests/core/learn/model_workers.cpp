// Replicas of a model: the same gradient for any number, on the CPU and through a copy.

#include "core/learn/model_workers.h"

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <atomic>
#include <map>
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
  ModelWorkers one(model, 1, {.shards = 1});
  const at::Tensor alone = gradient_of(one).flat.clone();
  CHECK(alone.abs().max().item<double>() > 0);
  for (const WorkerOptions& options :
       {WorkerOptions{.shards = 2}, WorkerOptions{.shards = 3}, WorkerOptions{.shards = 8},
        WorkerOptions{.shards = 2, .recompute = true}, WorkerOptions{.device = DeviceOptions{}}}) {
    ModelWorkers workers(model, 4, options);
    CHECK(workers.count() == (options.device ? 1 : std::min<std::int64_t>(options.shards, 4)));
    GradientSum sum = gradient_of(workers);
    CHECK(distance(sum.flat, alone) < 1e-5);
    CHECK(distance(gradient_of(workers).flat, 2 * alone) < 1e-5);
    sum.clear();
    CHECK(distance(gradient_of(workers).flat, alone) < 1e-5);
  }
}

TEST_CASE("task i belongs to shard i modulo their number, those of one shard run in order") {
  Model model = small_model();
  ModelWorkers workers(model, 3, {.shards = 3, .frozen = true});
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

// Sums of tasks whose gradients are irrational: another order of adding rounds otherwise.
at::Tensor sum_of(Model& model, std::int64_t threads, std::int64_t shards, std::int64_t tasks) {
  ModelWorkers workers(model, threads, {.shards = shards});
  return workers
      .run(tasks,
           [&](Transformer& replica, std::int64_t i) {
             const at::Tensor rows = at::arange(1, 9, at::kFloat) * float(i % 5 + 1) / 3.0f;  // (8)
             at::Tensor(replica.flat_gradient()).narrow(0, 0, 8).add_(rows.sin());
           })
      .flat.narrow(0, 0, 8)
      .clone();
}

TEST_CASE("whoever computes the shards, their sum has the same bits, that of the tree") {
  Model model = small_model();
  for (const auto& [shards, numbers_of_threads] :
       std::map<std::int64_t, std::vector<std::int64_t>>{{2, {1, 2, 5}},
                                                         {4, {1, 2, 3, 4}},
                                                         {6, {1, 2, 3, 6}},
                                                         {7, {1, 7}},
                                                         {16, {1, 4, 8, 16}}}) {
    CAPTURE(shards);
    for (const std::int64_t tasks : {std::int64_t{1}, shards, 3 * shards - 1}) {
      const at::Tensor alone = sum_of(model, 1, shards, tasks);
      for (const std::int64_t threads : numbers_of_threads)
        CHECK(at::equal(sum_of(model, threads, shards, tasks), alone));
    }
  }
  // ((0 + 1) + (2 + 3)) + 4, by hand.
  std::vector<at::Tensor> g;
  for (int i = 0; i < 5; ++i)
    g.push_back((at::arange(1, 9, at::kFloat) * float(i % 5 + 1) / 3.0f).sin());  // (8)
  CHECK(at::equal(sum_of(model, 1, 5, 5), ((g[0] + g[1]) + (g[2] + g[3])) + g[4]));
  CHECK_FALSE(at::equal(sum_of(model, 1, 1, 5), ((g[0] + g[1]) + (g[2] + g[3])) + g[4]));
}

TEST_CASE("a frozen model has no gradient to return") {
  Model model = small_model();
  ModelWorkers workers(model, 2, {.shards = 2, .frozen = true});
  CHECK_FALSE(workers.run(1, [](Transformer&, std::int64_t) {}).flat.defined());
}

TEST_CASE("a run sees the weights as they are when it begins") {
  Model model = small_model();
  for (const std::optional<DeviceOptions>& device :
       {std::optional<DeviceOptions>(), std::optional<DeviceOptions>(DeviceOptions{})}) {
    ModelWorkers workers(model, 1, {.shards = 1, .frozen = true, .device = device});
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
  ModelWorkers workers(model, 1, {.shards = 1, .frozen = true});
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

TEST_CASE("small models get a shard and a replica per thread, large ones a single one") {
  const Model small = small_model();
  const auto of = [&](std::int64_t threads, std::int64_t shards) {
    return GradientDivision::of(small, threads, shards);
  };
  CHECK(of(4, 0).shards == 4);
  CHECK(of(4, 0).replicas == 4);
  CHECK(of(4, 0).buffers() == 1);
  // 2^30 bytes of gradients in all.
  const std::int64_t too_many = (std::int64_t{1} << 28) / small.layout.size() + 1;
  CHECK(of(too_many, 0).shards == 1);
  CHECK(of(too_many, too_many).shards == too_many);
  CHECK(of(too_many, too_many).replicas < too_many);
  // A replica has a subtree: its shards are a power of two.
  CHECK(of(3, 4).replicas == 2);
  CHECK(of(3, 4).buffers() == 2);
  CHECK(of(2, 6).replicas == 1);
  CHECK(of(2, 6).buffers() == 3);
  CHECK(of(3, 6).replicas == 3);
  CHECK(of(1, 16).buffers() == 5);
  CHECK(ModelWorkers::packs(small, false));
  const std::int64_t learning = small.layout.size();
  const auto bytes = [&](std::int64_t threads, std::int64_t shards, std::int64_t floats) {
    return ModelWorkers::bytes(small, of(threads, shards), floats);
  };
  CHECK(bytes(3, 0, learning) - bytes(2, 0, learning) == 4 * learning);
  CHECK(bytes(1, 4, learning) - bytes(1, 1, learning) == 2 * 4 * learning);
  CHECK(bytes(2, 0, 0) < bytes(2, 0, learning));
}
