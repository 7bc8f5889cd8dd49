#include "core/cli/torch/bench_result.h"

#include <fmt/format.h>

#include "core/run/manifest.h"

namespace tinyzero {
namespace {

std::string thousands(double rate) {
  return rate < 1e4 ? fmt::format("{:.2f}k", rate / 1e3) : fmt::format("{:.1f}k", rate / 1e3);
}

double total_time(const PhaseTimes& phases) {
  double all = 0;
  for (const auto& [name, seconds] : phases) all += seconds;
  return all;
}

// The machine and the work.
std::string setting_text(const BenchResult& r) {
  const Workload& w = r.workload;
  const Ceilings& c = r.ceilings;
  std::string out =
      fmt::format("{} · {} ({:.1f}M weights) · {} kernels · {} threads\n", r.what, w.model,
                  static_cast<double>(r.parameters) / 1e6, c.kernels, c.threads);
  out += fmt::format(
      "  ceilings   multiply-add {:.0f} GFLOP/s · product {:.0f} · reading L2 {:.0f} GB/s, L3 "
      "{:.0f}, memory {:.0f}\n",
      c.multiply_add, c.matmul, c.read_l2, c.read_l3, c.read_memory);
  return out +
         fmt::format(
             "  work       {} x {} completions, prompt {}, length {} in the mean, at most {}\n",
             w.prompts, w.samples, w.prompt_tokens, w.mean_tokens, w.max_tokens);
}

std::string speed_text(const BenchResult& r) {
  const Spread rate = r.rate();
  const Spread share = r.efficiency();
  const Spread roof = spread_of(r.rounds.roofs.front());
  return fmt::format("  tokens/s   {:<9} [{}, {}] · {:.2f} s a round, {} rounds\n",
                     thousands(rate.median), thousands(rate.lowest), thousands(rate.highest),
                     spread_of(r.seconds()).median, r.seconds().size()) +
         fmt::format(
             "  efficiency {:<9} [{:.1f}, {:.1f}] · multiply-add around the rounds {:.0f} GFLOP/s "
             "[{:.0f}, {:.0f}]\n",
             fmt::format("{:.1f} %", 100 * share.median), 100 * share.lowest, 100 * share.highest,
             roof.median, roof.lowest, roof.highest);
}

// "" if no round was profiled.
std::string phases_text(const PhaseTimes& phases) {
  const double all = total_time(phases);
  std::string split;
  for (const auto& [name, time] : phases)
    split += fmt::format("{}{} {:.1f} %", split.empty() ? "" : " · ", name, 100 * time / all);
  return split.empty() ? "" : fmt::format("  time       {}\n", split);
}

std::string peers_text(const std::vector<BenchPeer>& peers) {
  std::string out;
  for (const BenchPeer& p : peers)
    out += fmt::format("  {:<28} {:>7} tokens/s · this program {:.1f} x [{:.1f}, {:.1f}]\n", p.name,
                       thousands(p.tokens.median), p.ratio.median, p.ratio.lowest, p.ratio.highest);
  return out;
}

Json peers_json(const std::vector<BenchPeer>& peers) {
  Json out = Json::array();
  for (const BenchPeer& peer : peers)
    out.push_back({{"name", peer.name},
                   {"tokens_per_second", spread_json(peer.tokens)},
                   {"ratio", spread_json(peer.ratio)}});
  return out;
}

Json phases_json(const PhaseTimes& phases) {
  Json out = Json::object();
  const double all = total_time(phases);
  for (const auto& [name, seconds] : phases) out[name] = seconds / all;
  return out;
}

}  // namespace

Spread BenchResult::rate() const {
  std::vector<double> rates;
  for (const double s : seconds()) rates.push_back(tokens / s);
  return spread_of(rates);
}

Spread BenchResult::efficiency() const {
  std::vector<double> values;
  for (std::size_t i = 0; i < seconds().size(); ++i)
    values.push_back(flops / seconds()[i] / 1e9 / rounds.roofs.front()[i]);
  return spread_of(values);
}

void add_peers(BenchResult& result, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& theirs = result.rounds.seconds[i + 1];
    std::vector<double> rates;
    for (const double s : theirs) rates.push_back(result.tokens / s);
    result.peers.push_back({.name = names[i],
                            .tokens = spread_of(rates),
                            .ratio = ratio_of(theirs, result.seconds())});
  }
}

std::string result_text(const BenchResult& r) {
  std::string out = setting_text(r) + speed_text(r) + phases_text(r.phases);
  if (r.slot_use > 0) out += fmt::format("  slots      {:.1f} % in use\n", 100 * r.slot_use);
  out += fmt::format("  memory     {:.0f} MB at most\n", r.memory / 1e6);
  out += peers_text(r.peers);
  if (r.rounds.foreign > kMostForeign)
    out += fmt::format(
        "  disturbed: other processes used {:.0f} % of the machine in a round that counts; measure "
        "again when it is idle\n",
        100 * r.rounds.foreign);
  return out;
}

Json result_json(const BenchResult& r) {
  const Workload& w = r.workload;
  Json out = {{"bench", r.what},
              {"machine", machine_json()},
              {"model", w.model},
              {"parameters", r.parameters},
              {"ceilings", ceilings_json(r.ceilings)},
              {"workload",
               {{"prompts", w.prompts},
                {"samples", w.samples},
                {"prompt_tokens", w.prompt_tokens},
                {"mean_tokens", w.mean_tokens},
                {"max_tokens", w.max_tokens}}},
              {"seconds", spread_json(spread_of(r.seconds()))},
              {"tokens_per_second", spread_json(r.rate())},
              {"roof_gflops", spread_json(spread_of(r.rounds.roofs.front()))},
              {"share_of_roof", spread_json(r.efficiency())},
              {"time", phases_json(r.phases)},
              {"peers", peers_json(r.peers)},
              {"rounds", r.seconds().size()},
              {"disturbed_rounds", r.rounds.disturbed},
              {"foreign_load", r.rounds.foreign},
              {"peak_memory_mb", r.memory / 1e6}};
  if (r.slot_use > 0) out["slot_use"] = r.slot_use;
  return out;
}

}  // namespace tinyzero
