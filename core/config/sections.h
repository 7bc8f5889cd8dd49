// The settings of a run, one struct per section of an experiment file.
//
// Each struct describes its fields once (tinyzero/settings.h): parsing, ranges, help, the JSON
// schema and the reference in docs/experiments.md follow from that. The sections `task` and
// `algorithm` are not here: their settings come from the plugins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tinyzero/settings.h"

namespace tinyzero {

struct GeneralSettings {
  std::int64_t seed = 1;
  std::int64_t threads = 0;  // 0 in a file; a loaded experiment holds the number
  std::string precision = "auto";
  void describe(SettingsTable& t);
};

struct ModelSettings {
  std::string preset = "tiny";
  std::string path;
  std::string tokenizer = "numbers";
  std::string prompt_template = "auto";
  std::int64_t layers = 0;
  std::int64_t width = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t mlp = 0;
  std::int64_t context = 0;
  void describe(SettingsTable& t);
};

struct LoraSettings {
  std::int64_t rank = 0;
  double alpha = 16;
  std::vector<std::string> targets = {"q", "k", "v", "o", "gate", "up", "down"};
  bool auxiliary_models = false;
  void describe(SettingsTable& t);
};

struct WarmStartSettings {
  std::int64_t steps = 0;
  std::int64_t batch = 32;
  std::string optimizer = "muon";
  double learning_rate = 3e-3;
  void describe(SettingsTable& t);
};

struct RolloutSettings {
  std::int64_t prompts = 64;
  std::int64_t samples = 8;
  std::int64_t max_tokens = 160;
  std::int64_t first_tokens = 0;
  std::int64_t growth_steps = 100;
  double temperature = 1.0;
  std::int64_t wave = 0;
  std::string device = "cpu";
  std::int64_t mixed_rounds = 0;
  std::int64_t ahead = 0;
  void describe(SettingsTable& t);

  // Longest completion of a step of RL, from 1.
  std::int64_t tokens_at(std::int64_t step) const;
};

struct CurriculumSettings {
  std::int64_t window = 4;
  double raise_at = 0.7;
  double lower_at = 0;
  double review = 0.2;
  void describe(SettingsTable& t);
};

// What one step of RL charges to a budget.
struct StepCost {
  double tokens = 0;
  double seconds = 0;
};

struct TrainSettings {
  std::int64_t steps = 200;
  double budget_tokens = 0;
  double budget_seconds = 0;
  double random_reward = 0;
  bool imitate = false;
  std::int64_t updates = 1;
  std::int64_t epochs = 1;
  std::string optimizer = "adamw";
  double learning_rate = 2e-4;
  std::string schedule = "constant";
  std::int64_t warmup = 0;
  double weight_decay = 0.0;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double clip_norm = 1.0;
  std::string optimizer_state = "f32";
  std::string weights = "f32";
  std::string device = "cpu";
  std::int64_t micro_batch = 1024;
  std::int64_t shards = 0;
  bool recompute = false;
  bool mask_truncated = false;
  double importance_cap = 0;
  std::string importance = "truncate";
  double importance_floor = 0;
  std::string importance_level = "token";
  double max_failed = 0.1;
  double max_logp_gap = 0.1;
  std::int64_t max_skipped = 10;
  void describe(SettingsTable& t);

  bool has_budget() const { return budget_tokens > 0 || budget_seconds > 0; }
  // Share of the budget used up by so many tokens and seconds; 0 without a budget.
  double budget_used(double tokens, double seconds) const;
  // Expected number of RL steps in the whole run, extrapolated from a run that has used this share
  // of its budget in `step` steps. At most `steps`, at least `step`.
  std::int64_t expected_steps(std::int64_t step, double used) const;
  // Number of RL steps before the first one if every step costs the same: the budget's steps,
  // rounded up, or `steps` if that is less or if the cost of a step is not known (0).
  std::int64_t planned_steps(const StepCost& per_step) const;

 private:
  void describe_length(SettingsTable& t);
  void describe_optimizer(SettingsTable& t);
  void describe_memory(SettingsTable& t);
  void describe_weights(SettingsTable& t);
  void describe_limits(SettingsTable& t);
};

struct EvalSettings {
  std::int64_t every = 20;
  std::int64_t points = 0;
  std::int64_t problems = 512;
  std::int64_t samples = 1;
  double temperature = 1.0;
  std::string split = "test";
  bool best_temperature = false;
  bool ask_again = false;
  void describe(SettingsTable& t);
};

struct CheckpointSettings {
  std::int64_t every = 20;
  std::int64_t keep = 2;
  bool keep_best = false;
  void describe(SettingsTable& t);
  // Steps of the warm start between checkpoints. Each takes about a tenth of the time of a step of
  // RL, so checkpoints are as far apart in time.
  std::int64_t every_warm_start() const { return 10 * every; }
};

struct PreflightSettings {
  // Largest number of completions per problem, whatever rollout.samples is.
  static constexpr std::int64_t kSamples = 16;

  std::int64_t problems = 16;
  double max_truncated = 0.9;
  void describe(SettingsTable& t);
};

struct Sections {
  GeneralSettings general;
  ModelSettings model;
  LoraSettings lora;
  WarmStartSettings warm_start;
  RolloutSettings rollout;
  CurriculumSettings curriculum;
  TrainSettings train;
  EvalSettings eval;
  CheckpointSettings checkpoint;
  PreflightSettings preflight;
};

struct SectionTable {
  std::string name;  // "" for the settings at the top of the file
  SettingsTable table;
};

// The tables of all sections, in the order of a file. They read and write the fields of `sections`,
// whose values at this moment are the defaults.
std::vector<SectionTable> section_tables(Sections& sections);

// The dotted keys of all settings: "seed", "train.steps".
const std::vector<std::string>& general_keys();

}  // namespace tinyzero
