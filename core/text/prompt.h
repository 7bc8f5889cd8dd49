// Framing of prompts: what stands around a problem before the model writes.
#pragma once

#include <string>

#include "core/text/tokenizer.h"

namespace tinyzero {

// "bare": the problem and a line end, for models made from scratch; "base" and "qwen": TinyZero's
// framings for pretrained base and ChatML models, which end where the model is to think. Throws
// Error for another name.
std::string frame_prompt(const std::string& problem, const std::string& framing);

// The framing that "auto" stands for: qwen for a tokenizer that knows ChatML's tokens, bare for one
// of ours, base otherwise. Any other name stands for itself.
std::string resolve_framing(const std::string& setting, const Tokenizer& tokenizer);

}  // namespace tinyzero
