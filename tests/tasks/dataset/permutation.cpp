// The endless order of rows.

#include "tasks/dataset/permutation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/permutation");

namespace {

std::vector<std::uint64_t> epoch(std::uint64_t seed, std::uint64_t number, std::uint64_t rows) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < rows; ++i) out.push_back(row_at(seed, number * rows + i, rows));
  return out;
}

}  // namespace

TEST_CASE("an epoch has each row once, in an order of its own") {
  for (const std::uint64_t rows : {1u, 2u, 3u, 4u, 5u, 16u, 17u, 100u, 1000u}) {
    std::set<std::vector<std::uint64_t>> orders;
    for (const std::uint64_t number : {0u, 1u, 7u, 1u << 20}) {
      const auto order = epoch(1, number, rows);
      CHECK(std::set<std::uint64_t>(order.begin(), order.end()).size() == rows);
      CHECK(*std::max_element(order.begin(), order.end()) == rows - 1);
      orders.insert(order);
    }
    if (rows > 16) CHECK(orders.size() == 4);
    if (rows > 16) CHECK(epoch(1, 0, rows) != epoch(2, 0, rows));
  }
}

// Expected: 1000 / 10 in each cell; a standard deviation is 9.5.
TEST_CASE("each row comes equally often in each place") {
  std::vector<int> counts(100, 0);
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const auto order = epoch(3, number, 10);
    for (std::size_t place = 0; place < 10; ++place) ++counts[place * 10 + order[place]];
  }
  CHECK(*std::min_element(counts.begin(), counts.end()) > 60);
  CHECK(*std::max_element(counts.begin(), counts.end()) < 140);
}
