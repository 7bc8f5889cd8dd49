#include "core/cli/torch/replayed_tokens.h"

#include "core/rollout/episodes.h"
#include "core/train/replay.h"

namespace tinyzero {

ReplayedTokens::ReplayedTokens(const OpenedRun& run, const SampledStep& sampled,
                               const ReplayedUpdate& own, const ReplayedUpdate* other)
    : run_(run),
      sampled_(sampled),
      own_(values_of(own)),
      before_(own.before.to(at::kDouble).contiguous()) {
  if (other != nullptr) other_ = values_of(*other);
  for (const ScoredCompletion& c : sampled.completions)
    first_.push_back(first_.back() + c.episode.tokens.size());
}

Json ReplayedTokens::of(std::size_t completion) const {
  Json out = Json::array();
  const Episode& episode = sampled_.completions[completion].episode;
  for (std::size_t t = 0; t < episode.tokens.size(); ++t) {
    const std::size_t n = first_[completion] + t;
    Json token = {{"id", episode.tokens[t]},
                  {"text", run_.tokenizer.token_text(episode.tokens[t])},
                  {"sampler", episode.logp[t]},
                  {"before", before_.const_data_ptr<double>()[n]},
                  {"own", token_json(own_, n)}};
    if (other_) token["other"] = token_json(*other_, n);
    out.push_back(std::move(token));
  }
  return out;
}

ReplayedTokens::Values ReplayedTokens::values_of(const ReplayedUpdate& update) {
  return {.after = update.after.to(at::kDouble).contiguous(),
          .advantage = update.advantage.to(at::kDouble).contiguous()};
}

Json ReplayedTokens::token_json(const Values& values, std::size_t n) {
  return {{"after", values.after.const_data_ptr<double>()[n]},
          {"advantage", values.advantage.const_data_ptr<double>()[n]}};
}

}  // namespace tinyzero
