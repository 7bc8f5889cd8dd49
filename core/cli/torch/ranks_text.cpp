#include "core/cli/torch/ranks_text.h"

#include <fmt/format.h>

#include "core/cli/torch/arithmetic_text.h"

namespace tinyzero {
namespace {

constexpr double kLatency = 30e-6;  // seconds, where the user says how fast a link is

// How much of so many ranks' time is that of one process.
double efficiency(const RanksForecast& one, const RanksForecast& many, std::size_t link) {
  return one.seconds[link] / many.seconds[link] / static_cast<double>(many.ranks);
}

}  // namespace

std::vector<Link> links_for(double gigabytes) {
  if (gigabytes == 0) return known_links();
  return {{fmt::format("{} GB/s", gigabytes), gigabytes * 1e9, kLatency}};
}

std::string ranks_text(const std::vector<RanksForecast>& forecasts,
                       const std::vector<Link>& links) {
  std::string out = "ranks, each on a machine like this one: seconds of a step\n";
  out += fmt::format("  {:>5}  {:>13}  {:>11}", "ranks", "memory each", "sent each");
  for (const Link& link : links) out += fmt::format("  {:>17}", link.name);
  out += "\n";
  for (const RanksForecast& f : forecasts) {
    out += fmt::format("  {:>5}  {:>13}  {:>11}", f.ranks, megabytes(f.memory),
                       megabytes(static_cast<std::int64_t>(f.exchanged)));
    for (std::size_t i = 0; i < links.size(); ++i)
      out += fmt::format("  {:>9} {:>5.0f} %", time_text(f.seconds[i]),
                         100 * efficiency(forecasts.front(), f, i));
    out += "\n";
  }
  return out;
}

Json ranks_json(const std::vector<RanksForecast>& forecasts, const std::vector<Link>& links) {
  Json out = Json::array();
  for (const RanksForecast& f : forecasts) {
    Json steps = Json::array();
    for (std::size_t i = 0; i < links.size(); ++i)
      steps.push_back({{"link", links[i].name},
                       {"bytes_per_second", links[i].bytes_per_second},
                       {"seconds", f.seconds[i]},
                       {"efficiency", efficiency(forecasts.front(), f, i)}});
    out.push_back({{"ranks", f.ranks},
                   {"memory_bytes", f.memory},
                   {"sent_bytes", f.exchanged},
                   {"steps", steps}});
  }
  return out;
}

}  // namespace tinyzero
