#include "core/algorithm/explain.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numeric>

#include "core/algorithm/called.h"
#include "core/algorithm/select_episodes.h"

namespace tinyzero {
namespace {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json metrics_json(const Metrics& metrics) {
  Json out = Json::object();
  for (const auto& [name, mean] : metrics.values()) out[name] = number(mean.value());
  return out;
}

// d loss / d input, 0 where the loss does not depend on it.
at::Tensor gradient_of(const at::Tensor& loss, const at::Tensor& input) {
  if (!loss.requires_grad()) return at::zeros_like(input);
  const auto gradient = torch::autograd::grad({loss}, {input}, {}, /*retain_graph=*/true,
                                              /*create_graph=*/false, /*allow_unused=*/true);
  return gradient.front().defined() ? gradient.front() : at::zeros_like(input);
}

at::Tensor leaf(const at::Tensor& values) {
  return values.to(at::kDouble).clone().set_requires_grad(true);
}

// Plays the host from a file.
class FileHost : public AlgorithmHost {
 public:
  FileHost(BatchFile& file, const std::vector<AuxiliaryModel>& models) : file_(file) {
    for (const AuxiliaryModel& model : models) {
      if (file_.outputs.count(model.name) > 0) continue;
      file_.outputs[model.name] =
          model.value_head ? at::zeros_like(file_.batch.logp_old) : file_.batch.logp_old;
      assumed.push_back(model.name);
    }
  }

  std::int64_t step() const override { return file_.step; }
  at::Tensor outputs(const std::string& model, const Batch&) override {
    return file_.outputs.at(model);
  }
  void copy_policy(const std::string& model) override {
    file_.outputs[model] = file_.batch.logp_old;
  }
  double& kept(const std::string& name, double initial) override {
    return file_.kept.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return own_metrics; }
  void train(const std::string& model, const Batch& batch,
             const AuxiliaryLoss& auxiliary_loss) override {
    const at::Tensor output = leaf(file_.outputs.at(model));  // (N)
    Metrics metrics;
    const at::Tensor loss = auxiliary_loss(batch, output, metrics);
    models[model] = {{"loss", number(loss.item<double>())},
                     {"gradient", by_episode(gradient_of(loss, output), batch.length)},
                     {"metrics", metrics_json(metrics)}};
  }

  std::vector<std::string> assumed;
  Json models = Json::object();
  Metrics own_metrics;

 private:
  BatchFile& file_;
};

// Adds where the values of a token array are not finite: "advantages: 3 of 120 tokens, first token
// 4 of episode 2".
void report_not_finite(const std::string& name, const at::Tensor& tokens, const Batch& b,
                       Json& out) {
  const at::Tensor bad = tokens.isfinite().logical_not().nonzero().squeeze(1);
  if (bad.size(0) == 0) return;
  const auto at = bad[0].item<std::int64_t>(), episode = b.episode[at].item<std::int64_t>();
  const auto first = b.episode.eq(episode).nonzero()[0].item<std::int64_t>();
  out.push_back(name + ": " + std::to_string(bad.size(0)) + " of " + std::to_string(b.tokens()) +
                " tokens, first token " + std::to_string(at - first) + " of episode " +
                std::to_string(episode));
}

}  // namespace

Json explain(Algorithm& algorithm, BatchFile file) {
  Batch& b = file.batch;
  FileHost host(file, algorithm.auxiliary_models());
  call_algorithm("prepare", [&] { algorithm.prepare(b, host); });

  if (file.update.empty()) {
    file.update.resize(b.episodes());
    std::iota(file.update.begin(), file.update.end(), 0);
  }
  const Counts counts = select_episodes(b, file.update).counted();
  const at::Tensor logp = leaf(file.logp), entropy = leaf(file.entropy);  // (N)
  Metrics metrics = host.own_metrics;
  const auto loss_of = [&](const std::vector<std::int64_t>& episodes, Metrics& into) {
    Batch part = select_episodes(b, episodes);
    part.all = counts;
    const at::Tensor tokens = at::isin(b.episode, at::tensor(episodes)).nonzero().squeeze(1);
    return call_algorithm("loss", [&] {
      return algorithm.loss(part, {logp.index_select(0, tokens), entropy.index_select(0, tokens)},
                            into);
    });
  };
  const at::Tensor loss = loss_of(file.update, metrics);
  const at::Tensor by_logp = gradient_of(loss, logp),
                   by_entropy = gradient_of(loss, entropy);  // (N)

  Json terms = Json::array(), bad = Json::array();
  for (const std::int64_t episode : file.update) {
    Metrics ignored;
    terms.push_back(number(loss_of({episode}, ignored).item<double>()));
  }
  for (const auto& [name, values] :
       {std::pair("old_logp", b.logp_old), std::pair("logp", file.logp),
        std::pair("advantages", b.advantage)})
    report_not_finite(name, values, b, bad);
  for (const auto& [name, values] : b.added) report_not_finite(name, values, b, bad);
  if (!std::isfinite(loss.item<double>())) bad.push_back("loss");
  report_not_finite("gradient", by_logp, b, bad);

  Json out = {{"advantages", by_episode(b.advantage, b.length)}};
  for (const auto& [name, values] : b.added) out["added"][name] = by_episode(values, b.length);
  out["loss"] = number(loss.item<double>());
  out["terms"] = terms;
  out["counts"] = {
      {"tokens", counts.tokens}, {"episodes", counts.episodes}, {"samples", counts.samples}};
  out["gradient"] = by_episode(by_logp, b.length);
  if (by_entropy.ne(0).any().item<bool>())
    out["entropy_gradient"] = by_episode(by_entropy, b.length);
  out["metrics"] = metrics_json(metrics);
  if (!host.models.empty()) out["models"] = host.models;
  if (!host.assumed.empty()) out["assumed"] = host.assumed;
  out["not_finite"] = bad;
  return out;
}

}  // namespace tinyzero
