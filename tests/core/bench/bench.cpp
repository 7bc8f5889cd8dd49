// What bench measures is the work that it says: lengths and operations.

#include <doctest/doctest.h>

#include <numeric>

#include "core/bench/measure.h"
#include "core/bench/workload.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/bench");

TEST_CASE("lengths have the wanted mean and maximum, and are the same every time") {
  const Workload w;
  const auto lengths = bench_lengths(w);
  CHECK(lengths == bench_lengths(w));
  CHECK(lengths.size() == 512);
  const double mean =
      static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0})) / 512;
  CHECK(mean > 135);
  CHECK(mean < 165);
  CHECK(*std::max_element(lengths.begin(), lengths.end()) == 400);
  CHECK(*std::min_element(lengths.begin(), lengths.end()) >= 1);
  CHECK(bench_lengths({"1M", 2, 3, 5, 7, 7}) == std::vector<std::int64_t>(6, 7));
}

// One layer of width 4 with one head of 4, mlp 8, vocabulary 10, counted by hand: matrices 4·12 +
// 4·4 + 16·4 + 4·8 = 160, head 40.
TEST_CASE("operations are those of the formula") {
  ModelConfig c;
  c.layers = c.heads = c.kv_heads = 1;
  c.width = c.head_dim = 4;
  c.mlp = 8;
  c.vocab = 10;
  const Workload w{"", 1, 2, 3, 2, 2};  // two completions of two tokens behind three
  CHECK(decode_flops(c, w, {2, 2}) == 2 * (2 * 2 * 200 + 16 * (4 + 5)));
  // Forward: positions 1 … 3 once, position 4 twice; the head four times.
  CHECK(train_flops(c, w, {2, 2}) == 3 * (5 * 2 * 160 + 16 * (1 + 2 + 3 + 4 + 4) + 4 * 2 * 40));
}

TEST_CASE("spreads") {
  const Spread s = spread_of({3, 1, 2});
  CHECK(s.median == 2);
  CHECK(s.lowest == 1);
  CHECK(s.highest == 3);
  CHECK(ratio_of({2, 9, 4}, {1, 3, 4}).median == 2);
  int calls = 0;
  const Rounds rounds = take_turns(2, {[&] { return ++calls, 0.5; }}, [] { return 3.0; });
  CHECK(calls >= 3);  // one to warm up
  CHECK(rounds.seconds[0] == std::vector<double>{0.5, 0.5});
  CHECK(rounds.roofs[0] == std::vector<double>{3.0, 3.0});
}
