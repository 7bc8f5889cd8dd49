#include "core/forecast/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/base/memory.h"
#include "core/kernels/kernels.h"
#include "core/learn/learner.h"
#include "core/learn/model_workers.h"
#include "core/optimizer/moments.h"
#include "core/ranks/ranks.h"
#include "core/rollout/cpu/engine.h"
#include "core/run/checkpoint.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kFloatBytes = sizeof(float);
constexpr std::int64_t kSmallestMicroBatch = 128;
constexpr std::int64_t kLargestMicroBatch = 4096;
// Micro-batches have other numbers of rows each, so the heap has holes between their activations: a
// byte for so many (docs/models.md compares with measurements).
constexpr std::int64_t kLiveBytesOfHole = 4;

std::int64_t layer_width(const ModelConfig& c) { return c.q_width() + 2 * c.kv_width(); }

// Activations of a model in floats, for each token of a micro-batch and each layer, as the
// operations of core/transformer keep them.
class Activations {
 public:
  enum class Products { own, libtorch };  // our own work on packed matrices
  enum class Matrices { learn, frozen };
  Activations(const ModelConfig& c, Products products, Matrices matrices)
      : c_(c), own_(products == Products::own), learns_(matrices == Matrices::learn) {}

  // Floats of one replica: what waits for the backward pass, the layer that is computed, and a
  // chunk of logits. The last two do not live at the same time, but the heap keeps what one frees,
  // and replicas are not at the same point of their passes.
  std::int64_t peak(const MicroBatchRows& rows, bool recompute) const {
    const std::int64_t waiting =
        recompute ? rows.all * (c_.layers * c_.width + kept()) : rows.all * c_.layers * kept();
    return waiting + (rows.all + rows.completions) * c_.width + working(rows) + logits(rows);
  }

 private:
  // Floats that a layer keeps of a token for the backward pass: its input, the residual between
  // attention and MLP, queries, keys and values (before and after their norm), attention's output
  // and log-sums, gates and ups. Products of LibTorch also keep their inputs: two norms, gated
  // values.
  std::int64_t kept() const {
    return 2 * c_.width + (c_.qk_norm ? 2 : 1) * layer_width(c_) + c_.q_width() + c_.heads +
           2 * c_.mlp + (own_ ? 0 : 2 * c_.width + c_.mlp);
  }

  // Floats in addition while a layer is computed backward: gradients of its output and of gates and
  // ups, the gated values again, and, for the gradient of a matrix, two packed factors. LibTorch's
  // products make that gradient as a matrix of its own.
  std::int64_t working(const MicroBatchRows& rows) const {
    const Kernels& k = kernels();
    const std::int64_t all = rows.all * (c_.width + 3 * c_.mlp);
    if (!learns_) return all;
    if (!own_) return all + 2 * c_.mlp * c_.width;
    return all + k.packed_size(c_.mlp, rows.all) +
           (k.numbers_per_word > 1 ? k.words(rows.all) * c_.width : 0);
  }

  // The logits of a chunk, and two factors of the head's gradient.
  std::int64_t logits(const MicroBatchRows& rows) const {
    if (c_.value_head) return 0;
    const Kernels& k = kernels();
    const std::int64_t chunk = std::min(rows.completions, kLogitRows);
    const std::int64_t all = chunk * c_.vocab + rows.completions * c_.width;
    if (!learns_) return all;
    return all + k.packed_size(c_.width, chunk) +
           (k.numbers_per_word > 1 ? k.words(chunk) * c_.vocab : 0);
  }

  const ModelConfig& c_;
  bool own_, learns_;
};

GradientDivision division_of(const RunShape& run) {
  const Experiment& e = run.experiment;
  return GradientDivision::of(*run.model, e.general.threads, e.train.shards / run.ranks);
}

// Bytes of all replicas of one model that learns, by its matrices or by an adapter.
std::int64_t activation_bytes(const RunShape& run, bool value_head,
                              Activations::Matrices matrices) {
  const GradientDivision division = division_of(run);
  ModelConfig config = run.model->config;
  config.value_head = value_head;
  const bool packs = ModelWorkers::packs(*run.model, /*frozen=*/false);
  const Activations activations(
      config, packs ? Activations::Products::own : Activations::Products::libtorch, matrices);
  const MicroBatchRows rows = largest_micro_batch(run, division.shards * run.ranks);
  const std::int64_t live = activations.peak(rows, run.experiment.train.recompute) * kFloatBytes;
  return division.replicas * (live + live / kLiveBytesOfHole);
}

// Bytes of keys, values and current rows of the widest call: a step, an evaluation, or the samples
// of the preflight.
std::int64_t cache_bytes(const RunShape& run) {
  const Experiment& e = run.experiment;
  const CpuEngineOptions options{.threads = e.general.threads, .wave = e.rollout.wave};
  const auto bytes = [&](std::int64_t all, std::int64_t samples) {
    const std::int64_t prompts = (all + run.ranks - 1) / run.ranks;
    return CpuEngine::call_bytes(
        *run.model, options,
        {prompts, prompts * samples, run.longest_prompt, e.rollout.max_tokens});
  };
  std::int64_t most = std::max(bytes(run.held_out, e.eval.samples), bytes(run.held_out, 1));
  if (e.train.steps == 0) return most;
  most = std::max(most, bytes(e.rollout.prompts, e.rollout.samples));
  return e.preflight.problems == 0
             ? most
             : std::max(most, bytes(e.preflight.problems,
                                    std::min(e.rollout.samples, PreflightSettings::kSamples)));
}

// How many numbers a model of a run has.
struct ModelShape {
  std::int64_t weights = 0;
  std::int64_t adapter_values = 0;
  std::vector<std::int64_t> tensors;  // sizes of those that learn; none: it is frozen

  std::int64_t learning() const {
    return std::accumulate(tensors.begin(), tensors.end(), std::int64_t{0});
  }
};

std::vector<std::int64_t> sizes_of(const ParameterLayout& layout) {
  std::vector<std::int64_t> sizes;
  for (const ParameterSlot& slot : layout.slots()) sizes.push_back(slot.size);
  return sizes;
}

std::vector<std::int64_t> adapter_sizes(const RunShape& run, const ParameterLayout& layout) {
  const LoraSettings& lora = run.experiment.lora;
  return Adapter::tensor_sizes(layout, {lora.rank, lora.alpha, lora.targets, ""});
}

ModelShape policy_shape(const RunShape& run) {
  const ParameterLayout& layout = run.model->layout;
  return {layout.size(), run.adapter_values,
          run.adapter_values > 0 ? adapter_sizes(run, layout) : sizes_of(layout)};
}

ModelShape auxiliary_shape(const RunShape& run, const AuxiliaryModel& side) {
  ModelConfig config = run.model->config;
  config.value_head = side.value_head;
  const ParameterLayout layout(config);
  ModelShape shape{layout.size(), 0, {}};
  if (side.learning_rate == 0) return shape;
  if (!has_adapter(side, run.experiment)) {
    shape.tensors = sizes_of(layout);
    return shape;
  }
  shape.tensors = adapter_sizes(run, layout);
  if (side.value_head) shape.tensors.insert(shape.tensors.end(), {config.width, 1});
  shape.adapter_values = shape.learning();
  return shape;
}

// Bytes that completions take if each has `tokens`. The constants were measured
// (tests/integration/run_memory.cpp), since most of it is overhead of LibTorch and the heap for
// small objects. Learning and writing episodes/ take turns; the completions and the packed batch
// live during both.
class EpisodeBytes {
 public:
  EpisodeBytes(const RunShape& run, double tokens)
      : run_(run), tokens_(tokens), prompt_(real(run.longest_prompt)), text_(run.bytes_of_token) {}

  double step(double completions, double problems, double rounds) const {
    const bool learns = std::any_of(run_.auxiliary_models.begin(), run_.auxiliary_models.end(),
                                    [](const AuxiliaryModel& s) { return s.learning_rate > 0; });
    const double read = run_.experiment.train.importance_cap > 0 ? kReadToken : 0;
    const double written = kLines + 2.2 * text_ * prompt_ +
                           (kSampledToken + 3.6 * text_) * tokens_;  // of each that was sampled
    const double kept =
        kPacked + 4 * prompt_ + kPackedToken * tokens_;  // of each that is learned from
    const double sampled = kSampled + traits_of_one() + (kSampledToken + text_) * tokens_;
    const double ahead = run_.experiment.rollout.ahead > 0 ? rounds * sampled + kept : 0;
    const double learned =
        kPacked + 4 * prompt_ + (kLearnedToken + read + (learns ? kSideToken : 0)) * tokens_;
    return problems * rounds * (kProblem + (4 + 2 * text_) * prompt_) +
           completions * (std::max(rounds * written + kept, rounds * sampled + learned) + ahead);
  }

  double evaluation(double problems, double samples) const {
    return problems * (kProblem + (4 + 2 * text_) * prompt_) +
           problems * (samples + 1) *
               (kAnswer + 3 * traits_of_one() + (kSampledToken + 2 * text_) * tokens_);
  }

 private:
  static double real(std::int64_t n) { return static_cast<double>(n); }
  // The numbers of one completion as the task gives them, or as a record holds them.
  double traits_of_one() const { return run_.traits > 0 ? kRow + kTrait * real(run_.traits) : 0; }

  static constexpr double kRow = 24, kTrait = 8;
  static constexpr double kProblem = 300, kSampled = 500, kLines = 1020, kPacked = 150,
                          kAnswer = 700;
  static constexpr double kSampledToken = 10, kPackedToken = 29, kLearnedToken = 62,
                          kSideToken = 80, kReadToken = 14;
  const RunShape& run_;
  const double tokens_, prompt_, text_;
};

std::int64_t episode_bytes(const RunShape& run, std::int64_t tokens, std::int64_t rounds) {
  const Experiment& e = run.experiment;
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  const EpisodeBytes bytes(run, real(tokens));
  double most = bytes.evaluation(real(run.held_out), real(e.eval.samples));
  if (e.warm_start.steps > 0)
    most = std::max(most, bytes.step(real(e.warm_start.batch), real(e.warm_start.batch), 1));
  if (e.train.steps > 0) {
    most =
        std::max(most, bytes.step(real(run.completions()), real(e.rollout.prompts), real(rounds)));
    const std::int64_t looked =
        e.preflight.problems * std::min(e.rollout.samples, PreflightSettings::kSamples);
    most = std::max(most, bytes.step(real(looked), real(e.preflight.problems), 1));
  }
  return static_cast<std::int64_t>(most);
}

}  // namespace

std::int64_t RunShape::learning(const AuxiliaryModel& model) const {
  return auxiliary_shape(*this, model).learning();
}

void RunShape::set_lora_rank(std::int64_t rank) {
  experiment.lora.rank = rank;
  adapter_values = adapted = 0;
  if (rank == 0) return;
  const AdapterFloats floats =
      Adapter::floats(model->layout, {rank, experiment.lora.alpha, experiment.lora.targets, ""});
  adapter_values = floats.values;
  adapted = floats.base;
}

std::vector<AuxiliaryModel> RunShape::own_auxiliary_models() const {
  std::vector<AuxiliaryModel> own;
  if (experiment.train.steps == 0) return own;
  std::copy_if(
      auxiliary_models.begin(), auxiliary_models.end(), std::back_inserter(own),
      [&](const AuxiliaryModel& side) { return !is_policy_without_adapter(side, experiment); });
  return own;
}

namespace {

// The micro-batches that split_by_tokens() makes of `sequences` of one length, each sample of a
// problem one of them. It is done without a list of the sequences, of which there may be millions.
struct EqualSequences {
  std::int64_t sequences, samples, length, micro_batches;

  // The first sequence whose middle lies in that micro-batch's share of all tokens.
  std::int64_t first_of(std::int64_t micro_batch) const {
    const std::int64_t total = sequences * length;
    const std::int64_t begin =
        (static_cast<__int128>(micro_batch) * total + micro_batches - 1) / micro_batches;
    return std::clamp<std::int64_t>((begin - length / 2 + length - 1) / length, 0, sequences);
  }
  std::int64_t end_of(std::int64_t micro_batch) const {
    return micro_batch + 1 == micro_batches ? sequences : first_of(micro_batch + 1);
  }
};

MicroBatchRows largest_of(const RunShape& run, const EqualSequences& all) {
  constexpr std::int64_t kLooked = 1 << 16;  // micro-batches: those of a step are alike
  MicroBatchRows most;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < std::min(all.micro_batches, kLooked); ++i) {
    const std::int64_t end = all.end_of(i);
    const std::int64_t count = end - first;
    if (count > 0) {
      const std::int64_t problems = (end - 1) / all.samples - first / all.samples + 1;
      const std::int64_t completions = count * run.experiment.rollout.max_tokens;
      const std::int64_t rows = problems * run.longest_prompt + completions;
      if (rows > most.all) most = {.all = rows, .completions = completions};
    }
    first = end;
  }
  return most;
}

}  // namespace

MicroBatchRows largest_micro_batch(const RunShape& run, std::int64_t shards) {
  const Experiment& e = run.experiment;
  const auto largest = [&](std::int64_t sequences, std::int64_t samples) {
    const std::int64_t tokens = sequences * run.longest();
    const std::int64_t at_once = e.train.micro_batch * shards;
    const std::int64_t rounds = std::max<std::int64_t>(1, (tokens + at_once - 1) / at_once);
    return largest_of(run, {.sequences = sequences,
                            .samples = samples,
                            .length = run.longest(),
                            .micro_batches = rounds * shards});
  };
  MicroBatchRows most;
  if (e.train.steps > 0) most = largest(run.completions() / e.train.updates, e.rollout.samples);
  if (e.warm_start.steps > 0) {
    const MicroBatchRows warm = largest(e.warm_start.batch, 1);
    if (warm.all > most.all) most = warm;
  }
  return most;
}

RunMemory memory_of(const RunShape& run) {
  const Experiment& e = run.experiment;
  const Model& model = *run.model;
  RunMemory m;
  m.program = run.program;
  const MomentType state = moment_type_from_name(e.train.optimizer_state);
  const ModelShape policy = policy_shape(run);
  m.weights =
      (policy.weights + policy.adapter_values) * kFloatBytes + run.adapted * run.adapted_bytes;
  m.optimizer = moment_bytes(state, policy.tensors) / run.ranks;
  const bool learns_here = e.train.device == "cpu";
  const auto workers = [&](std::int64_t floats) {
    return learns_here ? ModelWorkers::bytes(model, division_of(run), floats)
                       : floats * kFloatBytes;
  };
  m.gradients = workers(run.learning());
  // What ranks send and receive at once.
  if (run.ranks > 1) m.gradients += Ranks::exchange_bytes(run.learning());
  if (e.rollout.device == "cpu") {
    m.decoder = CpuEngine::weight_bytes(model);
    m.caches = cache_bytes(run);
  }
  if (e.rollout.ahead > 0) m.decoder += policy.weights * kFloatBytes;  // as they were before
  if (learns_here && (e.train.steps > 0 || e.warm_start.steps > 0))
    m.activations = activation_bytes(
        run, /*value_head=*/false,
        run.adapter_values == 0 ? Activations::Matrices::learn : Activations::Matrices::frozen);
  for (const AuxiliaryModel& side : run.own_auxiliary_models()) {
    const ModelShape shape = auxiliary_shape(run, side);
    m.auxiliary_models += (shape.weights + shape.adapter_values) * kFloatBytes +
                          moment_bytes(state, shape.tensors) / run.ranks +
                          workers(shape.learning());
    if (learns_here && shape.learning() > 0)
      m.activations = std::max(
          m.activations, activation_bytes(run, side.value_head,
                                          has_adapter(side, e) ? Activations::Matrices::frozen
                                                               : Activations::Matrices::learn));
  }
  m.episodes = episode_bytes(run, e.rollout.max_tokens, run.rounds);
  m.least_episodes = episode_bytes(run, 1, 1);
  return m;
}

std::int64_t checkpoint_bytes_of(const RunShape& run) {
  const Experiment& e = run.experiment;
  const MomentType state = moment_type_from_name(e.train.optimizer_state);
  const auto bytes = [&](const ModelShape& shape) {
    const CheckpointModel model{.weights = shape.weights,
                                .dtype = dtype_from_name(e.train.weights),
                                .moment_bytes = moment_bytes(state, shape.tensors),
                                .adapter_values = shape.adapter_values,
                                .companion_bytes = companion_bytes(*run.model)};
    return static_cast<std::int64_t>(checkpoint_bytes(model));
  };
  std::int64_t all = bytes(policy_shape(run));
  for (const AuxiliaryModel& side : run.own_auxiliary_models())
    all += bytes(auxiliary_shape(run, side));
  // A token and its log-prob.
  if (e.rollout.ahead > 0) all += run.completions() * run.rounds * e.rollout.max_tokens * 8;
  return all;
}

std::string memory_advice(const RunMemory& m) {
  if (m.episodes > m.total() / 2)
    return "take fewer rollout.prompts, rollout.samples or eval.problems, or a smaller "
           "rollout.max_tokens";
  return "take fewer threads, a smaller train.micro_batch or rollout.max_tokens, or set "
         "train.recompute or lora.rank";
}

std::vector<std::string> memory_warnings(const RunShape& run, std::int64_t machine) {
  const RunMemory m = memory_of(run);
  if (m.total() <= machine) return {};
  const std::string have = size_text(static_cast<double>(machine));
  if (m.least() > machine)
    return {
        fmt::format("the run does not fit this machine: it needs at least {} of memory, however "
                    "short its completions are, and there are {}: {}",
                    size_text(static_cast<double>(m.least())), have, memory_advice(m))};
  return {
      fmt::format("the run needs about {} of memory if its completions are as long as they may be; "
                  "this machine has {}: {}",
                  size_text(static_cast<double>(m.total())), have, memory_advice(m))};
}

std::int64_t micro_batch_for(RunShape run, std::int64_t available) {
  std::int64_t& tokens = run.experiment.train.micro_batch;
  for (tokens = kLargestMicroBatch;
       tokens > kSmallestMicroBatch && memory_of(run).total() > available;)
    tokens /= 2;
  return tokens;
}

}  // namespace tinyzero
