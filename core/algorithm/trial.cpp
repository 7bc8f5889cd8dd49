#include "core/algorithm/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

#include "core/check/check.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// A normal number: Box-Muller on two draws.
double normal(Rng& rng) {
  const double u = 1.0 - rng.uniform(), v = rng.uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * M_PI * v);
}

std::uint64_t number_of(const std::string& name) {
  std::uint64_t key = 0;
  for (const char c : name)
    key = stream_key(key, {static_cast<std::uint64_t>(static_cast<unsigned char>(c))});
  return key;
}

// Of each token, a key that follows from its episode's tokens that count and its place among them:
// (N).
std::vector<std::uint64_t> content_keys(const Batch& b, std::uint64_t name) {
  const at::Tensor logp_old = b.logp_old.contiguous(), mask = b.mask.contiguous();
  std::vector<std::uint64_t> episodes(b.episodes(), name), tokens;
  const auto episode = b.episode.accessor<std::int64_t, 1>();
  for (std::int64_t t = 0; t < b.tokens(); ++t) {
    if (mask.const_data_ptr<float>()[t] == 0) continue;
    std::uint32_t bits = 0;
    std::memcpy(&bits, logp_old.const_data_ptr<float>() + t, sizeof bits);
    std::uint64_t& key = episodes[episode[t]];
    key = stream_key(key, {bits});
  }
  std::int64_t first = 0;
  for (std::int64_t t = 0; t < b.tokens(); ++t) {
    if (t > 0 && episode[t] != episode[t - 1]) first = t;
    tokens.push_back(stream_key(episodes[episode[t]], {static_cast<std::uint64_t>(t - first)}));
  }
  return tokens;
}

// A host whose models are functions of the names and tokens.
class TrialHost : public AlgorithmHost {
 public:
  using Visit = std::function<void(const Objective&)>;
  TrialHost(std::vector<AuxiliaryModel> models, ModelNumbers numbers, Visit visit)
      : models_(std::move(models)), numbers_(numbers), visit_(std::move(visit)) {}

  void begin(std::int64_t step) { step_ = step; }
  const TrialReport& report() const { return report_; }

  std::int64_t step() const override { return step_; }
  Metrics& metrics() override { return report_.metrics; }
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }

  at::Tensor outputs(const std::string& model, const Batch& batch) override {
    return numbers_of(named(model, "asks for the numbers of"), batch, 0);
  }

  void train(const std::string& model, const Batch& batch, const SideLoss& loss) override {
    const AuxiliaryModel& about = named(model, "trains");
    require(about.learning_rate > 0,
            "it trains its model \"" + model + "\", whose learning rate is 0");
    Objective objective;
    objective.name = "the loss of its model \"" + model + "\"";
    objective.batch = batch;
    objective.inputs = {numbers_of(
        about, batch, 0.3)};  // as after some updates: clips of what it said before have work to do
    objective.loss = [&loss](const Batch& micro, const std::vector<at::Tensor>& inputs,
                             Metrics& metrics) { return loss(micro, inputs.at(0), metrics); };
    objective.is_policy = false;
    visit_(objective);
    ++trained_[model];
  }

  void copy_policy(const std::string& model) override {
    named(model, "makes a copy of the policy of");
    copied_[model] = true;
  }

 private:
  const AuxiliaryModel& named(const std::string& name, const std::string& does) {
    report_.asked.push_back(name);
    for (const AuxiliaryModel& model : models_)
      if (model.name == name) return model;
    throw CheckFailed("it " + does + " a model \"" + name + "\", which its models() does not name");
  }

  // (N) f32.
  at::Tensor numbers_of(const AuxiliaryModel& model, const Batch& b, double moved) {
    at::Tensor out = model.value_head ? at::zeros_like(b.logp_old) : b.logp_old.clone();
    if (numbers_ == ModelNumbers::initial || (copied_[model.name] && !model.value_head)) return out;
    const std::vector<std::uint64_t> keys =
        content_keys(b, stream_key(number_of(model.name), {trained_[model.name]}));
    float* values = out.data_ptr<float>();
    for (std::size_t t = 0; t < keys.size(); ++t) {
      Rng rng(keys[t]);
      const double spread = model.value_head ? 2 * rng.uniform() - 1 : 0.3 * normal(rng);
      const double far = model.value_head ? 1e6 : 1e4;
      values[t] +=
          static_cast<float>(numbers_ == ModelNumbers::wild ? (spread > 0 ? far : -far)
                                                            : spread + moved * normal(rng));
    }
    return out;
  }

  std::vector<AuxiliaryModel> models_;
  ModelNumbers numbers_;
  Visit visit_;
  std::int64_t step_ = 1;
  std::map<std::string, double> kept_;
  std::map<std::string, std::uint64_t> trained_;
  std::map<std::string, bool> copied_;
  TrialReport report_;
};

}  // namespace

// ---- steps ----

TrialStep random_step(std::uint64_t seed, std::uint64_t index, const StepShape& shape) {
  Rng rng(seed, {number_of("step"), index});
  std::vector<float> logp_old, logp, entropy, mask;
  std::vector<std::int64_t> episode, group, length;
  std::vector<double> reward;
  const std::int64_t episodes = shape.problems * shape.samples;
  at::Tensor usable = at::zeros({episodes}, at::kBool),
             truncated = at::zeros({episodes}, at::kBool);
  for (std::int64_t i = 0; i < episodes; ++i) {
    const std::int64_t tokens = rng.between(1, shape.longest), g = i / shape.samples,
                       s = i % shape.samples;
    const bool use = !rng.chance(shape.unusable), equal = g == shape.problems - 1 && g > 0;
    const bool right = equal || s == g % shape.samples || rng.chance(0.4);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double old = std::log(1.0 - 0.95 * rng.uniform());
      logp_old.push_back(static_cast<float>(old));
      logp.push_back(static_cast<float>(
          std::min(old + shape.drift * normal(rng), shape.drift == 0 ? old : -1e-3)));
      entropy.push_back(static_cast<float>(2.0 * rng.uniform()));
      mask.push_back(use && (t == 0 || !rng.chance(shape.masked)) ? 1.0f : 0.0f);
    }
    episode.insert(episode.end(), tokens, i);
    group.push_back(g);
    length.push_back(tokens);
    reward.push_back(!use ? 0.0 : right ? 1.0 : rng.chance(0.5) ? 0.1 : 0.0);
    usable[i] = use;
    truncated[i] = tokens == shape.max_tokens;
  }
  TrialStep step;
  Batch& b = step.batch;
  b.logp_old = at::tensor(logp_old);
  b.mask = at::tensor(mask);
  b.episode = at::tensor(episode);
  b.reward = at::tensor(reward);
  b.usable = usable;
  b.group = at::tensor(group);
  b.length = at::tensor(length);
  b.truncated = truncated;
  b.right = b.reward.ge(1.0);
  b.max_tokens = shape.max_tokens;
  b.all = b.counted();
  step.logp = at::tensor(logp);
  step.entropy = at::tensor(entropy);
  step.name = fmt::format("case {} ({} problems x {} samples, {} tokens)", index, shape.problems,
                          shape.samples, b.tokens());
  return step;
}

void count_usable(TrialStep& step) {
  Batch& b = step.batch;
  b.mask = b.usable.index_select(0, b.episode).to(at::kFloat);
  b.all = b.counted();
}

at::Tensor tokens_of(const Batch& batch, const std::vector<std::int64_t>& episodes) {
  const at::Tensor ends = batch.length.cumsum(0);
  std::vector<at::Tensor> places;
  for (const std::int64_t i : episodes) {
    const std::int64_t end = ends[i].item<std::int64_t>();
    places.push_back(at::arange(end - batch.length[i].item<std::int64_t>(), end));
  }
  return places.empty() ? at::zeros({0}, at::kLong) : at::cat(places);
}

TrialStep reordered(const TrialStep& step, const std::vector<std::int64_t>& order) {
  const at::Tensor tokens = tokens_of(step.batch, order), episodes = at::tensor(order, at::kLong);
  const auto of_tokens = [&](const at::Tensor& t) {
    return t.defined() ? t.index_select(0, tokens) : t;
  };
  const auto of_episodes = [&](const at::Tensor& t) { return t.index_select(0, episodes); };
  TrialStep out = step;
  Batch& b = out.batch;
  for (at::Tensor* t : {&out.logp, &out.entropy, &b.logp_old, &b.mask, &b.advantage})
    *t = of_tokens(*t);
  for (auto& [name, values] : b.added) values = of_tokens(values);
  for (at::Tensor* t : {&b.reward, &b.usable, &b.group, &b.length, &b.truncated, &b.right})
    *t = of_episodes(*t);
  b.episode = at::repeat_interleave(b.length);
  return out;
}

TrialStep kept_part(const AlgorithmCheckOptions& options, const TrialStep& step) {
  const at::Tensor kept = open_for_check(options).algorithm->kept_groups(step.batch);
  if (!kept.defined()) return step;
  require(kept.scalar_type() == at::kBool && kept.dim() == 1 && kept.size(0) == step.batch.groups(),
          fmt::format(
              "kept_groups() returns {} values of type {} for {} groups; it wants a bool for each",
              kept.numel(), at::toString(kept.scalar_type()), step.batch.groups()));
  std::vector<std::int64_t> episodes;
  std::map<std::int64_t, std::int64_t> places;  // of the groups that stay
  std::vector<std::int64_t> group;
  for (std::int64_t i = 0; i < step.batch.episodes(); ++i) {
    const std::int64_t g = step.batch.group[i].item<std::int64_t>();
    if (!kept[g].item<bool>()) continue;
    episodes.push_back(i);
    group.push_back(places.try_emplace(g, places.size()).first->second);
  }
  TrialStep out = reordered(step, episodes);
  out.batch.group = at::tensor(group, at::kLong);
  out.batch.all = out.batch.counted();
  return out;
}

std::string place_of(const Batch& batch, std::int64_t t) {
  const std::int64_t episode = batch.episode[t].item<std::int64_t>();
  const std::int64_t first = batch.length.slice(0, 0, episode).sum().item<std::int64_t>();
  return fmt::format("token {} of episode {}", t - first, episode);
}

// ---- losses ----

Measured measure(const Objective& objective) {
  Measured out;
  out.name = objective.name;
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : objective.inputs)
    leaves.push_back(input.detach().clone().requires_grad_(true));
  const at::Tensor loss = objective.loss(objective.batch, leaves, out.metrics);
  require(loss.defined() && loss.numel() == 1,
          loss.defined() ? fmt::format("{} is not one number but {}", objective.name, loss.numel())
                         : objective.name + " is undefined");
  out.loss = loss.item<double>();
  if (loss.requires_grad()) loss.sum().backward();
  for (const at::Tensor& leaf : leaves)
    out.gradients.push_back(leaf.grad().defined() ? leaf.grad().to(at::kDouble)
                                                  : at::zeros({leaf.size(0)}, at::kDouble));
  return out;
}

Objective part_of(const Objective& whole, const std::vector<std::int64_t>& episodes) {
  Objective part = whole;
  TrialStep step;
  step.batch = whole.batch;
  part.batch = reordered(step, episodes).batch;
  const at::Tensor tokens = tokens_of(whole.batch, episodes);
  for (at::Tensor& input : part.inputs) input = input.index_select(0, tokens);
  return part;
}

// ---- running the algorithm ----

TrialReport run_trial(const AlgorithmCheckOptions& options, const std::vector<TrialStep>& steps,
                      const std::function<void(std::size_t, const Objective&)>& visit,
                      std::int64_t first, ModelNumbers numbers) {
  const ConfiguredAlgorithm opened = open_for_check(options);
  Algorithm& algorithm = *opened.algorithm;
  std::size_t place = 0;
  TrialHost host(algorithm.models(), numbers,
                 [&](const Objective& objective) { visit(place, objective); });
  for (; place < steps.size(); ++place) {
    Objective policy;
    policy.name = "the loss";
    policy.batch = steps[place].batch;
    if (policy.batch.episodes() == 0)
      continue;  // the host changes nothing in a step without episodes
    host.begin(first + static_cast<std::int64_t>(place));
    algorithm.prepare(policy.batch, host);
    for (const auto& [name, values] : policy.batch.added)
      require(values.defined() && values.dim() == 1 && values.size(0) == policy.batch.tokens(),
              "batch.added[\"" + name + "\"] does not hold a number for each token");
    const at::Tensor& advantage = policy.batch.advantage;
    require(
        advantage.defined() && advantage.dim() == 1 && advantage.size(0) == policy.batch.tokens(),
        "prepare() does not fill batch.advantage with a number for each token");
    policy.inputs = {steps[place].logp, steps[place].entropy};
    policy.zero_advantage_is_no_gradient = algorithm.zero_advantage_is_no_gradient();
    policy.loss = [&algorithm](const Batch& micro, const std::vector<at::Tensor>& inputs,
                               Metrics& metrics) {
      return algorithm.loss(micro, {inputs.at(0), inputs.at(1)}, metrics);
    };
    visit(place, policy);
  }
  return host.report();
}

std::vector<Measured> measure_step(const AlgorithmCheckOptions& options, const TrialStep& step) {
  std::vector<Measured> out;
  const TrialReport report = run_trial(
      options, {step},
      [&](std::size_t, const Objective& objective) { out.push_back(measure(objective)); });
  if (!out.empty()) out.back().metrics.add(report.metrics);
  return out;
}

ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options, const Node& settings) {
  return open_algorithm(PluginCatalog(std::vector<std::filesystem::path>{}),
                        options.library.string(), &settings);
}

ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options) {
  return open_for_check(options, options.settings);
}

}  // namespace tinyzero
