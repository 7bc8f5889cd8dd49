// Model folders that are made, not trained: shapes of published models with random weights, or
// without any.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "core/model/folder.h"
#include "support/golden.h"

namespace tinyzero {

// Writes the configuration and tokenizer of a folder in which `config` stands, with the small Qwen2
// tokenizer of the golden folders.
inline void write_shape(const fs::path& folder, const Json& config) {
  fs::create_directories(folder);
  write_file_synced(folder / "config.json", config.dump());
  fs::copy_file(golden_folder() / "hf/qwen2_tied/tokenizer.json", folder / "tokenizer.json");
}

// The configuration of a published model, by its name on Hugging Face.
inline Json published_config(const std::string& name) {
  const fs::path file = fs::path(TINYZERO_SOURCE) / "tests/support/model_configs.json";
  for (const Json& one : parse_json(read_file(file), file.string())) {
    if (one["model"] == name) return one["config"];
  }
  FAIL("no configuration of " << name);
  return {};
}

// A Qwen2 shape with random weights.
struct SmallShape {
  std::int64_t layers, width, heads, kv_heads, mlp, vocab;
};
inline void write_random_model(const fs::path& folder, const SmallShape& shape) {
  Json json = parse_json(read_file(golden_folder() / "hf/qwen2_tied/config.json"), "config.json");
  json["num_hidden_layers"] = shape.layers;
  json["hidden_size"] = shape.width;
  json["num_attention_heads"] = shape.heads;
  json["num_key_value_heads"] = shape.kv_heads;
  json["intermediate_size"] = shape.mlp;
  json["vocab_size"] = shape.vocab;
  write_shape(folder, json);
  Model model(ModelConfig::from_json(json, "config.json"));
  initialize(model, 1);
  fs::copy_file(golden_folder() / "hf/qwen2_tied/tokenizer_config.json",
                folder / "tokenizer_config.json");
  save_model(model, folder);
}

}  // namespace tinyzero
