// The text around a problem.

#include "core/text/prompt.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/text/tokenizer.h"
#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/prompt");

TEST_CASE("prompts are framed for the model they go to") {
  CHECK(frame_prompt("3 7 -> 10", "bare") == "3 7 -> 10\n");
  CHECK(frame_prompt("Q?", "base")
            .ends_with("\nUser: Q?\nAssistant: Let me solve this step by step.\n<think>"));
  CHECK(frame_prompt("Q?", "qwen").starts_with("<|im_start|>system\n"));
  CHECK(frame_prompt("Q?", "qwen")
            .ends_with("<|im_start|>user\n Q?<|im_end|>\n<|im_start|>assistant\nLet me solve this "
                       "step by step.\n<think>"));
  CHECK_THROWS_WITH_AS(frame_prompt("Q?", "chat"), "no prompt template \"chat\"", Error);
}

TEST_CASE("auto takes the framing that the tokenizer shows") {
  CHECK(resolve_framing("auto", Tokenizer::make(true)) == "bare");
  CHECK(resolve_framing("qwen", Tokenizer::make(true)) == "qwen");
  CHECK(resolve_framing("nonsense", Tokenizer::make(true)) == "nonsense");
  const fs::path golden = golden_folder() / "hf";
  CHECK(resolve_framing("auto", Tokenizer::load(golden / "qwen2_tied")) == "qwen");
  CHECK(resolve_framing("auto", Tokenizer::load(golden / "llama_rope_scaled")) == "base");
}
