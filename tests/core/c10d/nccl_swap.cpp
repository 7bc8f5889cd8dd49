// Swaps through NCCL, whose place a group of threads takes (tests/support/nccl).

#include "core/c10d/nccl_swap.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/base/error.h"
#include "support/nccl/cuda_runtime_api.h"
#include "support/thread_ranks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/c10d/nccl_swap");

namespace {

constexpr std::chrono::seconds kLimit{20};

std::unique_ptr<NcclSwap> connected(Ranks& ranks) {
  return std::make_unique<NcclSwap>(
      ranks.rank(), ranks.size(),
      [&](const std::string& bytes) { return ranks.gather("id", bytes).front(); }, kLimit);
}

}  // namespace

TEST_CASE("every rank gets the slice that was meant for it, of any size, again and again") {
  for (const std::int64_t size : {2, 3, 8}) {
    CAPTURE(size);
    on_ranks(size, [&](Ranks& ranks) {
      const auto swap = connected(ranks);
      // Rank a sends (a + b) % 3 values to rank b.
      const auto count = [](std::int64_t a, std::int64_t b) { return (a + b) % 3; };
      for (int round = 0; round < 3; ++round) {
        std::vector<float> out, in, wanted;
        RankSlices sent, came;
        for (std::int64_t r = 0; r < size; ++r) {
          sent.sizes.push_back(count(ranks.rank(), r));
          came.sizes.push_back(count(r, ranks.rank()));
          out.insert(out.end(), sent.sizes[r],
                     static_cast<float>(100 * ranks.rank() + 10 * r + round));
          wanted.insert(wanted.end(), came.sizes[r],
                        static_cast<float>(100 * r + 10 * ranks.rank() + round));
        }
        in.resize(wanted.size());
        sent.values = out;
        came.values = in;
        swap->swap(sent, came);
        CHECK(in == wanted);
      }
      ranks.gather("the end", "");
    });
  }
}

TEST_CASE("a rank that is gone ends the swap of the others with an error") {
  std::string said;
  on_ranks(2, [&](Ranks& ranks) {
    auto swap = connected(ranks);
    if (ranks.rank() == 1) return swap.reset();
    std::vector<float> values(4);
    try {
      swap->swap({.values = values, .sizes = {2, 2}}, {.values = values, .sizes = {2, 2}});
    } catch (const Failure& e) {
      said = e.what();
    }
  });
  CHECK(said == "NCCL failed in a swap: remote process exited");
}

TEST_CASE("a GPU is known by its address on the bus") {
  CHECK(NcclSwap::own_gpu() == "0000:00:00.0");
  gpu_of_thread = -1;
  CHECK(NcclSwap::own_gpu().empty());
  gpu_of_thread = 0;
}
