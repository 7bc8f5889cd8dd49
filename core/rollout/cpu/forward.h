// One pass of the transformer over a few rows, each the next token of some sequence, with the
// sequences' keys and values cached.
//
// All memory is taken once, at construction. A pass is computed by the threads of a team, which is
// one thread where the model is small.
#pragma once

#include <chrono>
#include <vector>

#include "core/base/team.h"
#include "core/model/rope.h"
#include "core/rollout/cpu/weights.h"

namespace tinyzero {

// Where a thread's time went, in seconds, by what it did between laps; counts nothing while it is
// off.
class PhaseClock {
 public:
  explicit PhaseClock(bool on) : on_(on) { lap(rest); }
  // The time since the last lap belongs to `phase`, one of the members below.
  void lap(double& phase) {
    if (!on_) return;
    const auto now = std::chrono::steady_clock::now();
    phase += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

  double products = 0, attention = 0, sampling = 0, rest = 0;

 private:
  bool on_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// A token to compute. Its keys and values are stored, and it sees what is stored before it:
// positions 0 … shared-1 of a prompt, which several sequences may share, and positions of its own
// slot from there on.
struct Row {
  std::int64_t prompt;  // place of the prompt
  std::int64_t shared;  // tokens of the prompt; `position` or more for a token of the prompt itself
  std::int64_t slot;    // of the completion; unused for a token of the prompt
  std::int64_t position;  // in the sequence
  std::int32_t token;
  bool wants_logits;

  bool in_prompt() const { return position < shared; }
};

// What a worker has room for.
struct DecodeRoom {
  std::int64_t prompts, prompt_length;  // prompts at once, and tokens of each
  std::int64_t slots, length;           // completions at once, and tokens of each
  std::int64_t rows;                    // of a pass
};

class DecodeWorker {
 public:
  // The references must outlive the worker; `rope` must hold all positions.
  DecodeWorker(const ModelConfig& config, const DecodeWeights& weights, const RopeTable& rope,
               const Kernels& kernels, const DecodeRoom& room, Team& team, PhaseClock& clock);

  // Floats that the keys and values of so many sequences of up to `length` positions take.
  static std::int64_t cache_floats(const ModelConfig& config, const Kernels& kernels,
                                   std::int64_t sequences, std::int64_t length);

  // Floats that a row of a pass takes.
  static std::int64_t row_floats(const ModelConfig& config, const Kernels& kernels);

  // Computes the rows and stores their keys and values. Rows of one prompt may follow each other as
  // long as their positions rise.
  void forward(const std::vector<Row>& rows);

  // Logits (vocab) of the i-th of the last pass's rows that wanted them; may be overwritten by the
  // caller.
  float* logits(std::size_t i) {
    return logits_.data() + static_cast<std::int64_t>(i) * config_.vocab;
  }

 private:
  // Keys and values of several sequences of up to `length` positions each: [sequence][layer][head].
  struct Store {
    std::int64_t key_floats, value_floats;
    FloatBuffer data;
  };

  Store make_store(std::int64_t sequences, std::int64_t length) const;
  KeyValues stored(Store& store, std::int64_t sequence, std::int64_t layer, std::int64_t head,
                   std::int64_t length);
  // y (m, n) = x (m, k) · packed + bias, or added to y.
  void product(const float* x, std::int64_t m, std::int64_t k, const float* packed, std::int64_t n,
               const float* bias, bool add, float* y);
  // normed_ = rms norm of hidden_, row by row.
  void norm(const float* weight, std::int64_t rows);
  // Of one key/value head and its query heads: norms and rotation, row by row; keys and values go
  // where they are kept.
  void turn_and_store(const std::vector<Row>& rows, std::int64_t layer, std::int64_t head);

  void attention_block(const std::vector<Row>& rows, std::int64_t layer);
  void mlp_block(std::int64_t rows, std::int64_t layer);
  void output_logits(const std::vector<Row>& rows);

  const ModelConfig& config_;
  const DecodeWeights& weights_;
  const RopeTable& rope_;
  const Kernels& kernels_;
  Team& team_;
  PhaseClock& clock_;
  Store prompts_, slots_;
  FloatBuffer hidden_, normed_, words_, qkv_, attended_, gate_up_, inner_, logits_;
  std::int64_t scores_floats_;  // for one thread
  FloatBuffer scores_;
};

}  // namespace tinyzero
