#include "core/rollout/cpu/engine.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <span>

#include "core/base/clock.h"
#include "core/base/cpus.h"
#include "core/base/workers.h"
#include "core/rollout/cpu/forward.h"
#include "core/rollout/cpu/generation.h"
#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"

namespace tinyzero {
namespace {

// Waves that are tried: multiples of the rows of a product tile. A wider one takes longer to drain
// at the end of a call, so it must be faster by kWorthWider.
constexpr std::int64_t kWaves[] = {12, 24, 48, 96};
constexpr double kWorthWider = 1.1;
constexpr std::int64_t kWorthTuning = 20'000;  // tokens of a call that tuning pays for
constexpr std::int64_t kTypicalShare = 3;      // most tokens are sampled at a third of max_tokens
constexpr std::int64_t kTuningPasses = 3;
constexpr double kTuningSeconds = 0.02;
// Bytes of packed weights that caches do not hold: from here on threads share each pass.
constexpr std::int64_t kSharedBytes = std::int64_t{128} << 20;

std::int64_t bytes_of(std::int64_t floats) {
  return floats * static_cast<std::int64_t>(sizeof(float));
}

// Threads of a worker.
std::int64_t team_size(const CpuEngineOptions& options, std::int64_t weight_bytes,
                       std::int64_t threads) {
  if (options.team > 0) return std::min(options.team, threads);
  return weight_bytes > kSharedBytes ? threads : 1;
}

// The wave of a team: the more rows share a pass over the weights, the better.
std::int64_t wave_for(std::int64_t sequences) {
  const auto enough = std::find_if(std::begin(kWaves), std::end(kWaves),
                                   [&](std::int64_t wave) { return wave >= sequences; });
  return enough != std::end(kWaves) ? *enough : std::end(kWaves)[-1];
}

// Those hooks, with on_episode called by one thread at a time.
GenerateHooks one_at_a_time(const GenerateHooks& hooks, std::mutex& mutex) {
  GenerateHooks safe = hooks;
  if (hooks.on_episode) {
    safe.on_episode = [&](const Episode& episode) {
      const std::lock_guard lock(mutex);
      hooks.on_episode(episode);
    };
  }
  return safe;
}

CpuEngine::Call describe(const std::vector<Prompt>& prompts, const Sampling& sampling) {
  CpuEngine::Call call{.prompts = std::ssize(prompts),
                       .sequences = 0,
                       .longest_prompt = 0,
                       .max_tokens = sampling.max_tokens};
  for (const Prompt& prompt : prompts) {
    call.sequences += prompt.samples;
    call.longest_prompt = std::max(call.longest_prompt, std::ssize(prompt.ids));
  }
  return call;
}

std::vector<Episode> in_order(std::vector<std::vector<Episode>> by_prompt) {
  std::vector<Episode> out;
  for (auto& group : by_prompt) std::move(group.begin(), group.end(), std::back_inserter(out));
  return out;
}

// Rows that score tokens first+1 … of a sequence, at most kPromptRows.
std::vector<Row> score_rows(const std::vector<std::int32_t>& ids, std::int64_t first) {
  std::vector<Row> rows;
  const std::int64_t end = std::min(std::ssize(ids) - 1, first + Generation::kPromptRows);
  for (std::int64_t t = first; t < end; ++t)
    rows.push_back({.prompt = 0,
                    .shared = std::ssize(ids),
                    .slot = 0,
                    .position = t,
                    .token = ids[t],
                    .wants_logits = true});
  return rows;
}

float log_probability(const Kernels& kernels, std::span<float> logits, std::int32_t token,
                      float scale) {
  const float target = logits[token];
  float largest = 0;
  double sum = 0;
  kernels.exponentials(logits.data(), std::ssize(logits), scale, largest, sum);
  return static_cast<float>((static_cast<double>(target) - largest) * scale - std::log(sum));
}

std::vector<float> score_sequence(DecodeWorker& worker, const std::vector<std::int32_t>& ids,
                                  float scale) {
  std::vector<float> out(ids.size() - 1);
  for (std::int64_t first = 0; first < std::ssize(out); first += Generation::kPromptRows) {
    const std::vector<Row> rows = score_rows(ids, first);
    worker.forward(rows);
    worker.team().share(std::ssize(rows), 1, [&](const Team::Part& range) {
      for (std::int64_t r = range.first; r < range.last; ++r)
        out[first + r] = log_probability(
            worker.kernels(), {worker.logits(r), static_cast<std::size_t>(worker.config().vocab)},
            ids[first + r + 1], scale);
    });
  }
  return out;
}

}  // namespace

CpuEngine::CpuEngine(const Model& model, const CpuEngineOptions& options)
    : model_(model),
      kernels_(options.kernels.empty() ? kernels() : kernels(options.kernels)),
      threads_(threads_or_cores(options.threads)),
      wave_(options.wave),
      profile_(options.profile),
      team_size_(
          team_size(options, bytes_of(DecodeWeights::floats(model.config, kernels_)), threads_)),
      packed_(model.config, model.layout, kernels_),
      rope_(model.config) {
  check_draws_tokens(model.config);
  refresh();
}

std::int64_t CpuEngine::weight_bytes(const Model& model) {
  return bytes_of(DecodeWeights::floats(model.config, kernels()));
}

std::int64_t CpuEngine::call_bytes(const Model& model, const CpuEngineOptions& options,
                                   const Call& call) {
  const std::int64_t threads = threads_or_cores(options.threads);
  const std::int64_t team = team_size(options, weight_bytes(model), threads);
  const std::int64_t workers = std::min(threads / team, call.prompts);
  std::int64_t wave = options.wave > 0 ? options.wave : kWaves[0];
  if (options.wave == 0 && team > 1) {
    wave = wave_for(call.sequences);
  } else if (options.wave == 0 && call.sequences * call.max_tokens >= kWorthTuning) {
    for (const std::int64_t wider : kWaves) wave = wider * threads <= call.sequences ? wider : wave;
  }
  const ModelConfig& c = model.config;
  // A slot takes memory when it is first used, and no more are in use than there are prompts and
  // sequences.
  const std::int64_t prompts = std::min(workers * Generation::prompts_at_once(wave), call.prompts);
  const std::int64_t slots = std::min(workers * wave, call.sequences);
  return bytes_of(DecodeWorker::cache_floats(c, kernels(), prompts, call.longest_prompt) +
                  DecodeWorker::cache_floats(c, kernels(), slots, call.max_tokens) +
                  workers * (wave + Generation::kPromptRows) *
                      DecodeWorker::row_floats(c, kernels()));
}

void CpuEngine::refresh() {
  Team team(threads_);
  packed_.pack(model_.weights.data(), team);
}

DecodeModel CpuEngine::decode_model() const {
  return {.config = model_.config, .weights = packed_, .rope = rope_, .kernels = kernels_};
}

std::int64_t CpuEngine::workers(std::int64_t items) const {
  return std::min(threads_ / team_size_, items);
}

std::int64_t CpuEngine::choose_wave(const Call& call) {
  if (wave_ > 0) return wave_;
  if (team_size_ > 1) return wave_for(call.sequences);
  if (tuned_wave_ == 0 && call.sequences * call.max_tokens >= kWorthTuning) {
    const std::int64_t context = call.longest_prompt + call.max_tokens / kTypicalShare;
    double best = 0;
    for (const std::int64_t wave : kWaves) {
      if (wave * threads_ > call.sequences && tuned_wave_ > 0) break;
      const double rate = decode_rate(wave, context);
      if (rate < best * kWorthWider) continue;
      best = rate;
      tuned_wave_ = wave;
    }
  }
  return tuned_wave_ > 0 ? tuned_wave_ : kWaves[0];
}

double CpuEngine::decode_rate(std::int64_t wave, std::int64_t context) const {
  std::vector<Row> pass;
  for (std::int64_t s = 0; s < wave; ++s)
    pass.push_back({.prompt = 0,
                    .shared = 0,
                    .slot = s,
                    .position = context - 1,
                    .token = static_cast<std::int32_t>(s % model_.config.vocab),
                    .wants_logits = true});
  std::atomic<std::int64_t> rows{0};
  const Stopwatch watch;
  run_workers(threads_, [&](std::int64_t) {
    Team team(1);
    LapClock clock;
    DecodeWorker worker(
        decode_model(),
        {.prompts = 1, .prompt_length = 1, .slots = wave, .length = context, .rows = wave}, team,
        clock);
    for (std::int64_t p = 0; p < kTuningPasses || watch.seconds() < kTuningSeconds; ++p) {
      worker.forward(pass);
      rows += wave;
    }
  });
  return static_cast<double>(rows) / watch.seconds();
}

std::vector<Episode> CpuEngine::generate(const std::vector<Prompt>& prompts,
                                         const Sampling& sampling, const GenerateHooks& hooks) {
  check_call(model_.config, prompts, sampling, hooks);
  const Call shape = describe(prompts, sampling);
  rope_.ensure(shape.longest_prompt + sampling.max_tokens);
  const std::int64_t wave = choose_wave(shape);
  std::mutex mutex, telling;
  const GenerateHooks safe_hooks = one_at_a_time(hooks, telling);
  GenerateCall call{.prompts = prompts, .sampling = sampling, .hooks = safe_hooks, .episodes = {}};
  for (const Prompt& prompt : prompts) call.episodes.emplace_back(prompt.samples);
  statistics_ = {};
  std::int64_t passes = 0, used_slots = 0;
  const std::int64_t count = workers(std::ssize(prompts));
  const Stopwatch watch;
  run_workers(count, [&](std::int64_t) {
    Team team(team_size_);
    LapClock clock(profile_);
    DecodeWorker worker(decode_model(),
                        {.prompts = Generation::prompts_at_once(wave),
                         .prompt_length = shape.longest_prompt,
                         .slots = wave,
                         .length = sampling.max_tokens,
                         .rows = wave + Generation::kPromptRows},
                        team, clock);
    Generation generation(call, worker, wave);
    generation.run();
    const std::lock_guard lock(mutex);
    add_times(clock.times);
    const Generation::Counts& counts = generation.counts();
    statistics_.tokens += counts.tokens;
    statistics_.prompt_tokens += counts.prompt_tokens;
    passes += counts.passes;
    used_slots += counts.used_slots;
  });
  if (profile_) {
    const double all = static_cast<double>(count * team_size_) * watch.seconds();
    statistics_.times.waiting = all - statistics_.times.all();
  }
  statistics_.slot_use =
      passes > 0 ? static_cast<double>(used_slots) / static_cast<double>(passes * wave) : 0;
  return in_order(std::move(call.episodes));
}

// While a worker works, all threads of its team do, or wait for it.
void CpuEngine::add_times(const DecodeTimes& worker) {
  const double members = team_size_;
  DecodeTimes& times = statistics_.times;
  times.products += members * worker.products;
  times.attention += members * worker.attention;
  times.norms_and_gates += members * worker.norms_and_gates;
  times.sampling += members * worker.sampling;
}

std::vector<std::vector<float>> CpuEngine::score(
    const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  const float scale = temperature_scale(temperature);
  std::int64_t longest = 1;
  for (const auto& ids : sequences) {
    check_ids(model_.config, ids, 0);
    longest = std::max(longest, std::ssize(ids));
  }
  rope_.ensure(longest);
  std::vector<std::vector<float>> out(sequences.size());
  std::atomic<std::size_t> next{0};
  run_workers(workers(std::ssize(sequences)), [&](std::int64_t) {
    Team team(team_size_);
    LapClock clock;
    DecodeWorker worker(decode_model(),
                        {.prompts = 1, .prompt_length = longest, .rows = Generation::kPromptRows},
                        team, clock);
    for (std::size_t i = next.fetch_add(1); i < sequences.size(); i = next.fetch_add(1)) {
      out[i] = score_sequence(worker, sequences[i], scale);
      for (std::size_t t = 0; t < out[i].size(); ++t) {
        if (std::isnan(out[i][t])) fail_scoring(i, t + 1);
      }
    }
  });
  return out;
}

}  // namespace tinyzero
