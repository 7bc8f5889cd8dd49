#include "core/algorithm/trial_host.h"

#include <bit>
#include <utility>

#include "core/algorithm/called.h"
#include "core/algorithm/trial_random.h"
#include "core/check/checks.h"

namespace tinyzero {
namespace {

// A key for each token, (N), that follows from its episode's tokens that count and from its index
// in the episode.
std::vector<std::uint64_t> content_keys(const Batch& b, std::uint64_t name) {
  const at::Tensor logp_old = b.logp_old.contiguous();  // (N)
  const at::Tensor mask = b.mask.contiguous();          // (N)
  std::vector<std::uint64_t> episodes(b.episodes(), name), tokens;
  const auto episode = b.episode.accessor<std::int64_t, 1>();
  for (std::int64_t t = 0; t < b.tokens(); ++t) {
    if (mask.const_data_ptr<float>()[t] == 0) continue;
    std::uint64_t& key = episodes[episode[t]];
    key = stream_key(key, {std::bit_cast<std::uint32_t>(logp_old.const_data_ptr<float>()[t])});
  }
  std::int64_t first = 0;
  for (std::int64_t t = 0; t < b.tokens(); ++t) {
    if (t > 0 && episode[t] != episode[t - 1]) first = t;
    tokens.push_back(stream_key(episodes[episode[t]], {static_cast<std::uint64_t>(t - first)}));
  }
  return tokens;
}

}  // namespace

TrialHost::TrialHost(std::vector<AuxiliaryModel> models, ModelNumbers numbers, Visit visit)
    : models_(std::move(models)), numbers_(numbers), visit_(std::move(visit)) {}

double& TrialHost::kept(const std::string& name, double initial) {
  return kept_.try_emplace(name, initial).first->second;
}

at::Tensor TrialHost::outputs(const std::string& model, const Batch& batch) {
  return numbers_of(named(model, "asks for the numbers of"), batch, 0);
}

void TrialHost::train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) {
  constexpr double kMoved = 0.3;  // as after some updates, so that clips have work to do
  const AuxiliaryModel& spec = named(model, "trains");
  require(spec.learning_rate > 0,
          "it trains its model \"" + model + "\", whose learning rate is 0");
  Objective objective;
  objective.name = "the loss of its model \"" + model + "\"";
  objective.batch = batch;
  objective.inputs = {numbers_of(spec, batch, kMoved)};
  objective.loss = [&loss](const Batch& micro, const std::vector<at::Tensor>& inputs,
                           Metrics& metrics) {
    return call_algorithm("the loss of a model",
                          [&] { return loss(micro, inputs.at(0), metrics); });
  };
  objective.is_policy = false;
  visit_(objective);
  ++trained_[model];
}

void TrialHost::copy_policy(const std::string& model) {
  named(model, "makes a copy of the policy of");
  copied_[model] = true;
}

const AuxiliaryModel& TrialHost::named(const std::string& name, const std::string& does) {
  report_.asked.push_back(name);
  for (const AuxiliaryModel& model : models_)
    if (model.name == name) return model;
  throw CheckFailed("it " + does + " a model \"" + name +
                    "\", which its auxiliary_models() does not name");
}

// (N) f32. `moved`: how far training has moved the numbers.
at::Tensor TrialHost::numbers_of(const AuxiliaryModel& model, const Batch& b, double moved) {
  at::Tensor out = model.value_head ? at::zeros_like(b.logp_old) : b.logp_old.clone();  // (N)
  if (numbers_ == ModelNumbers::initial || (copied_[model.name] && !model.value_head)) return out;
  const std::vector<std::uint64_t> keys =
      content_keys(b, stream_key(key_of(model.name), {trained_[model.name]}));
  float* values = out.data_ptr<float>();
  for (std::size_t t = 0; t < keys.size(); ++t) {
    Rng rng(keys[t]);
    const double spread = model.value_head ? 2 * rng.uniform() - 1 : 0.3 * normal(rng);
    const double far = model.value_head ? 1e6 : 1e4;
    values[t] += static_cast<float>(numbers_ == ModelNumbers::wild ? (spread > 0 ? far : -far)
                                                                   : spread + moved * normal(rng));
  }
  return out;
}

}  // namespace tinyzero
