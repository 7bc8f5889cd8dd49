#include "core/forecast/gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/forecast/memory.h"
#include "core/learn/learner.h"
#include "core/transformer/operators.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr double kF32 = 4;   // bytes
constexpr double kBf16 = 2;  // bytes

double real(std::int64_t n) { return static_cast<double>(n); }

// Weights that the matrix products read for a token: those of the layers, and with `head` those of
// the head. Embeddings are looked up instead.
double matrix_numbers(const ModelConfig& c, bool head) {
  const double layer = real(c.width) * real(2 * c.q_width() + 2 * c.kv_width() + 3 * c.mlp);
  return real(c.layers) * layer + (head ? real(c.vocab) * real(c.width) : 0);
}

double kv_bytes(const ModelConfig& c) { return kBf16 * 2 * real(c.layers * c.kv_width()); }

// What is decoded at once.
struct Decoding {
  double prompts = 0;
  double sequences = 0;
};

Decoding decoding_at_once(const RunShape& run) {
  const Experiment& e = run.experiment;
  const std::int64_t capacity = e.rollout.wave > 0 ? e.rollout.wave : kSequencesAtOnce;
  const std::int64_t step = std::min(capacity, run.completions());
  const std::int64_t evaluation = std::min(capacity, run.held_out * e.eval.samples);
  const std::int64_t step_prompts = (step + e.rollout.samples - 1) / e.rollout.samples;
  const std::int64_t prompts = std::max(step_prompts, std::min(capacity, run.held_out));
  return {.prompts = real(prompts), .sequences = real(std::max(step, evaluation))};
}

// Floating-point operations of one forward pass over the rows of `problems` prompts with `samples`
// completions each: two for each weight of the matrices, and four for each component of the queries
// and each position that a token sees.
double forward_operations(const RunShape& run, std::int64_t problems, std::int64_t samples) {
  const ModelConfig& c = run.model->config;
  const double prompt = real(run.longest_prompt);
  const double completion = real(run.experiment.rollout.max_tokens);
  const double completions = real(problems * samples);
  const double rows = real(problems) * prompt + completions * completion;
  const double seen =
      real(problems) * prompt * prompt / 2 + completions * completion * (prompt + completion / 2);
  return 2 * matrix_numbers(c, false) * rows +
         2 * real(c.vocab) * real(c.width) * completions * completion +
         4 * real(c.layers * c.q_width()) * seen;
}

// Seconds of decoding `sequences`, as many at once as fit: the pass of each token reads the weights
// and all keys and values.
double decode_seconds(const RunShape& run, const Gpu& gpu, double sequences) {
  const ModelConfig& c = run.model->config;
  const double at_once = std::min(sequences, decoding_at_once(run).sequences);
  const double numbers = matrix_numbers(c, true);
  const double tokens = real(run.experiment.rollout.max_tokens);
  const double context = real(run.longest_prompt) + tokens / 2;
  const double pass = std::max(kBf16 * numbers / gpu.bandwidth, 2 * numbers * at_once / gpu.flops) +
                      at_once * context * kv_bytes(c) / gpu.bandwidth;
  return pass * tokens * sequences / at_once;
}

// How many numbers of an auxiliary model learn.
double learning_of(const RunShape& run, const AuxiliaryModel& model) {
  if (model.learning_rate == 0) return 0;
  if (!has_adapter(model, run.experiment)) return real(run.model->layout.size());
  return real(run.adapter_values) + (model.value_head ? real(run.model->config.width) + 1 : 0);
}

// Seconds of an update of so many numbers and of the copies around its passes, at the peaks of link
// and memory: weights to the GPU, gradients back; then gradient, moments and weight are read, and
// all but the gradient written.
double update_seconds(const RunShape& run, double learning) {
  return kF32 * (real(run.model->layout.size()) + learning) / kLink +
         7 * kF32 * learning / kHostBandwidth;
}

double copy_seconds(const RunShape& run) { return kF32 * real(run.model->layout.size()) / kLink; }

// Bytes that core/transformer/device_operators.h keeps of a micro-batch of so many rows for the
// backward pass, and those that the backward pass of a layer takes in addition.
double activation_bytes(const RunShape& run, double rows) {
  const Experiment& e = run.experiment;
  const ModelConfig& c = run.model->config;
  const bool adapter = run.adapter_values > 0;
  const double width = real(c.width);
  const double q = real(c.q_width());
  const double qkv = real(c.q_width() + 2 * c.kv_width());
  const double mlp = real(c.mlp);
  const double layers = real(c.layers);
  // Attention takes each completion with its prompt, and each prompt alone, as long as the longest.
  const double completion = real(e.rollout.max_tokens);
  const double prompt = real(run.longest_prompt);
  const double samples = real(e.rollout.samples);
  const double cells =
      rows * (prompt + completion) * (1 + 1 / samples) / (completion + prompt / samples);
  // Of a row: residuals and norms in f32, inputs of products in bf16 (f32 where an adapter needs
  // them), gates and ups with their product in f32. Of a cell: queries, keys, values and
  // attention's output for every head in bf16.
  const double kept = rows * (4 * kF32 * width + (adapter ? kF32 : kBf16) * (2 * width + q + mlp) +
                              3 * kF32 * mlp) +
                      cells * (4 * kBf16 * q + (c.qk_norm ? 2 * kF32 * qkv : 0));
  const double working =
      kF32 * rows * (2 * width + 3 * mlp) + (adapter ? 0 : kF32 * 2 * mlp * width);
  const double casts = kBf16 * matrix_numbers(c, false) / (e.train.recompute ? layers : 1);
  const double layers_kept =
      e.train.recompute ? layers * kF32 * rows * width + kept : layers * kept;
  const double head = real(c.vocab) * width * (adapter ? kBf16 : kBf16 + kF32 + kBf16);
  const double logits = 30 * real(kLogitRows) * real(c.vocab);
  return layers_kept + casts + std::max(working, head + logits);
}

}  // namespace

Gpu gpu_from_name(const std::string& name) {
  static const Gpu kGpus[] = {
      // name, memory, flops, bandwidth, source
      {"h100", 80e9, 989e12, 3.35e12, "NVIDIA H100 SXM data sheet"},
      {"h200", 141e9, 989e12, 4.8e12, "NVIDIA H200 SXM data sheet"},
      {"a100", 80e9, 312e12, 2.039e12, "NVIDIA A100 80GB SXM data sheet"},
      {"4090", 24e9, 165.2e12, 1.008e12, "NVIDIA Ada architecture white paper, RTX 4090"}};
  for (const Gpu& gpu : kGpus) {
    if (gpu.name == name) return gpu;
  }
  const double gigabytes = parse_real(name).value_or(0);
  if (gigabytes <= 0 || gigabytes > 100000)
    throw Error("no GPU \"" + name + "\"",
                "use h100, h200, a100, 4090, or its memory in gigabytes, for example --gpu 48");
  Gpu gpu;
  gpu.name = name + " GB";
  gpu.bytes = gigabytes * 1e9;
  return gpu;
}

GpuMemory gpu_memory(const RunShape& run) {
  const ModelConfig& c = run.model->config;
  const double whole = real(run.model->layout.size());
  GpuMemory m;
  m.weights = (kF32 + kBf16) * whole + kF32 * real(run.adapter_values);
  m.gradients = kF32 * real(run.learning());
  for (const AuxiliaryModel& model : run.own_auxiliary_models()) {
    const double learning = learning_of(run, model);
    const double adapter = has_adapter(model, run.experiment) ? learning : 0;
    m.auxiliary_models += kF32 * (whole + learning + adapter);
  }
  const Decoding at_once = decoding_at_once(run);
  m.caches = kv_bytes(c) * (at_once.prompts * real(run.longest_prompt) +
                            at_once.sequences * real(run.experiment.rollout.max_tokens)) +
             at_once.sequences * real(c.vocab) * kF32;
  m.activations =
      activation_bytes(run, real(std::max(run.experiment.train.micro_batch, run.longest())));
  RunShape on_gpu = run;
  on_gpu.experiment.rollout.device = on_gpu.experiment.train.device = "cuda";
  m.host = real(memory_of(on_gpu).total());
  return m;
}

GpuTime gpu_time(const RunShape& run, const Gpu& gpu) {
  const Experiment& e = run.experiment;
  GpuTime t;
  const double forward = forward_operations(run, e.rollout.prompts, e.rollout.samples) / gpu.flops;
  // Backward costs twice a forward pass, or once where matrices have no gradient; recomputed layers
  // one more.
  const auto learning_passes = [&](bool matrices) {
    return 1.0 + (matrices ? 2 : 1) + (e.train.recompute ? 1 : 0);
  };
  const double updates = real(e.train.updates);
  t.decode = decode_seconds(run, gpu, real(run.completions()));
  t.prefill = 2 * matrix_numbers(run.model->config, false) *
              real(e.rollout.prompts * run.longest_prompt) / gpu.flops;
  t.learn = real(e.train.epochs) * learning_passes(run.adapter_values == 0) * forward;
  t.optimizer = real(e.train.epochs) * updates * update_seconds(run, real(run.learning()));
  t.read = e.train.importance_cap > 0 ? forward : 0;
  for (const AuxiliaryModel& model : run.auxiliary_models) {
    t.read += forward;
    t.optimizer += copy_seconds(run);
    if (model.learning_rate == 0) continue;
    const double epochs = real(model.epochs > 0 ? model.epochs : e.train.epochs);
    t.learn += epochs * learning_passes(!has_adapter(model, e)) * forward;
    t.optimizer += epochs * updates * update_seconds(run, learning_of(run, model));
  }
  t.evaluation = decode_seconds(run, gpu, real(run.held_out * e.eval.samples)) +
                 decode_seconds(run, gpu, real(run.held_out));
  return t;
}

std::int64_t gpu_micro_batch(const RunShape& run, const Gpu& gpu) {
  if (run.experiment.train.micro_batch > 0) return run.experiment.train.micro_batch;
  RunShape tried = run;
  std::int64_t& tokens = tried.experiment.train.micro_batch;
  for (tokens = kMostMicroBatch; tokens >= kLeastMicroBatch; tokens /= 2) {
    if (gpu_memory(tried).total() <= gpu.bytes) return tokens;
  }
  return 0;
}

namespace {

constexpr std::int64_t kRemedyRank = 16;  // of an adapter that is proposed
constexpr std::int64_t kRemedyWave = 64;  // of a narrower decoding that is proposed

struct Change {
  bool recompute = false;
  bool adapter = false;
  bool narrow = false;
};

// The run with the changed settings, and with the micro-batch that it needs; none if it does not
// fit, or if nothing changes.
std::optional<Remedy> try_change(const RunShape& run, const Gpu& gpu, const Change& change) {
  const TrainSettings& now = run.experiment.train;
  RunShape tried = run;
  Remedy remedy;
  const auto set = [&](const std::string& assignment) {
    remedy.settings += (remedy.settings.empty() ? "" : " ") + assignment;
  };
  const auto fits = [&] { return gpu_memory(tried).total() <= gpu.bytes; };
  std::int64_t& micro_batch = tried.experiment.train.micro_batch;
  if (change.recompute && !now.recompute) set("train.recompute=true");
  tried.experiment.train.recompute = change.recompute || now.recompute;
  if (change.adapter) {
    set(fmt::format("lora.rank={}", kRemedyRank));
    tried.set_lora_rank(kRemedyRank);
  }
  if (change.narrow) {
    set(fmt::format("rollout.wave={}", kRemedyWave));
    tried.experiment.rollout.wave = kRemedyWave;
  }
  micro_batch = now.micro_batch > 0 ? now.micro_batch : kLeastMicroBatch;
  if (!fits()) {
    micro_batch = std::max(kLeastMicroBatch, run.longest());
    if (micro_batch >= now.micro_batch || !fits()) return std::nullopt;
    set(fmt::format("train.micro_batch={}", micro_batch));
  }
  if (remedy.settings.empty()) return std::nullopt;
  remedy.bytes = gpu_memory(tried).total();
  return remedy;
}

}  // namespace

std::vector<Remedy> gpu_remedies(const RunShape& run, const Gpu& gpu) {
  std::vector<Remedy> found;
  const auto look = [&](const Change& change) {
    const std::optional<Remedy> remedy = try_change(run, gpu, change);
    if (remedy) found.push_back(*remedy);
    return remedy.has_value();
  };
  const bool narrower = decoding_at_once(run).sequences > real(kRemedyWave);
  const bool may_adapt = run.adapter_values == 0 && !run.experiment.model.path.empty();
  look({});
  if (!run.experiment.train.recompute) look({.recompute = true});
  if (found.empty() && narrower) look({.recompute = true, .narrow = true});
  if (may_adapt && !look({.adapter = true}) && !look({.recompute = true, .adapter = true}) &&
      narrower)
    look({.recompute = true, .adapter = true, .narrow = true});
  return found;
}

}  // namespace tinyzero
