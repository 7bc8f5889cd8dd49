#include "core/rollout/cpu/engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>

#include "core/base/cpus.h"
#include "core/base/workers.h"
#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kPromptRows = 64;  // tokens of a prompt computed in one pass

// Waves that are tried: multiples of the rows of a product tile. A wider one must be faster by
// kWorthWider to be worth its longer drain.
constexpr std::int64_t kWaves[] = {12, 24, 48, 96};
constexpr double kWorthWider = 1.1;
constexpr std::int64_t kWorthTuning = 20'000;  // tokens of a call from which on it pays to try
constexpr std::int64_t kTypicalShare =
    3;  // of the longest completion: where most tokens are sampled
constexpr std::int64_t kTuningPasses = 3;
constexpr std::int64_t kSharedBytes =
    std::int64_t{128}
    << 20;  // packed weights beyond what caches hold: threads share each pass over them
constexpr double kTuningSeconds = 0.02;

// Threads of a worker.
std::int64_t team_size(const CpuEngineOptions& options, std::int64_t weight_bytes,
                       std::int64_t threads) {
  if (options.team > 0) return std::min(options.team, threads);
  return weight_bytes > kSharedBytes ? threads : 1;
}

// The wave of a team: the more rows share a pass over the weights the better.
std::int64_t wave_for(std::int64_t sequences) {
  const auto enough = std::find_if(std::begin(kWaves), std::end(kWaves),
                                   [&](std::int64_t wave) { return wave >= sequences; });
  return enough != std::end(kWaves) ? *enough : std::end(kWaves)[-1];
}

// One worker's share of a generate call.
class Generation {
 public:
  Generation(const Model& model, const Kernels& kernels, DecodeWorker& worker, Team& team,
             PhaseClock& clock, std::int64_t wave, const std::vector<Prompt>& prompts,
             const Sampling& sampling, std::atomic<std::size_t>& next_prompt,
             std::vector<std::vector<Episode>>& episodes)
      : model_(model),
        kernels_(kernels),
        worker_(worker),
        team_(team),
        clock_(clock),
        prompts_(prompts),
        sampling_(sampling),
        next_prompt_(next_prompt),
        episodes_(episodes),
        slots_(wave),
        sampled_(wave),
        orders_(team.size()),
        users_(prompts_at_once(wave)) {
    std::size_t start = 0;
    for (const Prompt& prompt : prompts) {
      prompt_starts_.push_back(start);
      start += prompt.samples;
    }
  }

  void run() {
    while (true) {
      stop_if_asked(sampling_.stop);
      start_samples();
      rows_.clear();
      for (std::size_t s = 0; s < slots_.size(); ++s) {
        const Slot& slot = slots_[s];
        if (slot.episode != nullptr)
          rows_.push_back({slot.place, slot.shared, static_cast<std::int64_t>(s), slot.position,
                           slot.token, true});
      }
      const std::size_t decoding = rows_.size();
      add_prompt_rows();
      if (rows_.empty()) return;
      worker_.forward(rows_);
      advance(decoding);
      clock_.lap(clock_.sampling);
      if (prompt_done_ == prompt_size()) return_prompt_logits(decoding);
      ++passes;
      used_slots += decoding;
    }
  }

  // Prompts that a wave may need at a time: each slot's own, and one that is being computed.
  static std::int64_t prompts_at_once(std::int64_t wave) { return wave + 1; }

  std::int64_t passes = 0, used_slots = 0, tokens = 0, prompt_tokens = 0;

 private:
  struct Slot {
    Episode* episode = nullptr;          // null: free
    std::int64_t place = 0, shared = 0;  // of its prompt, and that prompt's length
    std::int64_t position = 0;           // of `token`
    std::int32_t token = 0;
    std::uint64_t stream = 0;
    std::int64_t limit = 0;  // tokens of the completion, at most
  };

  std::int64_t prompt_size() const { return has_prompt_ ? std::ssize(prompts_[prompt_].ids) : -1; }
  bool prompt_ready() const { return has_prompt_ && prompt_done_ > prompt_size(); }

  // Fills free slots from the current prompt while it has samples left; then takes the next prompt.
  void start_samples() {
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      while (slots_[s].episode == nullptr && prompt_ready()) start_sample(s);
    }
    if (has_prompt_) return;
    prompt_ = next_prompt_.fetch_add(1);
    has_prompt_ = prompt_ < prompts_.size();
    if (has_prompt_) place_ = std::find(users_.begin(), users_.end(), 0) - users_.begin();
    prompt_done_ = 0;
    started_ = 0;
  }

  void start_sample(std::size_t s) {
    Episode& episode = episodes_[prompt_][started_];
    episode.prompt = static_cast<std::int64_t>(prompt_);
    episode.sample = prompts_[prompt_].first_sample + started_;
    Slot& slot = slots_[s];
    slot.episode = &episode;
    slot.position = prompt_size() - 1;
    slot.stream = sample_stream(sampling_, prompts_[prompt_], prompt_, started_);
    slot.limit =
        sampling_.lengths.empty()
            ? sampling_.max_tokens
            : sampling_.lengths[prompt_starts_[prompt_] + static_cast<std::size_t>(started_)];
    slot.place = place_;
    slot.shared = prompt_size();
    ++users_[place_];
    logits_ = prompt_logits_;
    if (++started_ == prompts_[prompt_].samples) has_prompt_ = false;
    append(slot, next_token(slot, logits_.data(), 0));
  }

  void add_prompt_rows() {
    if (!has_prompt_ || prompt_ready()) return;
    const auto& ids = prompts_[prompt_].ids;
    const std::int64_t end = std::min(prompt_size(), prompt_done_ + kPromptRows);
    for (; prompt_done_ < end; ++prompt_done_) {
      rows_.push_back({place_, prompt_size(), 0, prompt_done_, ids[prompt_done_],
                       prompt_done_ + 1 == prompt_size()});
      ++prompt_tokens;
    }
  }

  // The last row of a finished prompt gives the distribution of every sample's first token.
  void return_prompt_logits(std::size_t decoding) {
    const float* logits = worker_.logits(decoding);
    prompt_logits_.assign(logits, logits + model_.config.vocab);
    ++prompt_done_;
  }

  void advance(std::size_t decoding) {
    const auto slot_of = [&](std::size_t i) -> Slot& { return slots_[rows_[i].slot]; };
    team_.share(decoding, 1, [&](const Team::Part& part) {
      for (std::size_t i = part.first; i < static_cast<std::size_t>(part.last); ++i)
        sampled_[i] = next_token(slot_of(i), worker_.logits(i), part.member);
    });
    for (std::size_t i = 0; i < decoding; ++i) append(slot_of(i), sampled_[i]);
  }

  DrawnToken next_token(const Slot& slot, float* logits, std::size_t member) {
    return draw_token(kernels_, logits, model_.config.vocab, sampling_, slot.stream,
                      slot.episode->tokens.size(), orders_[member]);
  }

  // Frees the slot if the token ends the completion.
  void append(Slot& slot, const DrawnToken& token) {
    Episode& episode = *slot.episode;
    if (token.id < 0) fail_drawing(episode.prompt, episode.sample, std::ssize(episode.tokens));
    episode.tokens.push_back(token.id);
    episode.logp.push_back(token.logp);
    ++slot.position;
    slot.token = token.id;
    ++tokens;
    if (sampling_.on_token && prompts_.size() == 1 && prompts_.front().samples == 1)
      sampling_.on_token(token.id);
    const bool eos =
        sampling_.lengths.empty() &&
        std::find(sampling_.eos.begin(), sampling_.eos.end(), token.id) != sampling_.eos.end();
    if (!eos && std::ssize(episode.tokens) < slot.limit) return;
    episode.end = eos ? End::eos : End::length;
    if (sampling_.on_episode) sampling_.on_episode(episode);
    slot.episode = nullptr;
    --users_[slot.place];
  }

  const Model& model_;
  const Kernels& kernels_;
  DecodeWorker& worker_;
  Team& team_;
  PhaseClock& clock_;
  const std::vector<Prompt>& prompts_;
  const Sampling& sampling_;
  std::atomic<std::size_t>& next_prompt_;
  std::vector<std::vector<Episode>>& episodes_;
  std::vector<std::size_t> prompt_starts_;  // number of samples of earlier prompts
  std::vector<Slot> slots_;
  std::vector<DrawnToken> sampled_;                // of a pass
  std::vector<std::vector<std::int32_t>> orders_;  // room for sampling, of each thread
  std::vector<std::int64_t> users_;                // by place of a prompt: slots that see it
  std::vector<Row> rows_;
  std::vector<float> prompt_logits_, logits_;
  bool has_prompt_ = false;
  std::size_t prompt_ = 0;
  std::int64_t place_ = 0;        // of the current prompt
  std::int64_t prompt_done_ = 0;  // tokens computed; prompt_size() + 1 once the logits are kept too
  std::int64_t started_ = 0;      // samples
};

}  // namespace

CpuEngine::CpuEngine(const Model& model, const CpuEngineOptions& options)
    : model_(model),
      kernels_(options.kernels.empty() ? kernels() : kernels(options.kernels)),
      threads_(threads_or_cores(options.threads)),
      wave_(options.wave),
      account_(options.account),
      team_size_(team_size(
          options,
          DecodeWeights::floats(model.config, kernels_) * static_cast<std::int64_t>(sizeof(float)),
          threads_)),
      packed_(model.config, model.layout, kernels_),
      rope_(model.config) {
  check_draws_tokens(model.config);
  refresh();
}

std::int64_t CpuEngine::weight_bytes(const Model& model) {
  return DecodeWeights::floats(model.config, kernels()) * static_cast<std::int64_t>(sizeof(float));
}

std::int64_t CpuEngine::call_bytes(const Model& model, const CpuEngineOptions& options,
                                   const Call& call) {
  const std::int64_t threads = threads_or_cores(options.threads),
                     team = team_size(options, weight_bytes(model), threads),
                     workers = std::min(threads / team, call.prompts);
  std::int64_t wave = options.wave > 0 ? options.wave : kWaves[0];
  if (options.wave == 0 && team > 1) {
    wave = wave_for(call.sequences);
  } else if (options.wave == 0 && call.sequences * call.max_tokens >= kWorthTuning) {
    for (const std::int64_t wider : kWaves) wave = wider * threads <= call.sequences ? wider : wave;
  }
  const ModelConfig& c = model.config;
  // A slot takes memory when it is first used, and there are no more in use than prompts and
  // sequences.
  const std::int64_t prompts = std::min(workers * Generation::prompts_at_once(wave), call.prompts);
  const std::int64_t floats =
      DecodeWorker::cache_floats(c, kernels(), prompts, call.longest_prompt) +
      DecodeWorker::cache_floats(c, kernels(), std::min(workers * wave, call.sequences),
                                 call.max_tokens) +
      workers * (wave + kPromptRows) * DecodeWorker::row_floats(c, kernels());
  return floats * static_cast<std::int64_t>(sizeof(float));
}

void CpuEngine::refresh() {
  Team team(threads_);
  packed_.pack(model_.weights.data(), team);
}

std::int64_t CpuEngine::choose_wave(std::int64_t total, std::int64_t sequences,
                                    std::int64_t longest, std::int64_t room) {
  if (wave_ > 0) return wave_;
  if (team_size_ > 1) return wave_for(sequences);
  if (tuned_ == 0 && total >= kWorthTuning) {
    const std::int64_t context = longest + room / kTypicalShare;
    double best = 0;
    for (const std::int64_t wave : kWaves) {
      if (wave * threads_ > sequences && tuned_ > 0) break;
      const double rate = decode_rate(wave, context);
      if (rate < best * kWorthWider) continue;  // a wider wave drains longer at the end
      best = rate;
      tuned_ = wave;
    }
  }
  return tuned_ > 0 ? tuned_ : kWaves[0];
}

double CpuEngine::decode_rate(std::int64_t wave, std::int64_t context) const {
  std::atomic<std::int64_t> rows{0};
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  run_workers(threads_, [&](std::int64_t) {
    Team team(1);
    PhaseClock clock(false);
    DecodeWorker worker(model_.config, packed_, rope_, kernels_, {1, 1, wave, context, wave}, team,
                        clock);
    std::vector<Row> pass;
    std::int64_t own = 0;
    for (std::int64_t p = 0; p < kTuningPasses || seconds() < kTuningSeconds; ++p) {
      pass.clear();
      for (std::int64_t s = 0; s < wave; ++s)
        pass.push_back(
            {0, 0, s, context - 1, static_cast<std::int32_t>(s % model_.config.vocab), true});
      worker.forward(pass);
      own += wave;
    }
    rows += own;
  });
  return static_cast<double>(rows) / seconds();
}

std::vector<Episode> CpuEngine::generate(const std::vector<Prompt>& prompts,
                                         const Sampling& sampling) {
  std::int64_t longest = 0;
  std::vector<std::vector<Episode>> episodes;
  for (const Prompt& prompt : prompts) {
    check_ids(model_.config, prompt.ids, sampling.max_tokens);
    longest = std::max(longest, std::ssize(prompt.ids));
    episodes.emplace_back(static_cast<std::size_t>(prompt.samples));
  }
  rope_.ensure(longest + sampling.max_tokens);
  std::int64_t sequences = 0;
  for (const Prompt& prompt : prompts) sequences += prompt.samples;
  const std::int64_t wave =
      choose_wave(sequences * sampling.max_tokens, sequences, longest, sampling.max_tokens);
  std::atomic<std::size_t> next_prompt{0};
  statistics_ = {};
  std::int64_t passes = 0, used = 0;
  std::mutex mutex, telling;
  Sampling told = sampling;
  if (sampling.on_episode) {
    told.on_episode = [&](const Episode& episode) {
      const std::lock_guard lock(telling);
      sampling.on_episode(episode);
    };
  }
  const auto begin = std::chrono::steady_clock::now();
  double busy = 0;
  const std::int64_t workers = std::min<std::int64_t>(threads_ / team_size_, std::ssize(prompts));
  run_workers(workers, [&](std::int64_t) {
    Team team(team_size_);
    PhaseClock clock(account_);
    const DecodeRoom room{Generation::prompts_at_once(wave), longest, wave, sampling.max_tokens,
                          wave + kPromptRows};
    DecodeWorker worker(model_.config, packed_, rope_, kernels_, room, team, clock);
    Generation generation(model_, kernels_, worker, team, clock, wave, prompts, told, next_prompt,
                          episodes);
    generation.run();
    const std::lock_guard lock(mutex);
    const double members = team_size_;
    statistics_.products += members * clock.products;
    statistics_.attention += members * clock.attention;
    statistics_.sampling += members * clock.sampling;
    statistics_.rest += members * clock.rest;
    busy += members * (clock.products + clock.attention + clock.sampling + clock.rest);
    statistics_.tokens += generation.tokens;
    statistics_.prompt_tokens += generation.prompt_tokens;
    passes += generation.passes;
    used += generation.used_slots;
  });
  if (account_)
    statistics_.waiting =
        static_cast<double>(workers * team_size_) *
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() -
        busy;
  statistics_.slot_use =
      passes > 0 ? static_cast<double>(used) / static_cast<double>(passes * wave) : 0;
  std::vector<Episode> out;
  out.reserve(sequences);
  for (auto& group : episodes) {
    for (Episode& episode : group) out.push_back(std::move(episode));
  }
  return out;
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
  run_workers(
      std::min<std::int64_t>(threads_ / team_size_, std::ssize(sequences)), [&](std::int64_t) {
        Team team(team_size_);
        PhaseClock clock(false);
        DecodeWorker worker(model_.config, packed_, rope_, kernels_,
                            {1, longest, 0, 0, kPromptRows}, team, clock);
        std::vector<Row> rows;
        for (std::size_t i = next.fetch_add(1); i < sequences.size(); i = next.fetch_add(1)) {
          const auto& ids = sequences[i];
          for (std::size_t first = 0; first + 1 < ids.size(); first += kPromptRows) {
            rows.clear();
            for (std::size_t t = first; t + 1 < ids.size() && t < first + kPromptRows; ++t)
              rows.push_back({0, longest, 0, static_cast<std::int64_t>(t), ids[t], true});
            worker.forward(rows);
            out[i].resize(first + rows.size());
            team.share(std::ssize(rows), 1, [&](const Team::Part& part) {
              for (std::size_t r = part.first; r < static_cast<std::size_t>(part.last); ++r) {
                float* logits = worker.logits(r);
                const float target = logits[ids[first + r + 1]];
                float largest = 0;
                double sum = 0;
                kernels_.exponentials(logits, model_.config.vocab, scale, largest, sum);
                out[i][first + r] = static_cast<float>(
                    (static_cast<double>(target) - largest) * scale - std::log(sum));
              }
            });
            for (std::size_t t = first; t < out[i].size(); ++t) {
              if (std::isnan(out[i][t])) fail_scoring(i, t + 1);
            }
          }
        }
      });
  return out;
}

std::vector<float> CpuEngine::last_logits(const std::vector<std::int32_t>& ids) {
  check_ids(model_.config, ids, 0);
  rope_.ensure(std::ssize(ids));
  Team team(team_size_);
  PhaseClock clock(false);
  const auto length = std::ssize(ids);
  DecodeWorker worker(model_.config, packed_, rope_, kernels_, {1, length, 0, 0, kPromptRows}, team,
                      clock);
  std::vector<Row> rows;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    rows.push_back({0, length, 0, static_cast<std::int64_t>(t), ids[t], t + 1 == ids.size()});
    if (rows.size() < kPromptRows && t + 1 < ids.size()) continue;
    worker.forward(rows);
    if (t + 1 < ids.size()) rows.clear();
  }
  return {worker.logits(0), worker.logits(0) + model_.config.vocab};
}

}  // namespace tinyzero
