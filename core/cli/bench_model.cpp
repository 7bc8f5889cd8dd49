// bench rollout · train · step: tokens a second of the engine, the update and both, as shares of
// what this machine can do, measured in the same run; with --peers beside the same model in
// LibTorch alone.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/bench/ceilings.h"
#include "core/bench/measure.h"
#include "core/bench/workload.h"
#include "core/cli/interrupt.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/kernels/kernels.h"
#include "core/learn/model_workers.h"
#include "core/learn/update.h"
#include "core/rollout/cpu/engine.h"
#include "core/rollout/episodes.h"
#include "core/run/manifest.h"
#include "core/transformer/plain_torch.h"
#include "core/transformer/profile.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string thousands(double rate) {
  return rate < 1e4 ? fmt::format("{:.2f}k", rate / 1e3) : fmt::format("{:.1f}k", rate / 1e3);
}

// Everything that one benchmark measured, to print or to write as JSON.
struct Result {
  std::string what, model;
  std::int64_t parameters = 0;
  Ceilings ceilings;  // measured after the work, whose memory theirs must not hide
  std::int64_t threads = 1;
  double memory = 0;  // peak, bytes
  Workload workload;
  double tokens = 0, flops = 0;  // of one round
  std::vector<double> seconds;
  Rounds rounds;
  DecodeStatistics decoding;                           // of a round that kept account
  std::vector<std::pair<std::string, double>> phases;  // seconds of all threads
  struct Peer {
    std::string name;
    Spread tokens, ratio;  // tokens a second, and how many times faster this program is
  };
  std::vector<Peer> peers;

  Spread rate() const {
    std::vector<double> rates;
    for (const double s : seconds) rates.push_back(tokens / s);
    return spread_of(rates);
  }
  // Of the multiply-add roof around each round.
  Spread shares() const {
    std::vector<double> values;
    for (std::size_t i = 0; i < seconds.size(); ++i)
      values.push_back(flops / seconds[i] / 1e9 / rounds.roofs.front()[i]);
    return spread_of(values);
  }
};

Json result_json(const Result& r) {
  const Workload& w = r.workload;
  Json phases = Json::object(), peers = Json::array();
  double all = 0;
  for (const auto& phase : r.phases) all += phase.second;
  for (const auto& [name, seconds] : r.phases) phases[name] = seconds / all;
  for (const Result::Peer& peer : r.peers)
    peers.push_back({{"name", peer.name},
                     {"tokens_per_second", spread_json(peer.tokens)},
                     {"ratio", spread_json(peer.ratio)}});
  Json out = {{"bench", r.what},
              {"machine", machine_json()},
              {"model", r.model},
              {"parameters", r.parameters},
              {"ceilings", ceilings_json(r.ceilings)},
              {"workload",
               {{"prompts", w.prompts},
                {"samples", w.samples},
                {"prompt_tokens", w.prompt_tokens},
                {"mean_tokens", w.mean_tokens},
                {"max_tokens", w.max_tokens}}},
              {"seconds", spread_json(spread_of(r.seconds))},
              {"tokens_per_second", spread_json(r.rate())},
              {"roof_gflops", spread_json(spread_of(r.rounds.roofs.front()))},
              {"share_of_roof", spread_json(r.shares())},
              {"time", phases},
              {"peers", peers},
              {"rounds", r.seconds.size()},
              {"disturbed_rounds", r.rounds.disturbed},
              {"foreign_load", r.rounds.foreign},
              {"peak_memory_mb", r.memory / 1e6}};
  if (r.decoding.slot_use > 0) out["slot_use"] = r.decoding.slot_use;
  return out;
}

void print_result(const Result& r) {
  const Workload& w = r.workload;
  const Ceilings& c = r.ceilings;
  const Spread rate = r.rate(), share = r.shares(), seconds = spread_of(r.seconds);
  print("{} · {} ({:.1f}M weights) · {} kernels · {} threads\n", r.what, r.model,
        static_cast<double>(r.parameters) / 1e6, c.kernels, c.threads);
  print(
      "  ceilings   multiply-add {:.0f} GFLOP/s · product {:.0f} · reading L2 {:.0f} GB/s, L3 "
      "{:.0f}, memory {:.0f}\n",
      c.multiply_add, c.matmul, c.read_l2, c.read_l3, c.read_memory);
  print("  work       {} x {} completions, prompt {}, length {} in the mean, at most {}\n",
        w.prompts, w.samples, w.prompt_tokens, w.mean_tokens, w.max_tokens);
  print("  tokens/s   {:<9} [{}, {}] · {:.2f} s a round, {} rounds\n", thousands(rate.median),
        thousands(rate.lowest), thousands(rate.highest), seconds.median, r.seconds.size());
  const Spread roof = spread_of(r.rounds.roofs.front());
  print(
      "  of roof    {:<9} [{:.1f}, {:.1f}] · multiply-add around the rounds {:.0f} GFLOP/s "
      "[{:.0f}, {:.0f}]\n",
      fmt::format("{:.1f} %", 100 * share.median), 100 * share.lowest, 100 * share.highest,
      roof.median, roof.lowest, roof.highest);
  double all = 0;
  for (const auto& phase : r.phases) all += phase.second;
  std::string split;
  for (const auto& [name, time] : r.phases)
    split += fmt::format("{}{} {:.1f} %", split.empty() ? "" : " · ", name, 100 * time / all);
  if (!split.empty()) print("  time       {}\n", split);
  if (r.decoding.slot_use > 0) print("  slots      {:.1f} % in use\n", 100 * r.decoding.slot_use);
  print("  memory     {:.0f} MB at most\n", r.memory / 1e6);
  for (const Result::Peer& p : r.peers)
    print("  {:<28} {:>7} tokens/s · this program {:.1f} x [{:.1f}, {:.1f}]\n", p.name,
          thousands(p.tokens.median), p.ratio.median, p.ratio.lowest, p.ratio.highest);
  if (r.rounds.foreign > kMostForeign)
    print(
        "  disturbed: other processes used {:.0f} % of the machine in a round that counts; measure "
        "again when it is idle\n",
        100 * r.rounds.foreign);
}

// Prompts and completions of random tokens, of the workload's lengths, as a step's batch.
StepBatch random_step(const std::vector<Prompt>& prompts, const std::vector<std::int64_t>& lengths,
                      std::int64_t vocab, std::int64_t max_tokens) {
  Rng rng(3);
  std::vector<ScoredCompletion> completions;
  std::size_t next = 0;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    for (std::int64_t s = 0; s < prompts[p].samples; ++s, ++next) {
      ScoredCompletion c;
      c.item = p;
      c.episode.prompt = static_cast<std::int64_t>(p);
      c.episode.sample = s;
      for (std::int64_t t = 0; t < lengths[next]; ++t) {
        c.episode.tokens.push_back(static_cast<std::int32_t>(rng.between(0, vocab - 1)));
        c.episode.logp.push_back(-std::log(static_cast<float>(vocab)));
      }
      c.verdict.reward = rng.uniform();
      completions.push_back(std::move(c));
    }
  }
  return make_batch(prompts, completions, max_tokens, {});
}

// A clipped policy gradient, as GRPO's family has it, with rewards as advantages: every episode has
// a gradient.
at::Tensor policy_loss(const Batch& micro, const at::Tensor& logp) {
  const at::Tensor ratio = (logp - micro.logp_old).clamp(-20, 20).exp(),
                   advantage = micro.reward.index_select(0, micro.episode).to(at::kFloat);
  return -at::min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mul(micro.mask).sum() /
         micro.all.tokens;
}

struct Update {
  ModelWorkers workers;
  Optimizer optimizer;
  StepBatch step;
  UpdateOptions options;

  Update(Model& model, StepBatch batch, std::int64_t threads)
      : workers(model, threads),
        optimizer(workers.weights(), {.threads = threads}),
        step(std::move(batch)) {
    options.learning_rate = 1e-5;
    options.measure_gap = false;
  }
  double run() {
    const auto start = Clock::now();
    const auto loss = [](std::int64_t, const Batch& micro, const ModelOutput& out, Metrics&) {
      return policy_loss(micro, out.logp);
    };
    update_model(workers, optimizer, loss, {step.batch, step.sequences, step.batch.usable},
                 options);
    return since(start);
  }
};

// Seconds of all threads in one more update, by what they did.
std::vector<std::pair<std::string, double>> update_phases(Update& update) {
  profile_operators(true);
  const double all = update.run() * static_cast<double>(update.workers.count());
  const OperatorTimes t = operator_times();
  profile_operators(false);
  return {{"products", t.products},
          {"attention", t.attention},
          {"norms and gates", t.norms_and_gates},
          {"head and loss of tokens", t.distribution},
          {"rest and waiting",
           std::max(0.0, all - t.products - t.attention - t.norms_and_gates - t.distribution)}};
}

std::vector<std::pair<std::string, double>> rollout_phases(const DecodeStatistics& s) {
  return {{"products", s.products},
          {"attention", s.attention},
          {"norms and gates", s.rest},
          {"sampling", s.sampling},
          {"waiting", s.waiting}};
}

void add_peers(Result& r, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& theirs = r.rounds.seconds[i + 1];
    std::vector<double> rates;
    for (const double s : theirs) rates.push_back(r.tokens / s);
    r.peers.push_back({names[i], spread_of(rates), ratio_of(theirs, r.seconds)});
  }
}

Result begin(const std::string& what, const BenchOptions& o, const Model& model,
             std::int64_t threads) {
  Result r;
  r.what = what;
  r.model = o.workload.model;
  r.parameters = model.config.parameters();
  r.workload = o.workload;
  r.threads = threads;
  return r;
}

std::function<double()> roof_of(const Result& r) {
  return [threads = r.threads] { return multiply_add_roof(kernels(), threads); };
}

Result bench_rollout(const BenchOptions& o) {
  const Model model = bench_model(o.workload);
  const std::vector<Prompt> prompts = bench_prompts(o.workload, model.config.vocab);
  const std::vector<std::int64_t> lengths = bench_lengths(o.workload);
  CpuEngine engine(model, {o.threads, o.wave, ""});
  Result r = begin("rollout", o, model, engine.threads());
  Sampling sampling;
  sampling.max_tokens = o.workload.max_tokens;
  sampling.lengths = lengths;
  r.tokens = static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  r.flops = decode_flops(model.config, o.workload, lengths);
  at::set_num_threads(static_cast<int>(engine.threads()));
  std::vector<std::function<double()>> works = {[&] {
    const auto start = Clock::now();
    engine.generate(prompts, sampling);
    return since(start);
  }};
  std::vector<std::string> names;
  std::vector<std::unique_ptr<PlainTorch>> peers;
  if (o.peers) {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      PlainTorch& peer = *peers.emplace_back(std::make_unique<PlainTorch>(model, type, false));
      const auto decode = [&peer, &prompts, &lengths](std::int64_t batch) {
        const auto start = Clock::now();
        peer.decode(prompts, lengths, batch, 1);
        return since(start);
      };
      std::int64_t best = 0;
      double least = std::numeric_limits<double>::infinity();
      for (const std::int64_t batch : {64, 128, 256, 512}) {
        const double seconds = decode(batch);
        if (seconds < least) {
          least = seconds;
          best = batch;
        }
      }
      names.push_back(
          fmt::format("LibTorch {}, batch {}", type == at::kFloat ? "f32" : "bf16", best));
      works.push_back([decode, best] { return decode(best); });
    }
  }
  r.rounds = take_turns(o.rounds, works, roof_of(r));
  r.seconds = r.rounds.seconds.front();
  add_peers(r, names);
  CpuEngine accounting(model, {o.threads, o.wave, "", true});
  accounting.generate(prompts, sampling);
  r.decoding = accounting.statistics();
  r.phases = rollout_phases(r.decoding);
  return r;
}

Result bench_train(const BenchOptions& o) {
  Model model = bench_model(o.workload);
  const std::vector<std::int64_t> lengths = bench_lengths(o.workload);
  const std::int64_t threads = threads_or_cores(o.threads);
  Result r = begin("train", o, model, threads);
  Update update(model,
                random_step(bench_prompts(o.workload, model.config.vocab), lengths,
                            model.config.vocab, o.workload.max_tokens),
                threads);
  r.flops = train_flops(model.config, o.workload, lengths);
  for (const Sequence& sequence : update.step.sequences) r.tokens += sequence.ids.size() - 1;
  std::vector<std::function<double()>> works = {[&] { return update.run(); }};
  std::vector<std::string> names;
  std::vector<std::unique_ptr<PlainTorch>> peers;
  std::vector<std::vector<std::int32_t>> sequences;
  if (o.peers) {
    for (const Sequence& sequence : update.step.sequences) sequences.push_back(sequence.ids);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      PlainTorch& peer = *peers.emplace_back(std::make_unique<PlainTorch>(model, type, true));
      names.push_back(type == at::kFloat ? "LibTorch f32" : "LibTorch autocast bf16");
      works.push_back([&peer, &sequences, &o, threads] {
        at::set_num_threads(static_cast<int>(threads));
        const auto start = Clock::now();
        peer.train(sequences, o.workload.prompt_tokens, 4096);
        return since(start);
      });
    }
  }
  r.rounds = take_turns(o.rounds, works, roof_of(r));
  r.seconds = r.rounds.seconds.front();
  add_peers(r, names);
  r.phases = update_phases(update);
  return r;
}

Result bench_step(const BenchOptions& o) {
  Model model = bench_model(o.workload);
  const std::vector<Prompt> prompts = bench_prompts(o.workload, model.config.vocab);
  const std::vector<std::int64_t> lengths = bench_lengths(o.workload);
  CpuEngine engine(model, {o.threads, o.wave, ""});
  Result r = begin("step", o, model, engine.threads());
  Update update(model, random_step(prompts, lengths, model.config.vocab, o.workload.max_tokens),
                engine.threads());
  Sampling sampling;
  sampling.max_tokens = o.workload.max_tokens;
  sampling.lengths = lengths;
  r.tokens = static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  r.flops = decode_flops(model.config, o.workload, lengths) +
            train_flops(model.config, o.workload, lengths);
  double rolling = 0, updating = 0;
  r.rounds = take_turns(o.rounds, {[&] {
                          const auto start = Clock::now();
                          engine.generate(prompts, sampling);
                          const double rollout = since(start);
                          update.run();
                          engine.refresh();
                          rolling += rollout;
                          updating += since(start) - rollout;
                          return since(start);
                        }},
                        roof_of(r));
  r.seconds = r.rounds.seconds.front();
  r.phases = {{"rollout", rolling}, {"update", updating}};
  if (!o.profile) return r;
  CpuEngine accounting(model, {o.threads, o.wave, "", true});
  accounting.generate(prompts, sampling);
  const DecodeStatistics& s = accounting.statistics();
  const double rollout = s.products + s.attention + s.rest + s.sampling + s.waiting;
  r.phases.clear();
  for (const auto& [name, time] : rollout_phases(s))
    r.phases.push_back({"rollout: " + name, rolling * time / rollout});
  const auto parts = update_phases(update);
  double whole = 0;
  for (const auto& part : parts) whole += part.second;
  for (const auto& [name, time] : parts)
    r.phases.push_back({"update: " + name, updating * time / whole});
  return r;
}

}  // namespace

int bench_command(const GlobalOptions&, const BenchOptions& options) {
  end_at_interrupt();
  const std::pair<const char*, Result (*)(const BenchOptions&)> kBenches[] = {
      {"rollout", bench_rollout}, {"train", bench_train}, {"step", bench_step}};
  use_kernels(kernels_for(options.precision));
  for (const auto& [name, bench] : kBenches) {
    if (!options.what.empty() && options.what != name) continue;
    Result result = bench(options);
    result.memory = static_cast<double>(peak_memory());
    result.ceilings = measure_ceilings(kernels(), result.threads);
    if (options.json) print_json(result_json(result));
    else print_result(result);
    flush_output();
  }
  return 0;
}

}  // namespace tinyzero
