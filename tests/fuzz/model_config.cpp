// libFuzzer target: config.json and generation_config.json. The input is a config.json; with a
// first byte of 1 it is merged into that of a real model, so that values are tried where the names
// are right. A finding is a crash, a sanitizer's report, a hang, much memory, an exception that is
// no Error, an accepted shape whose weights have no size, or one that reads back as another after
// it is written.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/model/parameters.h"
#include "core/model/rope.h"

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

const char* const kReal =
    R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":2048,
"intermediate_size":8192,"head_dim":64,"num_hidden_layers":16,"num_attention_heads":32,
"num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072,"rms_norm_eps":1e-5,
"tie_word_embeddings":true,"rope_theta":500000.0,
"rope_scaling":{"factor":32.0,"high_freq_factor":4.0,"low_freq_factor":1.0,
"original_max_position_embeddings":8192,"rope_type":"llama3"},"eos_token_id":[128001,128008],
"hidden_act":"silu","torch_dtype":"bfloat16"})";

void read(const std::string& text, bool merge) {
  tinyzero::Json json = tinyzero::parse_json(text, "config.json");
  if (merge && json.is_object()) {
    tinyzero::Json real = tinyzero::Json::parse(kReal);
    real.update(json);
    json = real;
  }
  tinyzero::ModelConfig config = tinyzero::ModelConfig::from_json(json, "config.json");
  const tinyzero::ModelConfig again = tinyzero::ModelConfig::from_json(config.to_json(), "written");
  require(again.parameters() == config.parameters() && again.eos == config.eos,
          "a written configuration reads back as it was");
  require(config.parameters() > 0, "a model has weights");
  require(tinyzero::ParameterLayout(config).size() == config.parameters(),
          "the layout has as many weights as the shape");
  if (config.head_dim < 4096) tinyzero::RopeTable(config).ensure(4);
  config.take_generation(json, "generation_config.json");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), data[0] == 1);
  } catch (const tinyzero::Error&) {
  }
  return 0;
}
