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
constexpr std::int64_t kPromptRows =
    256;  // tokens of prompts, or of sequences to score, in one pass
constexpr std::int64_t kScoredAtOnce = 32;  // sequences
constexpr std::int64_t kLengthStep =
    64;  // lengths that there is room for are multiples of it, so that room is seldom made anew
constexpr double kShareOfMemory = 0.9;  // of what is free: products and recordings need some

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

// A part of a sequence, as rows of one pass.
struct Chunk {
  std::size_t sequence, first,
      last;  // tokens first … last-1 are computed, which score those after them
  std::int32_t place;
};

// The sequences in passes of at most kPromptRows rows and kScoredAtOnce sequences. A sequence has
// one place from its first pass to its last.
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
      passes.back().push_back({s, t, last, static_cast<std::int32_t>(begun % kScoredAtOnce)});
      rows += last - t;
      t = last;
    }
    if (sequences[s].size() > 1) ++begun;
  }
  return passes;
}

// A pass of score(), as rows.
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

DrawSettings settings_of(const Sampling& sampling) {
  DrawSettings settings{sampling.temperature, sampling.top_k, sampling.top_p};
  if (!sampling.lengths.empty()) return settings;  // end tokens end nothing
  if (std::ssize(sampling.eos) > kMostEndTokens)
    throw Error(std::to_string(sampling.eos.size()) + " end tokens, the device takes " +
                std::to_string(kMostEndTokens) + " at most");
  for (const std::int64_t id : sampling.eos)
    settings.ends[settings.end_count++] = static_cast<std::int32_t>(id);
  return settings;
}

}  // namespace

DeviceEngine::DeviceEngine(std::shared_ptr<Device> device, const Model& shape,
                           const DeviceWeights& weights, const DeviceEngineOptions& options)
    : device_(std::move(device)), model_(shape), options_(options), weights_(weights) {
  check_draws_tokens(shape.config);
  options_.precision = weights.dtype;
  const std::string reason = DevicePass::unsupported(shape.config, weights.dtype);
  if (!reason.empty())
    throw Error("the kernels of the device cannot decode this model: it has " + reason);
}

DeviceEngine::DeviceEngine(std::shared_ptr<Device> device, const Model& model,
                           const DeviceEngineOptions& options)
    : DeviceEngine(device, model, DeviceWeights{options.precision, nullptr, nullptr, nullptr, {}},
                   options) {
  uploaded_.emplace(device_, model, options.precision);
  weights_ = uploaded_->get();
}

void DeviceEngine::refresh() {
  if (uploaded_) uploaded_->refresh(model_);
}

void DeviceEngine::release_scratch() {
  recordings_.clear();
  pass_.reset();
}

PassRoom DeviceEngine::room_that_fits(const PassRoom& wanted) const {
  const std::int64_t free =
      static_cast<std::int64_t>(kShareOfMemory * static_cast<double>(device_->free_bytes()));
  for (std::int64_t slots = wanted.slots;;
       slots = slots > kBuckets[0] ? std::max(bucket_of(slots) / 2, kBuckets[0]) : slots / 2) {
    PassRoom room = wanted;
    room.slots = std::max<std::int64_t>(slots, 1);
    room.prompts = std::min(room.prompts, room.slots);
    room.rows = std::max(bucket_of(room.slots), kPromptRows);
    const std::int64_t bytes = DevicePass::bytes(model_.config, weights_.dtype, room);
    if (bytes <= free) return room;
    if (slots <= 1)
      throw Failure("decoding one completion needs " + std::to_string(bytes >> 20) +
                        " MiB of the device's memory, and " + std::to_string(free >> 20) +
                        " MiB are left",
                    "lower max_tokens, use precision bf16, or free memory of the device");
  }
}

void DeviceEngine::ensure(PassRoom room) {
  room.prompt_length = rounded(room.prompt_length);
  room.slot_length = rounded(room.slot_length);
  if (pass_ && (pass_->room().covers(room) || (room.slots > 0 && wanted_.covers(room)))) return;
  release_scratch();
  wanted_ = room;
  pass_ = std::make_unique<DevicePass>(device_, model_.config, weights_,
                                       room.slots > 0 ? room_that_fits(room) : room);
}

void DeviceEngine::decode(std::int64_t rows) {
  const auto [known, first] = recordings_.try_emplace(rows);
  if (first)
    return pass_->decode(rows);  // what a first use loads cannot be loaded while it is recorded
  if (!known->second) known->second = device_->record([&] { pass_->decode(rows); });
  known->second->replay();
}

PassRoom DeviceEngine::room_for(const std::vector<Prompt>& prompts,
                                const Sampling& sampling) const {
  PassRoom room;
  std::int64_t sequences = 0;
  for (const Prompt& prompt : prompts) {
    check_ids(model_.config, prompt.ids, sampling.max_tokens);
    room.prompt_length = std::max(room.prompt_length, std::ssize(prompt.ids));
    sequences += prompt.samples;
  }
  const std::int64_t most = std::end(kBuckets)[-1];
  room.slot_length = sampling.max_tokens + 1;  // the prompt's last token is in the slot too
  room.slots = std::min(sequences, options_.slots > 0 ? std::min(options_.slots, most) : most);
  room.prompts = std::min(room.slots, std::ssize(prompts));
  room.rows = std::max(bucket_of(room.slots), kPromptRows);
  room.looks = options_.looks;
  return room;
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
                                            const Sampling& sampling) {
  statistics_ = {};
  const PassRoom room = room_for(prompts, sampling);
  if (room.slots == 0) return {};
  const DrawSettings settings = settings_of(sampling);
  ensure(room);
  pass_->set_draws(settings);
  const std::int64_t slots = std::min(room.slots, pass_->room().slots),
                     places = std::min(room.prompts, pass_->room().prompts);
  Schedule schedule(prompts, sampling, slots, places);
  std::int64_t all_passes = 0;
  while (true) {
    stop_if_asked(sampling.stop);
    compute_prompts(schedule.refill());
    const auto live = schedule.rows();
    if (live.empty()) break;
    const auto count = std::ssize(live), rows = bucket_of(count);
    pass_->set_rows(padded(live, rows));
    pass_->set_groups(padded(schedule.groups(), rows));
    const std::int64_t passes =
        std::min(sampling.on_token ? 1 : options_.looks, schedule.most_left());
    for (std::int64_t i = 0; i < passes; ++i) decode(rows);
    const auto after = pass_->rows(count);
    for (const DeviceRow& row : after) statistics_.tokens += row.fresh;
    schedule.take(after, pass_->drawn(count), pass_->room().looks);
    all_passes += passes;
  }
  statistics_.slot_use =
      static_cast<double>(statistics_.tokens) / static_cast<double>(all_passes * slots);
  return schedule.episodes();
}

std::vector<std::vector<float>> DeviceEngine::score(
    const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  PassRoom room;
  for (const auto& ids : sequences) {
    check_ids(model_.config, ids, 0);
    room.prompt_length = std::max(room.prompt_length, std::ssize(ids));
  }
  room.rows = kPromptRows;
  room.prompts = std::min<std::int64_t>(kScoredAtOnce, std::ssize(sequences));
  ensure(room);
  pass_->set_draws({temperature, 0, 1.0});
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
