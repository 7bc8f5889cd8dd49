// An experiment: the settings of a run, one struct a section.
//
// The sections `task` and `algorithm` hold `use: NAME` and the settings that the plugin declares;
// their tables come from the plugin, so they stay YAML here. Everything else is checked and typed.
// Words are plain: prompts a step, samples a prompt, updates a step; memory is divided into
// micro-batches by itself and never changes a result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/config/document.h"
#include "core/config/reader.h"
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
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, mlp = 0, context = 0;
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
  double temperature = 1.0;
  std::int64_t wave = 0;
  std::string device = "cpu";
  std::int64_t mixed_rounds = 0;
  void describe(SettingsTable& t);
};

struct CurriculumSettings {
  std::int64_t window = 4;
  double raise_at = 0.7, lower_at = 0;
  double review = 0.2;
  void describe(SettingsTable& t);
};

struct TrainSettings {
  std::int64_t steps = 200;
  double budget_tokens = 0, budget_seconds = 0;
  double random_reward = 0;
  std::int64_t updates = 1;
  std::int64_t epochs = 1;
  std::string optimizer = "adamw";
  double learning_rate = 2e-4;
  std::string schedule = "constant";
  std::int64_t warmup = 0;
  double weight_decay = 0.0;
  double beta1 = 0.9, beta2 = 0.99;
  double clip_norm = 1.0;
  std::string optimizer_state = "f32";
  std::string weights = "f32";
  std::string device = "cpu";
  std::int64_t micro_batch = 1024;
  bool recompute = false;
  double importance_cap = 0;
  double max_failed = 0.1;
  double max_logp_gap = 0.1;
  std::int64_t max_skipped = 10;
  void describe(SettingsTable& t);
  bool has_budget() const { return budget_tokens > 0 || budget_seconds > 0; }
  // Share of the budget that so many tokens and seconds use up; 0: there is none.
  double budget_used(double tokens, double seconds) const;
  // Steps that RL will have taken, after `step` of them have used up this share of the budget.
  std::int64_t expected_steps(std::int64_t step, double used) const;
  // Steps of RL if each takes so many tokens and seconds.
  std::int64_t steps_of(double tokens, double seconds) const;
};

struct EvalSettings {
  std::int64_t every = 20;
  std::int64_t problems = 512;
  std::int64_t samples = 1;
  double temperature = 1.0;
  std::string split = "test";
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
  // Completions a problem, at most, however many rollout.samples there are.
  static constexpr std::int64_t kSamples = 16;

  std::int64_t problems = 16;
  double max_truncated = 0.9;
  void describe(SettingsTable& t);
};

// task.use of a mixture of tasks, which is no plugin.
inline constexpr const char* kMixture = "mix";

// A plugin by name and its settings as they stand in the YAML.
struct PluginChoice {
  std::string use;
  Node settings;  // a map that still holds `use`
};

// Whether `name` is the path of a plugin's library rather than an id: it has a '/' or ends in
// ".so".
bool is_plugin_path(const std::string& name);

// The plugin that `use: …` names: an id as it is, the path of a library whole.
std::string plugin_name(const Node& use);

struct Experiment {
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
  PluginChoice task, algorithm;
  std::vector<ResolvedSetting>
      resolved;      // of every section but task and algorithm; only settings that have an effect
  std::string name;  // the file's name without its ending

  // Where a setting was written; a place without a source if it is a default.
  Place place(const std::string& path) const;
  // The setting itself; null if it has no effect.
  const ResolvedSetting* find(const std::string& path) const;

  // Reads and checks a file with `overrides` ("key=value") on top. Throws Error, or Errors.
  static Experiment load(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides);
  static Experiment from_node(Node root, const std::string& name);
  // The same, but adds what is wrong to `mistakes`, and goes on as if it had not been written;
  // throws only where nothing could be made of the rest. `plugin_keys`: see synonyms.h.
  static Experiment from_node(Node root, const std::string& name, Mistakes& mistakes,
                              const std::vector<std::string>& plugin_keys = {});
};

// The YAML of a file with `overrides` on top. Overrides that are wrong are added to `mistakes`.
Node load_with_overrides(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides, Mistakes& mistakes);

// The tables of all sections with their defaults, in the order of a file: for help, schema and
// docs.
struct SectionTable {
  std::string name;  // "" for the settings at the top
  SettingsTable table;
};
std::vector<SectionTable> section_tables(Experiment& experiment);

// The whole experiment as YAML, every setting written out: what a run folder keeps as config.yaml.
std::string resolved_yaml(const std::vector<ResolvedSetting>& settings);

}  // namespace tinyzero
