#include "core/cli/torch/ranks_text.h"

#include <fmt/format.h>

#include "core/cli/terminal.h"
#include "core/cli/torch/arithmetic_text.h"
#include "core/train/opened_run.h"
#include "core/train/probe.h"

namespace tinyzero {
namespace {

constexpr double kGiven = 30e-6;  // seconds: latency where the user says how fast a link is

// How much of so many ranks' time is that of one process.
double efficiency(const RanksForecast& one, const RanksForecast& many, std::size_t link) {
  return one.seconds[link] / many.seconds[link] / static_cast<double>(many.ranks);
}

}  // namespace

RanksPlan::RanksPlan(const OpenedRun& run, std::int64_t ranks, double link)
    : shape_(shape_of(run)), chose_shards_(run.chose_shards), ranks_(ranks) {
  if (link == 0) links_ = known_links();
  else links_ = {{fmt::format("{} GB/s", link), link * 1e9, kGiven}};
}

std::vector<RanksForecast> RanksPlan::forecasts(const RunProbe& probe) const {
  return forecast_ranks(shape_, chose_shards_, ranks_,
                        {.rollout = probe.rollout, .update = probe.update, .tokens = probe.sampled},
                        links_);
}

std::string RanksPlan::text(const RunProbe& probe) const {
  const auto all = forecasts(probe);
  std::string out =
      fmt::format("ranks, each with {} on a machine like this one: seconds of a step\n",
                  counted(shape_.experiment.general.threads, "thread"));
  out += fmt::format("  {:>5}  {:>13}  {:>11}", "ranks", "memory each", "sent each");
  for (const Link& link : links_) out += fmt::format("  {:>17}", link.name);
  out += "\n";
  for (const RanksForecast& f : all) {
    out += fmt::format("  {:>5}  {:>13}  {:>11}", f.ranks, megabytes(f.memory),
                       megabytes(static_cast<std::int64_t>(f.exchanged)));
    for (std::size_t i = 0; i < links_.size(); ++i)
      out += fmt::format("  {:>9} {:>5.0f} %", time_text(f.seconds[i]),
                         100 * efficiency(all.front(), f, i));
    out += "\n";
  }
  return out;
}

Json RanksPlan::json(const RunProbe& probe) const {
  const auto all = forecasts(probe);
  Json out = Json::array();
  for (const RanksForecast& f : all) {
    Json steps = Json::array();
    for (std::size_t i = 0; i < links_.size(); ++i)
      steps.push_back({{"link", links_[i].name},
                       {"bytes_per_second", links_[i].bytes_per_second},
                       {"seconds", f.seconds[i]},
                       {"efficiency", efficiency(all.front(), f, i)}});
    out.push_back({{"ranks", f.ranks},
                   {"memory_bytes", f.memory},
                   {"sent_bytes", f.exchanged},
                   {"steps", steps}});
  }
  return out;
}

}  // namespace tinyzero
