// Rejection sampling and fine-tuning on a batch worked out by hand.

#include <doctest/doctest.h>

#include "support/judged_batch.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("plugins/raft");

namespace {

Batch prepared(Algorithm& algorithm, Batch b = judged_batch()) {
  RecordingHost host;
  algorithm.prepare(b, host);
  return b;
}

}  // namespace

// One of four completions is right: two of eight tokens.
TEST_CASE("only right completions teach, and their tokens are the denominator") {
  for (const char* settings : {"{}", "{aggregation: sequence}"}) {
    CAPTURE(settings);
    const auto raft = built_in_algorithm("raft", settings);
    const Batch b = prepared(*raft.algorithm);
    const PolicyLoss out = policy_loss(*raft.algorithm, b, b.logp_old);
    CHECK(out.loss == doctest::Approx(1.5));  // -(-1 - 2) / 2
    check_numbers(out.gradient, {-0.5, -0.5, 0, 0, 0, 0, 0, 0}, 1e-6);
  }
}

TEST_CASE("sequences count alike however long they are") {
  Batch b = judged_batch();
  b.right = bools({1, 1, 0, 0});
  b.mask = floats({1, 1, 1, 0, 1, 1, 1, 1});
  b.all = b.counted();
  const auto token = built_in_algorithm("raft"),
             sequence = built_in_algorithm("raft", "{aggregation: sequence}");
  const Batch by_token = prepared(*token.algorithm, b),
              by_sequence = prepared(*sequence.algorithm, b);
  const double third = -1.0 / 3;
  check_numbers(policy_loss(*token.algorithm, by_token, b.logp_old).gradient,
                {third, third, third, 0, 0, 0, 0, 0}, 1e-6);
  check_numbers(policy_loss(*sequence.algorithm, by_sequence, b.logp_old).gradient,
                {-0.25, -0.25, -0.5, 0, 0, 0, 0, 0}, 1e-6);
}

TEST_CASE("keep: all imitates whatever could be judged") {
  Batch b = judged_batch();
  b.usable = bools({1, 1, 1, 0});
  b.mask = floats({1, 1, 1, 1, 1, 1, 0, 0});
  b.all = b.counted();
  const auto raft = built_in_algorithm("raft", "{keep: all}");
  const Batch ready = prepared(*raft.algorithm, b);
  const double sixth = -1.0 / 6;
  check_numbers(policy_loss(*raft.algorithm, ready, b.logp_old).gradient,
                {sixth, sixth, sixth, sixth, sixth, sixth, 0, 0}, 1e-6);
}

// At the sampler the ratio is 1: the gradients of both forms are equal. Beyond the clip the ratio's
// is 0.
TEST_CASE("RAFT++ has the gradient of RAFT at the sampler, and none beyond the clip") {
  const auto plain = built_in_algorithm("raft"),
             clipped = built_in_algorithm("raft", "{variant: raft_pp}");
  const Batch b = prepared(*clipped.algorithm);
  check_numbers(policy_loss(*clipped.algorithm, b, b.logp_old).gradient,
                {-0.5, -0.5, 0, 0, 0, 0, 0, 0}, 1e-6);
  const at::Tensor moved = b.logp_old + floats({1, -1, 0, 0, 0, 0, 0, 0});
  const PolicyLoss out = policy_loss(*clipped.algorithm, b, moved);
  check_numbers(out.gradient, {0, -0.5 * std::exp(-1.0), 0, 0, 0, 0, 0, 0}, 1e-6);
  CHECK(out.metrics.values().at("clipped").value() == doctest::Approx(1.0 / 8));
  const PolicyLoss free = policy_loss(*plain.algorithm, prepared(*plain.algorithm), moved);
  check_numbers(free.gradient, {-0.5, -0.5, 0, 0, 0, 0, 0, 0}, 1e-6);
}

TEST_CASE("where nothing is right, nothing is learned") {
  Batch b = judged_batch();
  b.right = bools({0, 0, 0, 0});
  const auto raft = built_in_algorithm("raft");
  const Batch ready = prepared(*raft.algorithm, b);
  const PolicyLoss out = policy_loss(*raft.algorithm, ready, b.logp_old);
  CHECK(out.loss == 0);
  CHECK(out.gradient.abs().max().item<double>() == 0);
}
