// Numbers of @NAME@ worked out by hand. `tinyzero algorithm check` tests the rest.

#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "@NAME@.cpp"

namespace {

// A host whose auxiliary models, if the algorithm has any, say 0 for every token.
class TestHost : public AlgorithmHost {
 public:
  std::int64_t step() const override { return 1; }
  at::Tensor outputs(const std::string&, const Batch& batch) override {
    return at::zeros({batch.tokens()});
  }
  void train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) override {
    Batch micro = batch;
    micro.all = batch.counted();
    loss(micro, outputs(model, batch), metrics_);
  }
  void copy_policy(const std::string&) override {}
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return metrics_; }

 private:
  std::map<std::string, double> kept_;
  Metrics metrics_;
};

at::Tensor floats(std::vector<float> values) { return at::tensor(values); }

// Two problems with three samples each, of 1 or 2 tokens. The last one could not be judged.
Batch small_batch() {
  Batch b;
  b.episode = at::tensor(std::vector<std::int64_t>{0, 0, 1, 2, 3, 4, 5, 5});
  b.mask = floats({1, 1, 1, 1, 1, 1, 0, 0});
  b.logp_old = floats({-1, -2, -1, -3, -1, -1, -1, -1});
  b.reward = at::tensor(std::vector<double>{1, 0, 0, 1, 0, 9}, at::kDouble);
  b.usable = at::tensor(std::vector<std::int64_t>{1, 1, 1, 1, 1, 0}).to(at::kBool);
  b.group = at::tensor(std::vector<std::int64_t>{0, 0, 0, 1, 1, 1});
  b.length = at::tensor(std::vector<std::int64_t>{2, 1, 1, 1, 1, 2});
  b.truncated = at::zeros({6}, at::kBool);
  b.right = b.reward.ge(1);
  b.max_tokens = 2;
  b.all = b.counted();
  return b;
}

int failed = 0;

void check(const char* what, const at::Tensor& got, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double value = got.reshape({-1})[static_cast<std::int64_t>(i)].item<double>();
    if (std::fabs(value - expected[i]) < 1e-6) continue;
    std::printf("%s %zu is %.9g, expected %.9g\n", what, i, value, expected[i]);
    ++failed;
  }
}

}  // namespace

int main() {
  Reinforce algorithm;
  TestHost host;
  Batch b = small_batch();
  algorithm.prepare(b, host);
  check("advantage", b.advantage, {1, 1, -0.5, -0.5, 1, -1, 0, 0});

  // The policy that sampled: 5 episodes with trained tokens; -A logp is 1, 2, -0.5, -1.5, 1, -1.
  Metrics metrics;
  at::Tensor logp = b.logp_old.clone().requires_grad_(true);
  at::Tensor loss = algorithm.loss(b, {logp, at::zeros_like(logp)}, metrics);
  loss.backward();
  check("loss", loss, {1.0 / 5});
  check("gradient", logp.grad(), {-0.2, -0.2, 0.1, 0.1, -0.2, 0.2, 0, 0});

  // A policy under which the first token is e times as likely: its weight is the cap.
  logp = (b.logp_old + floats({1, 0, 0, 0, 0, 0, 0, 0})).requires_grad_(true);
  algorithm.loss(b, {logp, at::zeros_like(logp)}, metrics).backward();
  check("gradient beyond the cap", logp.grad(), {-0.4, -0.2, 0.1, 0.1, -0.2, 0.2, 0, 0});
  check("share capped, in both",
        at::scalar_tensor(metrics.values().at("capped").value(), at::kDouble), {1.0 / 12});
  return failed == 0 ? 0 : 1;
}
