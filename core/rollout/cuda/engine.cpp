#include "core/rollout/cuda/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "core/base/error.h"
#include "core/rollout/cuda/schedule.h"
#include "core/rollout/not_finite.h"
#include "core/rollout/prompt_check.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kBuckets[] = {32, 64, 128, 256, 512, 1024};  // rows of a pass
// Tokens of prompts, or of sequences to score, in one pass.
constexpr std::int64_t kPromptRows = 256;
constexpr std::int64_t kScoredAtOnce = 32;  // sequences
// A pass has room for lengths that are multiples of this, so that it is seldom made again.
constexpr std::int64_t kLengthStep = 64;
// The share of free memory that a pass may take: products and recordings need some.
constexpr double kShareOfMemory = 0.9;

std::int64_t bucket_of(std::int64_t rows) {
  return *std::lower_bound(std::begin(kBuckets), std::end(kBuckets) - 1, rows);
}

std::int64_t rounded(std::int64_t length) {
  return blocks_of(std::max<std::int64_t>(length, 1), kLengthStep) * kLengthStep;
}

template <class T>
std::vector<T> padded(std::vector<T> rows, std::int64_t count) {
  rows.resize(count);
  return rows;
}

// A chunk of a sequence, as rows of one pass: tokens first … last-1 are computed, and score the
// tokens after them.
struct Chunk {
  std::size_t sequence;
  std::size_t first;
  std::size_t last;
  std::int32_t place;  // where its keys and values are stored
};

// The sequences in passes of at most kPromptRows rows and kScoredAtOnce sequences. A sequence keeps
// its place from its first pass to its last.
std::vector<std::vector<Chunk>> score_passes(
    const std::vector<std::vector<std::int32_t>>& sequences) {
  std::vector<std::vector<Chunk>> passes;
  std::int64_t rows = kPromptRows, begun = 0;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::size_t t = 0; t + 1 < sequences[s].size();) {
      if (rows == kPromptRows || std::ssize(passes.back()) == kScoredAtOnce) {
        passes.emplace_back();
        rows = 0;
      }
      const std::size_t last =
          std::min(sequences[s].size() - 1, t + static_cast<std::size_t>(kPromptRows - rows));
      passes.back().push_back({.sequence = s,
                               .first = t,
                               .last = last,
                               .place = static_cast<std::int32_t>(begun % kScoredAtOnce)});
      rows += last - t;
      t = last;
    }
    if (sequences[s].size() > 1) ++begun;
  }
  return passes;
}

// The rows of a pass of score().
std::vector<DeviceRow> rows_of(const std::vector<Chunk>& pass,
                               const std::vector<std::vector<std::int32_t>>& sequences) {
  std::vector<DeviceRow> rows;
  for (const Chunk& chunk : pass) {
    const auto& ids = sequences[chunk.sequence];
    for (std::size_t t = chunk.first; t < chunk.last; ++t) {
      DeviceRow row;
      row.token = ids[t];
      row.target = ids[t + 1];
      row.position = static_cast<std::int32_t>(t);
      row.prompt = chunk.place;
      row.shared = static_cast<std::int32_t>(ids.size());
      row.alive = 1;
      rows.push_back(row);
    }
  }
  return rows;
}

// With fixed lengths, end tokens end nothing.
DrawSettings settings_of(const Sampling& sampling, bool fixed_lengths) {
  DrawSettings settings{
      .temperature = sampling.temperature, .top_k = sampling.top_k, .top_p = sampling.top_p};
  if (fixed_lengths) return settings;
  if (std::ssize(sampling.eos) > kMostEndTokens)
    throw Error(std::to_string(sampling.eos.size()) + " end tokens, the device takes " +
                std::to_string(kMostEndTokens) + " at most");
  for (const std::int64_t id : sampling.eos)
    settings.ends[settings.end_count++] = static_cast<std::int32_t>(id);
  return settings;
}

// The model, if the kernels can decode it; throws Error otherwise.
const Model& decodable(const Model& model, Dtype precision) {
  check_draws_tokens(model.config);
  const std::string reason = DevicePass::unsupported(model.config, precision);
  if (!reason.empty())
    throw Error("the kernels of the device cannot decode this model: it has " + reason);
  return model;
}

}  // namespace

DeviceEngine::DeviceEngine(std::shared_ptr<Device> device, const Model& model,
                           const DeviceEngineOptions& options)
    : device_(std::move(device)),
      model_(decodable(model, options.precision)),
      options_(options),
      weights_(device_, model, options.precision) {}

void DeviceEngine::refresh() { weights_.refresh(model_); }

void DeviceEngine::release_scratch() {
  recordings_.clear();
  pass_.reset();
}

PassCapacity DeviceEngine::capacity_that_fits(const PassCapacity& wanted) const {
  const std::int64_t free =
      static_cast<std::int64_t>(kShareOfMemory * static_cast<double>(device_->free_bytes()));
  for (std::int64_t slots = wanted.slots;;
       slots = slots > kBuckets[0] ? std::max(bucket_of(slots) / 2, kBuckets[0]) : slots / 2) {
    PassCapacity capacity = wanted;
    capacity.slots = std::max<std::int64_t>(slots, 1);
    capacity.prompts = std::min(capacity.prompts, capacity.slots);
    capacity.rows = std::max(bucket_of(capacity.slots), kPromptRows);
    const std::int64_t bytes = DevicePass::bytes(model_.config, options_.precision, capacity);
    if (bytes <= free) return capacity;
    if (slots <= 1)
      throw Failure("decoding one completion needs " + std::to_string(bytes >> 20) +
                        " MiB of the device's memory, and " + std::to_string(free >> 20) +
                        " MiB are left",
                    "lower max_tokens, use precision bf16, or free memory of the device");
  }
}

void DeviceEngine::ensure(PassCapacity capacity) {
  capacity.prompt_length = rounded(capacity.prompt_length);
  capacity.slot_length = rounded(capacity.slot_length);
  if (pass_ &&
      (pass_->capacity().covers(capacity) || (capacity.slots > 0 && wanted_.covers(capacity))))
    return;
  release_scratch();
  wanted_ = capacity;
  pass_ =
      std::make_unique<DevicePass>(device_, model_.config, weights_.get(),
                                   capacity.slots > 0 ? capacity_that_fits(capacity) : capacity);
}

void DeviceEngine::decode(std::int64_t rows) {
  const auto [known, first] = recordings_.try_emplace(rows);
  // Whatever a first pass loads could not be loaded during a recording.
  if (first) return pass_->decode(rows);
  if (!known->second) known->second = device_->record([&] { pass_->decode(rows); });
  known->second->replay();
}

PassCapacity DeviceEngine::capacity_for(const std::vector<Prompt>& prompts,
                                        const Sampling& sampling) const {
  PassCapacity capacity;
  std::int64_t sequences = 0;
  for (const Prompt& prompt : prompts) {
    capacity.prompt_length = std::max(capacity.prompt_length, std::ssize(prompt.ids));
    sequences += prompt.samples;
  }
  const std::int64_t most = std::end(kBuckets)[-1];
  capacity.slot_length = sampling.max_tokens + 1;  // and the prompt's last token
  capacity.slots = std::min(sequences, options_.slots > 0 ? std::min(options_.slots, most) : most);
  capacity.prompts = std::min(capacity.slots, std::ssize(prompts));
  capacity.rows = std::max(bucket_of(capacity.slots), kPromptRows);
  capacity.looks = options_.looks;
  return capacity;
}

void DeviceEngine::compute_prompts(const std::vector<DeviceRow>& rows) {
  for (std::size_t first = 0; first < rows.size(); first += kPromptRows) {
    const std::span some =
        std::span(rows).subspan(first, std::min<std::size_t>(rows.size() - first, kPromptRows));
    const std::int64_t count = bucket_of(std::ssize(some));
    pass_->set_rows(padded(std::vector<DeviceRow>(some.begin(), some.end()), count));
    pass_->prompts(count);
  }
  statistics_.prompt_tokens += std::ssize(rows);
}

std::vector<Episode> DeviceEngine::generate(const std::vector<Prompt>& prompts,
                                            const Sampling& sampling, const GenerateHooks& hooks) {
  check_call(model_.config, prompts, sampling, hooks);
  statistics_ = {};
  const PassCapacity capacity = capacity_for(prompts, sampling);
  if (capacity.slots == 0) return {};
  const DrawSettings settings = settings_of(sampling, lengths_are_fixed(prompts));
  ensure(capacity);
  pass_->set_draws(settings);
  const std::int64_t slots = std::min(capacity.slots, pass_->capacity().slots),
                     places = std::min(capacity.prompts, pass_->capacity().prompts);
  Schedule schedule({prompts, sampling, hooks}, slots, places);
  std::int64_t all_passes = 0;
  while (true) {
    stop_if_asked(hooks.stop);
    compute_prompts(schedule.refill());
    const auto live = schedule.rows();
    if (live.empty()) break;
    const auto count = std::ssize(live), rows = bucket_of(count);
    pass_->set_rows(padded(live, rows));
    pass_->set_groups(padded(schedule.groups(), rows));
    const std::int64_t passes = std::min(hooks.on_token ? 1 : options_.looks, schedule.most_left());
    for (std::int64_t i = 0; i < passes; ++i) decode(rows);
    const auto after = pass_->rows(count);
    for (const DeviceRow& row : after) statistics_.tokens += row.fresh;
    schedule.take(after, pass_->drawn(count), pass_->capacity().looks);
    all_passes += passes;
  }
  statistics_.slot_use =
      static_cast<double>(statistics_.tokens) / static_cast<double>(all_passes * slots);
  return schedule.episodes();
}

std::vector<std::vector<float>> DeviceEngine::score(
    const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  PassCapacity capacity;
  for (const auto& ids : sequences) {
    check_ids(model_.config, ids, 0);
    capacity.prompt_length = std::max(capacity.prompt_length, std::ssize(ids));
  }
  capacity.rows = kPromptRows;
  capacity.prompts = std::min<std::int64_t>(kScoredAtOnce, std::ssize(sequences));
  ensure(capacity);
  pass_->set_draws({.temperature = temperature, .top_k = 0, .top_p = 1.0});
  std::vector<std::vector<float>> out(sequences.size());
  for (const std::vector<Chunk>& pass : score_passes(sequences)) {
    const std::vector<DeviceRow> rows = rows_of(pass, sequences);
    const std::int64_t count = bucket_of(std::ssize(rows));
    pass_->set_rows(padded(rows, count));
    pass_->score(count);
    const auto scores = pass_->scores(std::ssize(rows));
    std::size_t next = 0;
    for (const Chunk& chunk : pass) {
      for (std::size_t t = chunk.first; t < chunk.last; ++t) {
        if (std::isnan(scores[next])) fail_scoring(chunk.sequence, t + 1);
        out[chunk.sequence].push_back(scores[next++]);
      }
    }
  }
  return out;
}

}  // namespace tinyzero
