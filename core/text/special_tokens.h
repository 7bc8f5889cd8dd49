// The variables of special tokens (bos_token …) that chat templates see.
#pragma once

#include <filesystem>

#include "core/text/jinja/context.h"

namespace tinyzero {

// Read from tokenizer_config.json and special_tokens_map.json. A variable whose value depends on
// the version of transformers is unknown: a template that uses it is refused.
jinja::Context special_token_variables(const std::filesystem::path& folder);

}  // namespace tinyzero
