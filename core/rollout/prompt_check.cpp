#include "core/rollout/prompt_check.h"

#include "core/base/error.h"

namespace tinyzero {

void check_ids(const ModelConfig& config, const std::vector<std::int32_t>& ids, std::int64_t room) {
  if (ids.empty()) throw Error("an empty prompt has no next token", "give at least one token");
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= config.vocab)
      throw Error("token id " + std::to_string(id) + " is outside the model's vocabulary of " +
                  std::to_string(config.vocab));
  }
  const auto length = std::ssize(ids) + room;
  if (length > config.context) {
    throw Error("a prompt of " + std::to_string(ids.size()) + " tokens and a completion of " +
                    std::to_string(room) + " need " + std::to_string(length) +
                    " positions, the model has " + std::to_string(config.context),
                "lower max_tokens or shorten the prompt");
  }
}

void check_draws_tokens(const ModelConfig& config) {
  if (config.value_head)
    throw Error("this model gives values, not tokens: it is a critic",
                "take the folder of a policy");
}

}  // namespace tinyzero
