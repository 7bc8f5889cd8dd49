#include "core/cli/delegated/bench.h"

#include "core/cli/option_checks.h"

namespace tinyzero {
namespace {

constexpr double kMostTokens = 1 << 20;

void add_count(CLI::App& c, const char* name, std::int64_t& count, const char* help) {
  c.add_option(name, count, help)->capture_default_str()->check(between(1, kMostTokens));
}

void add_model(CLI::App& c, BenchOptions& o) {
  c.add_option("--model", o.workload.model, "1M, 5M, 30M, or a Hugging Face folder")
      ->capture_default_str();
}

void add_rounds(CLI::App& c, BenchOptions& o) {
  c.add_option("--rounds", o.rounds, "number of measured rounds")
      ->capture_default_str()
      ->check(between(1, 1000));
}

void add_workload(CLI::App& c, Workload& w) {
  add_count(c, "--prompts", w.prompts, "problems of a round");
  add_count(c, "--samples", w.samples, "completions of a problem");
  add_count(c, "--prompt-tokens", w.prompt_tokens, "length of a prompt");
  add_count(c, "--mean-tokens", w.mean_tokens, "mean length of a completion");
  add_count(c, "--max-tokens", w.max_tokens, "longest completion");
}

void add_machine(CLI::App& c, BenchOptions& o) {
  c.add_option("--threads", o.threads, "0: as many as affinity and CPU quota allow")
      ->capture_default_str()
      ->check(between(0, 1024));
  c.add_option("--precision", o.precision,
               "auto, f32 or bf16; the environment's TINYZERO_CPU names the kernels")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "f32", "bf16"}));
  if (o.what != "train")
    c.add_option("--wave", o.wave, "sequences a thread decodes at once; 0: chosen")
        ->capture_default_str()
        ->check(between(0, 4096));
}

void add_model_bench(const Commands& bench, const char* name, const char* help) {
  bench.add<BenchOptions>(name, help, run_bench, [name](CLI::App& c, BenchOptions& o) {
    o.what = name;
    if (o.what == "step")
      o.workload = {.model = "5M",
                    .prompts = 64,
                    .samples = 8,
                    .prompt_tokens = 40,
                    .mean_tokens = 100,
                    .max_tokens = 100};
    add_model(c, o);
    add_workload(c, o.workload);
    add_rounds(c, o);
    add_machine(c, o);
    if (o.what == "step")
      c.add_flag("--profile", o.profile, "profile a step: say where its time goes");
    else c.add_flag("--peers", o.peers, "also measure the same model in LibTorch alone");
    c.add_flag("--json", o.json, kJsonHelp);
  });
}

}  // namespace

Commands add_bench(const Commands& commands) {
  const Commands bench = commands.add<BenchOptions>(
      "bench",
      "Measure speed against the machine's limits: rollout, train, step (without a name "
      "these three), verify, start",
      run_bench, [](CLI::App& c, BenchOptions& o) {
        c.require_subcommand(0, 1);
        add_model(c, o);
        add_rounds(c, o);
        c.add_flag("--json", o.json, kJsonHelp);
      });
  add_model_bench(bench, "rollout", "How fast the engine samples");
  add_model_bench(bench, "train", "How fast an update learns");
  add_model_bench(bench, "step", "How fast a whole step of RL is: rollout and update");
  return bench;
}

}  // namespace tinyzero
