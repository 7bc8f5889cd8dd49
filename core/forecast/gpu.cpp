#include "core/forecast/gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/learn/learner.h"
#include "core/transformer/operators.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr double kF32 = 4, kBf16 = 2;
constexpr std::int64_t kRemedyRank = 16;  // of an adapter that is proposed

double real(std::int64_t n) { return static_cast<double>(n); }

// Numbers that a product reads for a token: the matrices of the layers, and with `head` those of
// the head. An embedding is looked up.
double matrix_numbers(const ModelConfig& c, bool head) {
  const double layer = real(c.width) * real(2 * c.q_width() + 2 * c.kv_width() + 3 * c.mlp);
  return real(c.layers) * layer + (head ? real(c.vocab) * real(c.width) : 0);
}

double kv_bytes(const ModelConfig& c) { return kBf16 * 2 * real(c.layers * c.kv_width()); }

// Prompts and sequences that are decoded at once.
struct Decoding {
  double prompts, sequences;
};

Decoding decoding_at_once(const RunShape& run) {
  const Experiment& e = run.experiment;
  const std::int64_t room = e.rollout.wave > 0 ? e.rollout.wave : kSequencesAtOnce;
  const std::int64_t step = std::min(room, run.completions()),
                     evaluation = std::min(room, run.held_out * e.eval.samples);
  const std::int64_t prompts =
      std::max((step + e.rollout.samples - 1) / e.rollout.samples, std::min(room, run.held_out));
  return {real(prompts), real(std::max(step, evaluation))};
}

// Floating-point operations of one forward pass over the rows of `problems` prompts with `samples`
// completions each: two a number of the matrices, and four a component of the queries for each
// position that a token sees.
double forward_operations(const RunShape& run, std::int64_t problems, std::int64_t samples) {
  const ModelConfig& c = run.model->config;
  const double prompt = real(run.longest_prompt),
               completion = real(run.experiment.rollout.max_tokens);
  const double completions = real(problems * samples),
               rows = real(problems) * prompt + completions * completion;
  const double seen =
      real(problems) * prompt * prompt / 2 + completions * completion * (prompt + completion / 2);
  return 2 * matrix_numbers(c, false) * rows +
         2 * real(c.vocab) * real(c.width) * completions * completion +
         4 * real(c.layers * c.q_width()) * seen;
}

// Decoding `sequences` of them, so many at once: each token's pass reads the weights and all keys
// and values.
double decode_seconds(const RunShape& run, const Gpu& gpu, double sequences) {
  const ModelConfig& c = run.model->config;
  const double at_once = std::min(sequences, decoding_at_once(run).sequences),
               numbers = matrix_numbers(c, true);
  const double tokens = real(run.experiment.rollout.max_tokens),
               context = real(run.longest_prompt) + tokens / 2;
  const double pass = std::max(kBf16 * numbers / gpu.bandwidth, 2 * numbers * at_once / gpu.flops) +
                      at_once * context * kv_bytes(c) / gpu.bandwidth;
  return pass * tokens * sequences / at_once;
}

// Numbers that learn of an auxiliary model.
double learning_of(const RunShape& run, const AuxiliaryModel& side) {
  if (side.learning_rate == 0) return 0;
  if (!has_adapter(side, run.experiment)) return real(run.model->layout.size());
  return real(run.adapter_values) + (side.value_head ? real(run.model->config.width) + 1 : 0);
}

// An update of so many numbers, and the copies around its passes, at the peaks of link and memory:
// weights there, gradients back; gradient, moments and weight read, all but the first written.
double update_seconds(const RunShape& run, double learning) {
  return kF32 * (real(run.model->layout.size()) + learning) / kLink +
         7 * kF32 * learning / kHostBandwidth;
}

double copy_seconds(const RunShape& run) { return kF32 * real(run.model->layout.size()) / kLink; }

// What core/transformer/device_operators.h keeps of a micro-batch of so many rows for the backward
// pass, and what the backward pass of a layer takes beside it.
double activation_bytes(const RunShape& run, double rows) {
  const Experiment& e = run.experiment;
  const ModelConfig& c = run.model->config;
  const bool adapter = run.adapter_values > 0;
  const double width = real(c.width), q = real(c.q_width()),
               qkv = real(c.q_width() + 2 * c.kv_width()), mlp = real(c.mlp),
               layers = real(c.layers);
  // Attention takes each completion with its prompt, and each prompt alone, as long as the longest.
  const double completion = real(e.rollout.max_tokens), prompt = real(run.longest_prompt),
               samples = real(e.rollout.samples);
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
  const double head = real(c.vocab) * width * (adapter ? kBf16 : kBf16 + kF32 + kBf16),
               logits = 30 * real(kLogitRows) * real(c.vocab);
  return layers_kept + casts + std::max(working, head + logits);
}

}  // namespace

Gpu gpu_from_name(const std::string& name) {
  static const Gpu kGpus[] = {
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
  return {name + " GB", gigabytes * 1e9, 0, 0, ""};
}

GpuMemory gpu_memory(const RunShape& run) {
  const ModelConfig& c = run.model->config;
  const double whole = real(run.model->layout.size());
  GpuMemory m;
  m.weights = (kF32 + kBf16) * whole + kF32 * real(run.adapter_values);
  m.gradients = kF32 * real(run.learning());
  for (const AuxiliaryModel& side : run.own_auxiliary_models())
    m.auxiliary_models += kF32 * (whole + learning_of(run, side) +
                                  (has_adapter(side, run.experiment) ? learning_of(run, side) : 0));
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
  for (const AuxiliaryModel& side : run.auxiliary_models) {
    t.read += forward;
    t.optimizer += copy_seconds(run);
    if (side.learning_rate == 0) continue;
    const double epochs = real(side.epochs > 0 ? side.epochs : e.train.epochs);
    t.learn += epochs * learning_passes(!has_adapter(side, e)) * forward;
    t.optimizer += epochs * updates * update_seconds(run, learning_of(run, side));
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

std::vector<Remedy> gpu_remedies(const RunShape& run, const Gpu& gpu) {
  std::vector<Remedy> found;
  const TrainSettings& now = run.experiment.train;
  const bool whole = run.adapter_values == 0, from_folder = !run.experiment.model.path.empty();
  const auto look = [&](bool recompute, bool adapter, std::int64_t wave) {
    RunShape tried = run;
    std::string words;
    const auto set = [&](const std::string& assignment) {
      words += (words.empty() ? "" : " ") + assignment;
    };
    if (recompute && !now.recompute) set("train.recompute=true");
    if (adapter) set(fmt::format("lora.rank={}", kRemedyRank));
    if (wave > 0) set(fmt::format("rollout.wave={}", wave));
    tried.experiment.train.recompute = recompute;
    if (adapter) tried.set_lora_rank(kRemedyRank);
    if (wave > 0) tried.experiment.rollout.wave = wave;
    tried.experiment.train.micro_batch = now.micro_batch > 0 ? now.micro_batch : kLeastMicroBatch;
    if (gpu_memory(tried).total() > gpu.bytes) {
      tried.experiment.train.micro_batch = std::max<std::int64_t>(kLeastMicroBatch, run.longest());
      if (tried.experiment.train.micro_batch >= now.micro_batch ||
          gpu_memory(tried).total() > gpu.bytes)
        return false;
      set(fmt::format("train.micro_batch={}", tried.experiment.train.micro_batch));
    }
    if (words.empty()) return false;
    found.push_back({words, gpu_memory(tried).total()});
    return true;
  };
  look(now.recompute, false, 0);
  if (!now.recompute) look(true, false, 0);
  constexpr std::int64_t kNarrow = 64;
  const bool narrower = decoding_at_once(run).sequences > kNarrow;
  if (found.empty() && narrower) look(true, false, kNarrow);
  if (whole && from_folder &&
      (look(now.recompute, true, 0) || look(true, true, 0) ||
       (narrower && look(true, true, kNarrow))))
    return found;
  return found;
}

}  // namespace tinyzero
