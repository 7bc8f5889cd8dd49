#include "core/config/sections.h"

#include <algorithm>
#include <cmath>

namespace tinyzero {

void GeneralSettings::describe(SettingsTable& t) {
  t.add("seed", seed, "seed of all randomness in the run").between(0, 9007199254740992.0);
  t.add("threads", threads,
        "CPU threads for sampling and training; 0: as many as affinity and CPU quota allow")
      .between(0, 1024);
  t.add("precision", precision,
        "number type of matrix products and of cached keys and values; sums are f32. auto: bf16 "
        "where the CPU has instructions for it, else f32")
      .one_of({"auto", "f32", "bf16"});
}

void ModelSettings::describe(SettingsTable& t) {
  t.add("preset", preset,
        "shape of a model made from scratch: tiny 1M, small 5M, medium 30M parameters")
      .one_of({"tiny", "small", "medium"});
  t.add("path", path,
        "a Hugging Face folder to start from; empty: a new model of the preset's shape")
      .path();
  t.add("tokenizer", tokenizer,
        "tokenizer of a new model: bytes, or numbers (bytes, and one token for each number from 10 "
        "to 99 and for \" -> \")")
      .one_of({"numbers", "bytes"});
  t.add("template", prompt_template,
        "prompt template: bare (the problem and a newline), base (TinyZero's), qwen (ChatML); "
        "auto: chosen by the model")
      .one_of({"auto", "bare", "base", "qwen"});
  t.add("layers", layers, "layers of a new model; 0: the preset's").between(0, 256);
  t.add("width", width, "hidden size of a new model; 0: the preset's").between(0, 16384);
  t.add("heads", heads, "attention heads of a new model; 0: the preset's").between(0, 256);
  t.add("kv_heads", kv_heads, "key and value heads of a new model; 0: the preset's")
      .between(0, 256);
  t.add("mlp", mlp, "inner size of a new model's MLP; 0: the preset's").between(0, 65536);
  t.add("context", context, "longest sequence of a new model, in tokens; 0: the preset's")
      .between(0, 131072);
}

void LoraSettings::describe(SettingsTable& t) {
  t.add("rank", rank,
        "rank of a low-rank adapter for the model's matrices; only the adapter learns then. 0: no "
        "adapter, all weights learn")
      .between(0, 4096);
  t.add("alpha", alpha, "the adapter is scaled by alpha / rank")
      .between(0.001, 1e6)
      .unless("rank", "0");
  t.add("targets", targets, "matrices of each layer that have an adapter")
      .one_of({"q", "k", "v", "o", "gate", "up", "down"})
      .up_to(7)
      .unless("rank", "0");
  t.add("auxiliary_models", auxiliary_models,
        "whether a critic or reward model, too, learns only through an adapter and its head")
      .unless("rank", "0");
}

void WarmStartSettings::describe(SettingsTable& t) {
  t.add("steps", steps, "steps of imitating the task's demonstrations before RL; 0: pure RL")
      .between(0, 1e7);
  t.add("batch", batch, "demonstrations per step").between(1, 65536).unless("steps", "0");
  t.add("optimizer", optimizer,
        "muon (Muon for the matrices of the layers, AdamW for all other weights) or adamw")
      .one_of({"muon", "adamw"})
      .unless("steps", "0");
  t.add("learning_rate", learning_rate,
        "peak learning rate, reached after the first 5 % of the steps; then it falls as a cosine")
      .between(0, 1)
      .unless("steps", "0");
}

void RolloutSettings::describe(SettingsTable& t) {
  t.add("prompts", prompts, "problems per step").between(1, 65536);
  t.add("samples", samples, "completions per problem").between(1, 4096);
  t.add("max_tokens", max_tokens,
        "longest completion, in tokens; longer ones are cut and count as truncated")
      .between(1, 131072);
  t.add("first_tokens", first_tokens,
        "longest completion of the first step of RL. The limit grows by the same factor in each "
        "step, up to `max_tokens`, which evaluations always use. 0: it does not grow")
      .between(0, 131072);
  t.add("growth_steps", growth_steps, "steps after which the limit is `max_tokens`")
      .between(1, 1e7)
      .unless("first_tokens", "0");
  t.add("temperature", temperature,
        "sampling temperature; training uses the log-probs of the same distribution")
      .between(0.01, 10);
  t.add("device", device, "device that samples completions: cpu, or cuda (an NVIDIA GPU)")
      .one_of({"cpu", "cuda"});
  t.add("wave", wave,
        "sequences that a core decodes at once; changes speed and memory, never tokens. 0: chosen "
        "by the size of the cache")
      .between(0, 4096)
      .unless("device", "cuda");
  t.add("mixed_rounds", mixed_rounds,
        "dynamic sampling: only problems whose samples earned different rewards count. More "
        "problems are drawn, in at most this many rounds, until a step has `prompts` of them. 0: "
        "the algorithm decides what counts")
      .between(0, 15);
  t.add("ahead", ahead,
        "steps by which sampling runs ahead of learning. 1: while a step is learned, the next one "
        "is sampled from the weights as they were before; needs train.importance_cap. 0: they take "
        "turns")
      .between(0, 1);
}

std::int64_t RolloutSettings::tokens_at(std::int64_t step) const {
  if (first_tokens == 0 || first_tokens >= max_tokens || step > growth_steps) return max_tokens;
  const double first = first_tokens, most = max_tokens, steps = growth_steps;
  const double grown = static_cast<double>(step - 1) / steps;
  return std::llround(first * std::pow(most / first, grown));
}

void CurriculumSettings::describe(SettingsTable& t) {
  t.add("window", window,
        "number of steps at the current level over which the accuracy is averaged")
      .between(1, 1e6);
  t.add("raise_at", raise_at,
        "accuracy of training completions that raises the level by one, if reached or exceeded")
      .between(0, 1);
  t.add("lower_at", lower_at, "accuracy below which the level falls by one; 0: never")
      .between(0, 1);
  t.add("review", review, "share of problems from the levels below").between(0, 1);
}

void TrainSettings::describe(SettingsTable& t) {
  describe_length(t);
  describe_optimizer(t);
  describe_memory(t);
  describe_weights(t);
  describe_limits(t);
}

void TrainSettings::describe_length(SettingsTable& t) {
  t.add("steps", steps, "RL steps; 0: warm start and evaluation only").between(0, 1e7);
  t.add("budget_tokens", budget_tokens,
        "completion tokens after which RL ends, with the step that uses them up. A token is "
        "charged once when sampled, and once in every pass of any model that learns from it or "
        "reads it. Schedules follow the used share. 0: only steps count")
      .between(0, 1e15);
  t.add("budget_seconds", budget_seconds,
        "seconds of steps, without evaluation, after which RL ends, with the step that uses them "
        "up; 0: only steps count")
      .between(0, 1e9);
  t.add("random_reward", random_reward,
        "a control: completions earn 1 with this probability and else 0, whatever the task says; "
        "0: the task's own rewards")
      .between(0, 1);
  t.add("imitate", imitate,
        "a control: a step learns from demonstrations in place of the policy's own completions; an "
        "algorithm that imitates belongs to it")
      .unless("steps", "0");
  t.add("updates", updates,
        "gradient updates per epoch; a step's problems are divided evenly among them")
      .between(1, 64)
      .unless("steps", "0");
  t.add("epochs", epochs, "passes over a step's episodes, each with as many updates")
      .between(1, 64)
      .unless("steps", "0");
}

void TrainSettings::describe_optimizer(SettingsTable& t) {
  t.add("optimizer", optimizer,
        "optimizer of RL: adamw, or muon (Muon for the matrices of the layers, AdamW for all other "
        "weights)")
      .one_of({"adamw", "muon"})
      .unless("steps", "0");
  t.add("learning_rate", learning_rate, "peak learning rate of RL")
      .between(0, 1)
      .unless("steps", "0");
  t.add("schedule", schedule, "decay of the learning rate after the warm-up")
      .one_of({"constant", "linear", "cosine"})
      .unless("steps", "0");
  t.add("warmup", warmup, "steps over which the learning rate rises; 0: none")
      .between(0, 1e7)
      .unless("steps", "0");
  t.add("weight_decay", weight_decay, "weight decay of matrices, in RL and warm start; 0: none")
      .between(0, 10);
  t.add("beta1", beta1, "AdamW's decay of the mean gradient").between(0, 0.9999);
  t.add("beta2", beta2, "AdamW's decay of the mean squared gradient").between(0, 0.999999);
  t.add("clip_norm", clip_norm, "largest norm of the gradient; 0: no clipping").between(0, 1e6);
}

void TrainSettings::describe_memory(SettingsTable& t) {
  t.add("optimizer_state", optimizer_state,
        "number type of the optimizer's state. f32 takes 8 bytes per weight; bf16 takes 4, rounded "
        "stochastically; int8 takes 2, block-wise with the levels of bitsandbytes, except for "
        "tensors of fewer than 4096 numbers")
      .one_of({"f32", "bf16", "int8"});
  t.add("weights", weights,
        "number type of weights between updates: f32, or bf16, to which each update is rounded "
        "stochastically; checkpoints then take 2 bytes per weight")
      .one_of({"f32", "bf16"});
  t.add("device", device,
        "device of forward and backward passes: cpu, or cuda (an NVIDIA GPU); weights, gradients "
        "and the optimizer stay in the computer's memory")
      .one_of({"cpu", "cuda"});
  t.add("micro_batch", micro_batch,
        "tokens that a thread processes at once during an update; changes memory, never the "
        "gradient. 0: as many, up to 4096, as fit into the memory that is free when the run begins")
      .between(0, 1e7);
  t.add("shards", shards,
        "parts in which a gradient is summed. Runs with the same number have the same bits for "
        "every `threads` that divides it into a power of two each; 0: `threads`, or 1 for a model "
        "whose gradients would fill the memory")
      .between(0, 1024);
  t.add("recompute", recompute,
        "whether the backward pass recomputes layers instead of storing them: the same gradients "
        "with less memory, in more time");
}

// Which tokens a loss sees, and how much they weigh.
void TrainSettings::describe_weights(SettingsTable& t) {
  t.add("mask_truncated", mask_truncated,
        "cut completions are in baselines, but no loss sees their tokens (DAPO's overlong "
        "filtering)")
      .unless("steps", "0");
  t.add("importance_cap", importance_cap,
        "importance sampling: tokens are weighted by the trainer's probability over the sampler's, "
        "at most by this; costs a forward pass. 0: the sampler's log-probs are used")
      .between(0, 1e6)
      .unless("steps", "0");
  t.add("importance", importance,
        "what becomes of weights beyond importance_cap and importance_floor. truncate: they become "
        "the bound; mask: they become 0, and their tokens teach nothing (IcePop)")
      .one_of({"truncate", "mask"})
      .unless("importance_cap", "0");
  t.add("importance_floor", importance_floor, "least importance weight")
      .between(0, 1)
      .unless("importance_cap", "0");
  t.add("importance_level", importance_level,
        "token: each token has its own importance weight; sequence: a completion has one, of all "
        "its tokens together")
      .one_of({"token", "sequence"})
      .unless("importance_cap", "0");
}

void TrainSettings::describe_limits(SettingsTable& t) {
  t.add("max_failed", max_failed,
        "share of a step's episodes that the task may fail to judge before the run stops; 1: never "
        "stops")
      .between(0, 1)
      .unless("steps", "0");
  t.add("max_logp_gap", max_logp_gap,
        "mean distance between the trainer's and the sampler's log-probs that stops the run, in "
        "nats; with rollout.ahead an update between them counts, too; 0: never")
      .between(0, 1e6)
      .unless("steps", "0");
  t.add("max_skipped", max_skipped,
        "updates that a run may skip because a loss or gradient is not finite; one more stops it")
      .between(0, 1e9)
      .unless("steps", "0");
}

double TrainSettings::budget_used(double tokens, double seconds) const {
  if (budget_tokens > 0) return tokens / budget_tokens;
  return budget_seconds > 0 ? seconds / budget_seconds : 0.0;
}

std::int64_t TrainSettings::expected_steps(std::int64_t step, double used) const {
  if (used <= 0) return steps;
  return std::max(step, std::min(steps, std::lround(static_cast<double>(step) / used)));
}

std::int64_t TrainSettings::planned_steps(const StepCost& per_step) const {
  if (!has_budget()) return steps;
  const double in_budget = budget_tokens > 0 ? budget_tokens / std::max(1.0, per_step.tokens)
                                             : budget_seconds / per_step.seconds;
  return static_cast<std::int64_t>(std::min(static_cast<double>(steps), std::ceil(in_budget)));
}

void EvalSettings::describe(SettingsTable& t) {
  t.add("every", every,
        "steps between evaluations; the first is before RL, the last after it; 0: only those two")
      .between(0, 1e7);
  t.add(
       "points", points,
       "evaluations at equal shares of the run's length, which is its budget or train.steps, with "
       "a checkpoint at each; the run then ends within its budget; 0: evaluations every eval.every "
       "steps")
      .between(0, 10000);
  t.add("problems", problems, "held-out problems").between(1, 1e6);
  t.add("samples", samples, "completions per problem for the sampled accuracy").between(1, 1024);
  t.add("temperature", temperature,
        "temperature of the sampled accuracy; greedy decoding is reported as well")
      .between(0.01, 10);
  t.add("split", split, "split that the problems come from; training sees neither")
      .one_of({"test", "validation"});
  t.add("best_temperature", best_temperature,
        "a control, for the test of a comparison: it samples at the one of six temperatures, from "
        "eval.temperature down to 0, that is best on the validation problems");
  t.add("ask_again", ask_again,
        "a control: a sampled completion that gives up is followed by another, as long as all of "
        "them together stay within rollout.max_tokens, and the last one counts; needs a task that "
        "counts the trait gave_up");
}

void CheckpointSettings::describe(SettingsTable& t) {
  t.add("every", every, "steps between checkpoints; 0: only at the end and when interrupted")
      .between(0, 1e7);
  t.add("keep", keep, "number of newest checkpoints to keep").between(1, 1e6);
  t.add("keep_best", keep_best,
        "whether to keep also the checkpoint with the best sampled accuracy, as checkpoints/best; "
        "needs eval.split: validation");
}

void PreflightSettings::describe(SettingsTable& t) {
  t.add("problems", problems,
        "training problems on which known answers and samples of the start policy are checked "
        "before RL; 0: no preflight")
      .between(0, 4096);
  t.add("max_truncated", max_truncated,
        "share of completions cut at rollout.max_tokens above which the run does not begin; above "
        "a fifth it warns; 1: it always begins")
      .between(0, 1);
}

std::vector<SectionTable> section_tables(Sections& sections) {
  std::vector<SectionTable> tables;
  const auto add = [&](const char* name, auto& section) {
    tables.push_back({name, {}});
    section.describe(tables.back().table);
  };
  add("", sections.general);
  add("model", sections.model);
  add("lora", sections.lora);
  add("warm_start", sections.warm_start);
  add("rollout", sections.rollout);
  add("curriculum", sections.curriculum);
  add("train", sections.train);
  add("eval", sections.eval);
  add("checkpoint", sections.checkpoint);
  add("preflight", sections.preflight);
  return tables;
}

const std::vector<std::string>& general_keys() {
  static const std::vector<std::string> keys = [] {
    Sections defaults;
    std::vector<std::string> out;
    for (const SectionTable& section : section_tables(defaults)) {
      for (const Setting& row : section.table.rows())
        out.push_back(section.name.empty() ? row.name : section.name + "." + row.name);
    }
    return out;
  }();
  return keys;
}

}  // namespace tinyzero
