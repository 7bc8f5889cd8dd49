// One pass of the transformer over a few rows, each the next token of some sequence, with the sequences' keys and values cached.
//
// A row is a token at a position of a slot. Rows of one slot may follow each other (a prompt) as long as their positions rise; each row
// sees its slot's positions up to its own. All memory is taken once, at construction. One thread a worker.
#pragma once

#include <vector>

#include "core/model/rope.h"
#include "core/rollout/cpu/weights.h"

namespace tinyzero {

struct Row {
  std::int64_t slot;
  std::int64_t position;
  std::int32_t token;
  bool wants_logits;
};

class DecodeWorker {
 public:
  // Room for `slots` sequences of up to `length` tokens and `max_rows` rows a pass. The references must outlive the worker;
  // `rope` must hold `length` positions.
  DecodeWorker(const ModelConfig& config, const DecodeWeights& weights, const RopeTable& rope, const Kernels& kernels, std::int64_t slots,
               std::int64_t length, std::int64_t max_rows);

  // Computes the rows and stores their keys and values.
  void forward(const std::vector<Row>& rows);

  // Logits (vocab) of the i-th of the last pass's rows that wanted them; may be overwritten by the caller.
  float* logits(std::size_t i) { return logits_.data() + static_cast<std::int64_t>(i) * config_.vocab; }

  // Makes the first `length` positions of slot `to` equal to those of slot `from`.
  void copy_slot(std::int64_t from, std::int64_t to, std::int64_t length);

  std::int64_t max_rows() const { return max_rows_; }

 private:
  // Floats of keys (as blocks) and of values of one slot, layer and head.
  std::int64_t key_floats() const { return padded_length_ * config_.head_dim; }
  std::int64_t value_floats() const { return length_ * config_.head_dim; }
  KeyValues cache(std::int64_t slot, std::int64_t layer, std::int64_t head);

  void attention_block(const std::vector<Row>& rows, std::int64_t layer);
  void mlp_block(std::int64_t rows, std::int64_t layer);
  void output_logits(const std::vector<Row>& rows);

  const ModelConfig& config_;
  const DecodeWeights& weights_;
  const RopeTable& rope_;
  const Kernels& kernels_;
  std::int64_t length_, padded_length_, max_rows_;
  FloatBuffer cache_, hidden_, normed_, qkv_, attended_, gate_up_, inner_, logits_, scores_;
};

}  // namespace tinyzero
