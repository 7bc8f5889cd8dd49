#include "core/bench/measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace tinyzero {
namespace {

constexpr int kTries = 4;  // attempts at one turn

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

Spread ratio_of(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] /= b[i];
  return spread_of(std::move(a));
}

Json spread_json(const Spread& s) {
  return {{"median", s.median}, {"lowest", s.lowest}, {"highest", s.highest}};
}

double ForeignLoad::sample() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupts = 0, soft = 0, stolen = 0;
  if (!(file >> name >> user >> nice >> system >> idle >> wait >> interrupts >> soft >> stolen))
    return 0;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK)),
               own = (seconds(usage.ru_utime) + seconds(usage.ru_stime)) * ticks,
               busy = user + nice + system + interrupts + soft + stolen, total = busy + idle + wait;
  const double passed = total - total_, foreign = busy - busy_ - (own - own_);
  busy_ = busy;
  own_ = own;
  total_ = total;
  return passed > 0 ? std::max(0.0, foreign / passed) : 0.0;
}

Rounds take_turns(std::int64_t rounds, const std::vector<std::function<double()>>& works,
                  const std::function<double()>& roof) {
  Rounds out;
  out.seconds.resize(works.size());
  out.roofs.resize(works.size());
  for (const auto& work : works) work();
  ForeignLoad load;
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      double calmest = std::numeric_limits<double>::infinity(), seconds = 0, around = 0;
      for (int attempt = 0; attempt < kTries && calmest > kMostForeign; ++attempt) {
        const double before = roof();
        load.sample();
        const double taken = works[w](), foreign = load.sample(), after = roof();
        if (attempt > 0) ++out.disturbed;
        if (foreign >= calmest) continue;
        calmest = foreign;
        seconds = taken;
        around = 0.5 * (before + after);
      }
      out.foreign = std::max(out.foreign, calmest);
      out.seconds[w].push_back(seconds);
      out.roofs[w].push_back(around);
    }
  }
  return out;
}

}  // namespace tinyzero
