// Writing an algorithm: derive from Algorithm, end the file with TINYZERO_ALGORITHM.
//
// An algorithm is a page of formula over primitives.h: `describe` lists its settings, `prepare`
// turns rewards into advantages once a step, `loss` returns a scalar for each micro-batch. The host
// does the rest: sampling, scoring, packing, micro-batches, gradients, clipping, the optimizer,
// checkpoints, and auxiliary models (a reference, a critic, a reward model).
//
// C++ and LibTorch have no stable ABI. So the library carries a fingerprint (LibTorch, compiler,
// standard library, string ABI, language standard, the hash of the headers that define this
// interface) in its note, and a host with another fingerprint refuses it before any of its code
// runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tinyzero/batch.h"
#include "tinyzero/note.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// A model in addition to the policy. It begins as a copy of the policy at the start of RL, is saved
// in checkpoints, and gives one number for each token of a completion: the log-probability of the
// token, or, with a value head (a linear layer on the last hidden state, 0 at first), a value of
// the state before the token.
struct AuxiliaryModel {
  std::string name;               // also that of its folder in checkpoints: "critic"
  bool value_head = false;        // values instead of log-probs
  bool at_temperature_1 = false;  // log-probs at temperature 1 instead of the sampling temperature
  double learning_rate = 0;       // constant; 0: frozen
  double clip_norm = 1.0;         // largest norm of its gradient; 0: not clipped
  std::int64_t epochs = 0;        // passes over a step's episodes; 0: as the policy, train.epochs
};

// Loss of an auxiliary model on a micro-batch: from its output (N), differentiable, to a scalar
// that is divided by the counts in micro.all, as in Algorithm::loss. What it needs beside the
// output must be in batch.added before train(): a captured tensor has the length of the whole step.
// The metrics that it adds share their names with the policy's; the host adds MODEL_loss and
// MODEL_gradient_norm. Called from several threads at once.
using AuxiliaryLoss =
    std::function<at::Tensor(const Batch& micro, const at::Tensor& output, Metrics& metrics)>;

// What the host offers an algorithm during prepare().
class AlgorithmHost {
 public:
  virtual ~AlgorithmHost() = default;

  // The number of the current step, from 1.
  virtual std::int64_t step() const = 0;

  // The outputs (N) of an auxiliary model for the step's batch. No gradient.
  virtual at::Tensor outputs(const std::string& model, const Batch& batch) = 0;

  // Trains an auxiliary model on all usable episodes of the step's batch, with the step's division
  // into updates. Its optimizer is its own, with the settings of train.optimizer and the model's
  // learning rate; Error if that is 0. Afterwards outputs() gives the new numbers.
  virtual void train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) = 0;

  // Makes an auxiliary model a copy of the policy as it is now.
  virtual void copy_policy(const std::string& model) = 0;

  // A number that lasts from step to step and through checkpoints; `initial` until it is set, by
  // assignment to the reference.
  virtual double& kept(const std::string& name, double initial) = 0;

  // Metrics of the step, for numbers that are known once a step.
  virtual Metrics& metrics() = 0;
};

// Settings under one name, usually that of a paper. `variant: NAME` chooses them; settings given in
// addition win.
struct Variant {
  std::string name;
  std::string doc;
  std::vector<std::pair<std::string, std::string>> settings;  // name, and value as YAML
};

// What a run will ask of an algorithm, known before it begins.
struct RunPlan {
  std::int64_t samples = 1;  // completions of a problem
  std::int64_t updates = 1;  // gradient updates on the episodes of one step, over all epochs
  std::int64_t steps = 0;    // at most
};

// A setting that never acts in a run of some plan.
struct IdleSetting {
  std::string name;
  std::string why;  // "the policy that learns is the one that sampled, so every ratio is 1"
};

// Why no bound of a ratio acts where a step has one update: a reason of IdleSetting.
inline constexpr const char* kOneUpdate =
    "train.updates and train.epochs are 1, so the policy that learns is the one that sampled, and "
    "every ratio is 1";

class Algorithm {
 public:
  virtual ~Algorithm() = default;

  // Settings, with their defaults; called once, before values are assigned.
  virtual void describe(SettingsTable& table) = 0;

  virtual std::vector<Variant> variants() const { return {}; }

  // Checks settings against each other after they are assigned; throws std::invalid_argument naming
  // them.
  virtual void check() const {}

  // Throws std::invalid_argument if no run of this plan could learn anything from its rewards: one
  // sample of a problem where samples are compared with each other, say. The text names the setting
  // to change.
  virtual void check_plan(const RunPlan&) const {}

  // Settings that never act in a run of this plan: the bound of a ratio that is always 1, say.
  virtual std::vector<IdleSetting> idle_settings(const RunPlan&) const { return {}; }

  // The models that these settings need in addition to the policy.
  virtual std::vector<AuxiliaryModel> auxiliary_models() const { return {}; }

  // Whether an episode with advantage 0 has no gradient, so that the host may leave it out of the
  // backward pass.
  virtual bool zero_advantage_is_no_gradient() const { return true; }

  // Which problems of a sampled batch are worth an update: (groups) bool, or undefined for all. The
  // others never reach prepare(). The host samples more problems, `sampling_rounds` times in all,
  // until the step has as many as rollout.prompts. A function of the batch and the settings alone:
  // with rollout.ahead it is called on another thread, while the step before is learned.
  virtual at::Tensor kept_groups(const Batch&) const { return {}; }
  virtual std::int64_t sampling_rounds() const { return 1; }

  // Once a step, with all its episodes: fills batch.advantage, and what else loss() needs in
  // batch.added.
  virtual void prepare(Batch& batch, AlgorithmHost& host) = 0;

  // The loss of a micro-batch, divided by the batch's global counts: the losses of all
  // micro-batches add up to the update's. Adds metrics, which the algorithm's page lists. Called
  // from several threads at once.
  virtual at::Tensor loss(const Batch& batch, const PolicyOutput& policy,
                          Metrics& metrics) const = 0;
};

struct AlgorithmModule {
  const char* id;
  const char* title;
  const char* doc;
  std::unique_ptr<Algorithm> (*make)();
};

#define TINYZERO_ALGORITHM_ENTRY "tinyzero_algorithm_v1"
using AlgorithmEntry = const AlgorithmModule* (*)();

#define TINYZERO_STRING_(x) #x
#define TINYZERO_STRING(x) TINYZERO_STRING_(x)

#if defined(_LIBCPP_VERSION)
#define TINYZERO_STDLIB "libc++ " TINYZERO_STRING(_LIBCPP_VERSION)
#else
#define TINYZERO_STDLIB                                                     \
  "libstdc++ " TINYZERO_STRING(_GLIBCXX_RELEASE) " debug " TINYZERO_STRING( \
      TINYZERO_DEBUG_STL) " cxx11 abi " TINYZERO_STRING(_GLIBCXX_USE_CXX11_ABI)
#endif
#if defined(_GLIBCXX_DEBUG)
#define TINYZERO_DEBUG_STL 1
#else
#define TINYZERO_DEBUG_STL 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TINYZERO_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define TINYZERO_SANITIZER "thread"
#else
#define TINYZERO_SANITIZER "none"
#endif

// Everything that must be equal between a host and an algorithm. TINYZERO_TORCH and
// TINYZERO_ALGORITHM_API come from the build (tinyzero_add_algorithm).
#define TINYZERO_FINGERPRINT                                                              \
  "api=" TINYZERO_ALGORITHM_API "\ntorch=" TINYZERO_TORCH "\ncompiler=" TINYZERO_COMPILER \
  "\nstdlib=" TINYZERO_STDLIB                                                             \
  "\nstandard=" TINYZERO_STRING(__cplusplus) "\nsanitizer=" TINYZERO_SANITIZER "\n"

// Exports the algorithm; once in a library.
#define TINYZERO_ALGORITHM(Type, id_, title_, doc_)                                        \
  TINYZERO_NOTE(TINYZERO_NOTE_ALGORITHM,                                                   \
                "id=" id_ "\nsdk=" TINYZERO_VERSION "\n" TINYZERO_FINGERPRINT);            \
  extern "C" __attribute__((visibility("default"))) const tinyzero::AlgorithmModule*       \
  tinyzero_algorithm_v1() {                                                                \
    static const tinyzero::AlgorithmModule module{                                         \
        id_, title_, doc_, [] { return std::unique_ptr<tinyzero::Algorithm>(new Type); }}; \
    return &module;                                                                        \
  }

}  // namespace tinyzero
