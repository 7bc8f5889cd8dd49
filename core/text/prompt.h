// Framing of prompts: the text around a problem before the model writes.
#pragma once

#include <string>

namespace tinyzero {

class Tokenizer;

// "bare" is the problem and a line end, for models made from scratch. "base" and "qwen" are
// TinyZero's framings for pretrained base and ChatML models, which end where the model is to think.
// Throws Error for another name.
std::string frame_prompt(const std::string& problem, const std::string& framing);

// The framing that "auto" selects: qwen for a tokenizer that knows ChatML's tokens, bare for a
// tokenizer that this program made, base otherwise. Any other name is returned unchanged.
std::string resolve_framing(const std::string& setting, const Tokenizer& tokenizer);

}  // namespace tinyzero
