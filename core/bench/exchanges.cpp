#include "core/bench/exchanges.h"

#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/bench/measure.h"
#include "core/ranks/ranks.h"

namespace tinyzero {
namespace {

constexpr double kEnough = 1.5;  // seconds, after which no round begins

// Up to `most` rounds; all ranks begin each at the same time.
double median_seconds(Ranks& ranks, std::int64_t most, const std::function<void()>& round) {
  std::vector<double> seconds;
  double spent = ranks.of_first("clock", 0);
  while (std::ssize(seconds) < most && spent < kEnough) {
    const Stopwatch watch;
    round();
    seconds.push_back(watch.seconds());
    spent = ranks.of_first("clock", spent + seconds.back());
  }
  return spread_of(seconds).median;
}

}  // namespace

ExchangeTime time_gather(Ranks& ranks) {
  const std::string bytes(8, 'x');
  const double seconds = median_seconds(ranks, 50, [&] { ranks.gather("a few bytes", bytes); });
  return {.bytes = std::ssize(bytes), .seconds = seconds};
}

ExchangeTime time_update(Ranks& ranks, std::int64_t bytes) {
  std::vector<float> values(bytes / sizeof(float), 1.0f);
  std::vector<std::int64_t> cuts;
  for (std::int64_t r = 0; r <= ranks.size(); ++r)
    cuts.push_back(r * std::ssize(values) / ranks.size());
  const double seconds = median_seconds(ranks, 5, [&] {
    ranks.add_up("gradients", values, cuts);
    ranks.share_ranges("weights", values, cuts);
  });
  return {.bytes = bytes, .seconds = seconds};
}

double bytes_sent(const ExchangeTime& update, std::int64_t ranks) {
  return 2.0 * static_cast<double>(update.bytes) * static_cast<double>(ranks - 1) /
         static_cast<double>(ranks);
}

}  // namespace tinyzero
