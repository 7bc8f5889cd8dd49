// One pass of the transformer over a few rows, each the next token of some sequence. Keys and
// values of the sequences are cached.
//
// All memory is allocated at construction. The threads of a team share each pass; for small models
// the team is one thread.
#pragma once

#include <vector>

#include "core/base/team.h"
#include "core/model/rope.h"
#include "core/rollout/cpu/profile.h"
#include "core/rollout/cpu/weights.h"

namespace tinyzero {

// A token to compute. Its keys and values are stored, and it sees those stored before it: positions
// 0 … shared-1 of a prompt, which several sequences may share, and the positions of its own slot
// from there on.
struct Row {
  std::int64_t prompt;    // place of the prompt
  std::int64_t shared;    // tokens of the prompt; more than `position` for a token of the prompt
  std::int64_t slot;      // slot of the completion; unused for a token of the prompt
  std::int64_t position;  // position in the sequence
  std::int32_t token;
  bool wants_logits;

  bool in_prompt() const { return position < shared; }
};

// What a pass computes with. The members must outlive the workers that refer to them.
struct DecodeModel {
  const ModelConfig& config;
  const DecodeWeights& weights;
  const RopeTable& rope;  // holds all positions
  const Kernels& kernels;
};

struct DecodeCapacity {
  std::int64_t prompts = 1;        // prompts at once
  std::int64_t prompt_length = 0;  // tokens of each
  std::int64_t slots = 0;          // completions at once
  std::int64_t length = 0;         // tokens of each
  std::int64_t rows = 0;           // rows of a pass
};

class DecodeWorker {
 public:
  // The team and the clock must outlive the worker.
  DecodeWorker(const DecodeModel& model, const DecodeCapacity& capacity, Team& team,
               LapClock& clock);

  // Floats that the keys and values of so many sequences of up to `length` positions take.
  static std::int64_t cache_floats(const ModelConfig& config, const Kernels& kernels,
                                   std::int64_t sequences, std::int64_t length);

  // Floats that a row of a pass takes.
  static std::int64_t row_floats(const ModelConfig& config, const Kernels& kernels);

  // Computes the rows and stores their keys and values. Several rows of one prompt must have rising
  // positions.
  void forward(const std::vector<Row>& rows);

  // Logits (vocab) of the i-th row of the last pass that wanted them. The caller may overwrite
  // them.
  float* logits(std::int64_t i) { return logits_.data() + i * config_.vocab; }

  const ModelConfig& config() const { return config_; }
  const Kernels& kernels() const { return kernels_; }
  Team& team() { return team_; }
  LapClock& clock() { return clock_; }

 private:
  // Keys and values of several sequences of up to `length` positions each: [sequence][layer][head].
  struct Store {
    std::int64_t key_floats;
    std::int64_t value_floats;
    FloatBuffer data;
  };

  // The right side of a product, w (n, k), and what is added to it.
  struct PackedMatrix {
    const float* packed;
    std::int64_t n;
    std::int64_t k;
    const float* bias = nullptr;
  };
  enum class Output { write, add };

  Store make_store(std::int64_t sequences, std::int64_t length) const;
  KeyValues stored(Store& store, std::int64_t sequence, std::int64_t layer, std::int64_t head,
                   std::int64_t length);
  // y (m, n) = x (m, k) · w^T + bias, or added to y.
  void product(const float* x, std::int64_t m, const PackedMatrix& w, Output output, float* y);
  // normed_ = rms norm of hidden_, row by row.
  void norm(const float* weight, std::int64_t rows);
  // For one key/value head and its query heads of a row: q/k norms and rotation; stores the key and
  // the value.
  void rotate_and_store(const Row& row, float* qkv, std::int64_t layer, std::int64_t head);
  // For the same heads: attention over what the row sees.
  void attend(const Row& row, const float* q, std::int64_t layer, std::int64_t head, float* scratch,
              float* out);

  void attention_block(const std::vector<Row>& rows, std::int64_t layer);
  void mlp_block(std::int64_t rows, std::int64_t layer);
  void output_logits(const std::vector<Row>& rows);

  const ModelConfig& config_;
  const DecodeWeights& weights_;
  const RopeTable& rope_;
  const Kernels& kernels_;
  Team& team_;
  LapClock& clock_;
  Store prompts_;
  Store slots_;
  FloatBuffer hidden_;          // (rows, width)
  FloatBuffer normed_;          // (rows, width)
  FloatBuffer words_;           // left side of a product, in words
  FloatBuffer qkv_;             // (rows, q_width + 2 kv_width)
  FloatBuffer attended_;        // (rows, q_width)
  FloatBuffer gate_up_;         // (rows, 2 mlp)
  FloatBuffer inner_;           // (rows, mlp)
  FloatBuffer logits_;          // (rows, vocab)
  std::int64_t scores_floats_;  // scratch of one thread
  FloatBuffer scores_;          // (threads, scores_floats_)
};

}  // namespace tinyzero
