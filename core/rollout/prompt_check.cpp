#include "core/rollout/prompt_check.h"

#include <algorithm>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// Every length is one that sampling allows, or there are none.
void check_lengths(const Prompt& prompt, const Sampling& sampling) {
  if (std::ssize(prompt.lengths) != prompt.samples)
    throw Error("a prompt of " + std::to_string(prompt.samples) + " samples has " +
                    std::to_string(prompt.lengths.size()) + " fixed lengths",
                "give one for each sample of every prompt, or none at all");
  for (const std::int64_t length : prompt.lengths) {
    if (length < 1 || length > sampling.max_tokens)
      throw Error("a fixed length of " + std::to_string(length) + " tokens is not in 1 … " +
                  std::to_string(sampling.max_tokens));
  }
}

}  // namespace

void check_ids(const ModelConfig& config, const std::vector<std::int32_t>& ids, std::int64_t more) {
  if (ids.empty()) throw Error("an empty prompt has no next token", "give at least one token");
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= config.vocab)
      throw Error("token id " + std::to_string(id) + " is outside the model's vocabulary of " +
                  std::to_string(config.vocab));
  }
  const auto length = std::ssize(ids) + more;
  if (length > config.context) {
    throw Error("a prompt of " + std::to_string(ids.size()) + " tokens and a completion of " +
                    std::to_string(more) + " need " + std::to_string(length) +
                    " positions, the model has " + std::to_string(config.context),
                "lower max_tokens or shorten the prompt");
  }
}

void check_call(const ModelConfig& config, const std::vector<Prompt>& prompts,
                const Sampling& sampling, const GenerateHooks& hooks) {
  std::int64_t completions = 0;
  const bool fixed = lengths_are_fixed(prompts);
  for (const Prompt& prompt : prompts) {
    check_ids(config, prompt.ids, sampling.max_tokens);
    if (prompt.samples < 1)
      throw Error("a prompt of " + std::to_string(prompt.samples) + " samples",
                  "ask for at least one sample of every prompt");
    if (fixed) check_lengths(prompt, sampling);
    completions += prompt.samples;
  }
  if (hooks.on_token && completions != 1)
    throw Error(
        "tokens can be told one by one for one completion, not for " + std::to_string(completions),
        "ask for one sample of one prompt, or for on_episode");
}

bool lengths_are_fixed(const std::vector<Prompt>& prompts) {
  return std::any_of(prompts.begin(), prompts.end(),
                     [](const Prompt& prompt) { return !prompt.lengths.empty(); });
}

void check_draws_tokens(const ModelConfig& config) {
  if (config.value_head)
    throw Error("this model gives values, not tokens: it is a critic",
                "take the folder of a policy");
}

}  // namespace tinyzero
