#include "core/text/prompt.h"

#include "core/base/error.h"
#include "core/text/tokenizer.h"
#include "tinyzero/answer.h"

namespace tinyzero {

// "base" and "qwen" are copied verbatim from TinyZero (github.com/Jiayi-Pan/TinyZero, Apache-2.0),
// so that models can be compared.
std::string frame_prompt(const std::string& problem, const std::string& framing) {
  static const std::string kOpening = "Let me solve this step by step.\n<think>";
  if (framing == "bare") return problem + "\n";
  if (framing == "base") {
    return "A conversation between User and Assistant. The user asks a question, and the Assistant "
           "solves it. The assistant first thinks about the reasoning process in the mind and then "
           "provides the user with the answer.\nUser: " +
           problem + "\nAssistant: " + kOpening;
  }
  if (framing == "qwen") {
    return "<|im_start|>system\nYou are a helpful assistant. You first thinks about the reasoning "
           "process in the mind and then provides the user with the "
           "answer.<|im_end|>\n<|im_start|>user\n " +
           problem + "<|im_end|>\n<|im_start|>assistant\n" + kOpening;
  }
  throw Error("no prompt template \"" + framing + "\"", "use bare, base or qwen");
}

std::string resolve_framing(const std::string& setting, const Tokenizer& tokenizer) {
  if (setting != "auto") return setting;
  if (tokenizer.id("<|im_start|>") >= 0) return "qwen";
  return tokenizer.id(std::string(kAnswerOpen)) >= 0 ? "bare" : "base";
}

}  // namespace tinyzero
