// bench rollout, train and step: tokens per second of the engine, of an update and of both, as
// shares of what this machine can do, measured in the same run. --peers also measures the same
// model in LibTorch alone.

#include "core/cli/delegated/bench.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <functional>
#include <limits>
#include <memory>
#include <numeric>

#include "core/base/clock.h"
#include "core/base/cpus.h"
#include "core/base/memory.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"
#include "core/cli/torch/bench_result.h"
#include "core/cli/torch/bench_update.h"
#include "core/kernels/kernels.h"
#include "core/rollout/cpu/engine.h"
#include "core/transformer/plain_torch.h"

namespace tinyzero {
namespace {

using Work = std::function<double()>;  // returns the seconds of what it measures

constexpr at::ScalarType kPeerTypes[] = {at::kFloat, at::kBFloat16};
constexpr std::int64_t kPeerMicroBatch = 4096;  // tokens

// Implementations that take turns with this program.
struct Peers {
  std::vector<std::unique_ptr<PlainTorch>> models;
  std::vector<std::string> names;
  std::vector<Work> works;
};

// A model and work for it, as all three benchmarks have them.
struct Setting {
  Model model;
  std::vector<std::int64_t> lengths;  // of the completions
  std::vector<Prompt> prompts;
  Sampling sampling;

  explicit Setting(const Workload& workload)
      : model(bench_model(workload)),
        lengths(bench_lengths(workload)),
        prompts(bench_prompts(workload, model.config.vocab, lengths)) {
    sampling.max_tokens = workload.max_tokens;
  }
  double sampled_tokens() const {
    return static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  }
};

double timed(const std::function<void()>& work) {
  const Stopwatch watch;
  work();
  return watch.seconds();
}

BenchResult begin(const std::string& what, const BenchOptions& options, const Model& model,
                  std::int64_t threads) {
  BenchResult r;
  r.what = what;
  r.parameters = model.config.parameters();
  r.workload = options.workload;
  r.threads = threads;
  return r;
}

void take_rounds(BenchResult& r, const BenchOptions& options, const Work& own, const Peers& peers) {
  std::vector<Work> works = {own};
  works.insert(works.end(), peers.works.begin(), peers.works.end());
  r.rounds = take_turns(options.rounds, works,
                        [threads = r.threads] { return multiply_add_roof(kernels(), threads); });
  add_peers(r, peers.names);
}

CpuEngineOptions engine_options(const BenchOptions& options, bool profile = false) {
  return {.threads = options.threads, .wave = options.wave, .profile = profile};
}

// Statistics of one more round of sampling, which is profiled.
DecodeStatistics profiled_rollout(const Setting& setting, const BenchOptions& options) {
  CpuEngine engine(setting.model, engine_options(options, /*profile=*/true));
  engine.generate(setting.prompts, setting.sampling);
  return engine.statistics();
}

PhaseTimes rollout_phases(const DecodeTimes& t) {
  return {{"products", t.products},
          {"attention", t.attention},
          {"norms and gates", t.norms_and_gates},
          {"sampling", t.sampling},
          {"waiting", t.waiting}};
}

// The batch size at which a model in LibTorch alone decodes fastest.
std::int64_t fastest_batch(const std::function<double(std::int64_t)>& decode) {
  std::int64_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (const std::int64_t batch : {64, 128, 256, 512}) {
    const double seconds = decode(batch);
    if (seconds >= least) continue;
    least = seconds;
    best = batch;
  }
  return best;
}

// `setting` must outlive the peers.
Peers rollout_peers(const Setting& setting) {
  Peers peers;
  for (const at::ScalarType type : kPeerTypes) {
    PlainTorch& peer = *peers.models.emplace_back(
        std::make_unique<PlainTorch>(setting.model, type, /*trainable=*/false));
    const auto decode = [&peer, &setting](std::int64_t batch) {
      return timed([&] { peer.decode(setting.prompts, setting.lengths, batch, 1); });
    };
    const std::int64_t batch = fastest_batch(decode);
    peers.names.push_back(
        fmt::format("LibTorch {}, batch {}", type == at::kFloat ? "f32" : "bf16", batch));
    peers.works.push_back([decode, batch] { return decode(batch); });
  }
  return peers;
}

BenchResult bench_rollout(const BenchOptions& o) {
  const Setting setting(o.workload);
  CpuEngine engine(setting.model, engine_options(o));
  BenchResult r = begin("rollout", o, setting.model, engine.threads());
  r.tokens = setting.sampled_tokens();
  r.flops = decode_flops(setting.model.config, o.workload, setting.lengths);
  at::set_num_threads(static_cast<int>(engine.threads()));
  const Peers peers = o.peers ? rollout_peers(setting) : Peers();
  const Work sample = [&] {
    return timed([&] { engine.generate(setting.prompts, setting.sampling); });
  };
  take_rounds(r, o, sample, peers);
  const DecodeStatistics profiled = profiled_rollout(setting, o);
  r.slot_use = profiled.slot_use;
  r.phases = rollout_phases(profiled.times);
  return r;
}

Peers train_peers(const Model& model, const StepBatch& step, const BenchOptions& o,
                  std::int64_t threads) {
  Peers peers;
  std::vector<std::vector<std::int32_t>> sequences;
  for (const Sequence& sequence : step.sequences) sequences.push_back(sequence.ids);
  for (const at::ScalarType type : kPeerTypes) {
    PlainTorch& peer =
        *peers.models.emplace_back(std::make_unique<PlainTorch>(model, type, /*trainable=*/true));
    peers.names.push_back(type == at::kFloat ? "LibTorch f32" : "LibTorch autocast bf16");
    peers.works.push_back([&peer, sequences, threads, prompt_tokens = o.workload.prompt_tokens] {
      at::set_num_threads(static_cast<int>(threads));
      return timed([&] { peer.train(sequences, prompt_tokens, kPeerMicroBatch); });
    });
  }
  return peers;
}

BenchResult bench_train(const BenchOptions& o) {
  Setting setting(o.workload);
  const ModelConfig& config = setting.model.config;
  const std::int64_t threads = threads_or_cores(o.threads);
  BenchResult r = begin("train", o, setting.model, threads);
  BenchUpdate update(
      setting.model,
      random_step(setting.prompts, setting.lengths, config.vocab, o.workload.max_tokens), threads);
  r.flops = train_flops(config, o.workload, setting.lengths);
  for (const Sequence& sequence : update.step().sequences)
    r.tokens += static_cast<double>(sequence.ids.size() - 1);
  const Peers peers = o.peers ? train_peers(setting.model, update.step(), o, threads) : Peers();
  take_rounds(r, o, [&] { return update.run(); }, peers);
  r.phases = update.profile();
  return r;
}

// Spreads `seconds` over the phases, in proportion to their times.
void add_phases(const std::string& name, double seconds, const PhaseTimes& phases,
                PhaseTimes& out) {
  double all = 0;
  for (const auto& [phase, time] : phases) all += time;
  for (const auto& [phase, time] : phases) out.push_back({name + phase, seconds * time / all});
}

BenchResult bench_step(const BenchOptions& o) {
  Setting setting(o.workload);
  const ModelConfig& config = setting.model.config;
  CpuEngine engine(setting.model, engine_options(o));
  BenchResult r = begin("step", o, setting.model, engine.threads());
  BenchUpdate update(
      setting.model,
      random_step(setting.prompts, setting.lengths, config.vocab, o.workload.max_tokens),
      engine.threads());
  r.tokens = setting.sampled_tokens();
  r.flops = decode_flops(config, o.workload, setting.lengths) +
            train_flops(config, o.workload, setting.lengths);
  double sampling = 0;  // seconds of all rounds
  double updating = 0;
  const Work step = [&] {
    const double rollout = timed([&] { engine.generate(setting.prompts, setting.sampling); });
    const double learning = timed([&] {
      update.run();
      engine.refresh();
    });
    sampling += rollout;
    updating += learning;
    return rollout + learning;
  };
  take_rounds(r, o, step, {});
  r.phases = {{"rollout", sampling}, {"update", updating}};
  if (!o.profile) return r;
  r.phases.clear();
  add_phases("rollout: ", sampling, rollout_phases(profiled_rollout(setting, o).times), r.phases);
  add_phases("update: ", updating, update.profile(), r.phases);
  return r;
}

}  // namespace

int run_bench(const GlobalOptions&, const BenchOptions& options) {
  end_at_interrupt();
  const std::pair<const char*, BenchResult (*)(const BenchOptions&)> kBenches[] = {
      {"rollout", bench_rollout}, {"train", bench_train}, {"step", bench_step}};
  use_kernels(kernels_for(options.precision));
  for (const auto& [name, bench] : kBenches) {
    if (!options.what.empty() && options.what != name) continue;
    BenchResult result = bench(options);
    result.memory = static_cast<double>(peak_memory());
    result.ceilings = measure_ceilings(kernels(), result.threads);
    if (options.json) print_json(result_json(result));
    else print("{}", result_text(result));
    flush_output();
  }
  return 0;
}

}  // namespace tinyzero
