// Every command of the program and its options: what `--help` shows, and what the commands receive.
//
// A command that needs LibTorch runs in the program tinyzero-train, which the program tinyzero
// starts in its own place: so help, tasks and sampling never wait for LibTorch to load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/bench/workload.h"

namespace CLI {
class App;
}

namespace tinyzero {

struct GlobalOptions {
  std::vector<std::string> arguments;  // of the whole command line, for starting tinyzero-train
  std::vector<std::filesystem::path> plugin_folders;  // --plugins
};

// What a command decodes with.
struct DecodeOptions {
  std::string device = "cpu",
              precision;  // precision: f32 or bf16; empty: f32, on the CPU what TINYZERO_CPU names
};

struct TrainOptions {
  std::string config, run, resume;
  std::vector<std::string> overrides;
  bool json = false, quiet = false, accept_changes = false;
  bool planned = false;  // by a comparison, which has checked its settings
};

struct WatchOptions {
  std::string run;
};

struct EpisodesOptions {
  std::string run;
  std::optional<std::string> reason, outcome, key;
  std::optional<std::int64_t> step, problem;
  std::int64_t worst = 0, best = 0, sample = 0;
  bool json = false;
};

struct CompareOptions {
  std::string config, run;
  std::vector<std::string> overrides;
  std::int64_t jobs = 1;
  bool json = false, accept_changes = false;
};

struct CompareTestOptions {
  std::string run;
};

struct EvalCommandOptions {
  std::vector<std::string> words;  // runs, model folders, and settings of the task
  std::string task, split = "test", set, prompt_template, save;
  std::int64_t problems = 512, samples = 1, max_tokens = 0;
  std::optional<std::int64_t> seed;
  double temperature = 1.0;
  bool greedy = false, no_greedy = false, json = false;
  DecodeOptions decode;
  // Of an endpoint.
  std::string endpoint, key_env, ca_file;
  std::vector<std::string> models, body;
  bool completions = false;
  std::int64_t concurrency = 8, requests_per_minute = 0, retries = 8;
  double timeout = 120, max_failed = 0.1;
};

struct PlayOptions {
  std::string task, model;
  std::int64_t seed = 1, max_tokens = 0, problems = 0;
  double temperature = 1.0;
  bool oracle = false;
  DecodeOptions decode;
  std::vector<std::string> settings;
};

struct TaskOptions {
  std::string name, split = "train";
  std::int64_t count = 1, seed = 1;
  std::vector<std::string> settings;
  bool json = false;
};

// Of `task check` and `algorithm check`.
struct CheckCommandOptions {
  std::string name;
  std::int64_t seed = 1;
  std::vector<std::string> settings, only;
  bool json = false;
};

struct NewOptions {
  std::string name;
};

struct BenchVerifyOptions {
  std::string task;
  std::vector<std::string> settings;
  double seconds = 2;
  bool json = false;
};

struct BenchOptions {
  std::string what;  // rollout, train, step; empty: all
  Workload workload;
  std::string precision = "auto";
  std::int64_t rounds = 5, threads = 0, wave = 0;
  bool peers = false, profile = false, json = false;
};

struct BenchStartOptions {
  std::int64_t rounds = 15;
  bool json = false;
};

struct AlgorithmOptions {
  std::string name, batch;
  std::vector<std::string> settings;
  bool json = false;
};

struct ReplayOptions {
  std::string run, algorithm, batch;
  std::int64_t step = 1, worst = 0;
  std::vector<std::string> settings;
  bool json = false;
};

struct ModelOptions {
  std::string folder, prompt;
  std::optional<std::string> system;  // none: no system message; an empty one is a message, too
  std::int64_t max_tokens = 256, seed = 1, top_k = 0;
  double temperature = 1.0, top_p = 1.0;
  bool ignore_eos = false, json = false;
  DecodeOptions decode;
};

struct ModelExportOptions {
  std::string folder, out, dtype, shard_size = "5GB";
  bool gguf = false;
};

struct ModelMergeOptions {
  std::string folder, adapter, out, dtype = "f32";
};

struct ConfigOptions {
  std::string config;
  std::vector<std::string> overrides;
  bool json = false;
};

struct PlanOptions : ConfigOptions {
  std::string gpu;  // empty: this machine
};

struct ReportCommandOptions {
  std::vector<std::string> runs;
  std::string out;
};

struct ConfigSchemaOptions {
  bool markdown = false;
};

struct DoctorOptions {
  bool json = false;
};

// One function a command; each returns the exit code. Those of the first group need LibTorch.
int train_command(const GlobalOptions&, const TrainOptions&);
int compare_command(const GlobalOptions&, const CompareOptions&);
int compare_test_command(const GlobalOptions&, const CompareTestOptions&);
int algorithm_list_command(const GlobalOptions&, const AlgorithmOptions&);
int algorithm_show_command(const GlobalOptions&, const AlgorithmOptions&);
int algorithm_explain_command(const GlobalOptions&, const AlgorithmOptions&);
int replay_command(const GlobalOptions&, const ReplayOptions&);
int algorithm_check_command(const GlobalOptions&, const CheckCommandOptions&);
int config_show_command(const GlobalOptions&, const ConfigOptions&);
int config_check_command(const GlobalOptions&, const ConfigOptions&);
int config_schema_command(const GlobalOptions&, const ConfigSchemaOptions&);
int plan_command(const GlobalOptions&, const PlanOptions&);
int bench_command(const GlobalOptions&, const BenchOptions&);
int torch_info_command(const GlobalOptions&);

int watch_command(const GlobalOptions&, const WatchOptions&);
int episodes_command(const GlobalOptions&, const EpisodesOptions&);
int eval_command(const GlobalOptions&, const EvalCommandOptions&);
int play_command(const GlobalOptions&, const PlayOptions&);
int task_list_command(const GlobalOptions&, const TaskOptions&);
int task_show_command(const GlobalOptions&, const TaskOptions&);
int task_draw_command(const GlobalOptions&, const TaskOptions&);
int task_verify_command(const GlobalOptions&, const TaskOptions&);
int task_solve_command(const GlobalOptions&, const TaskOptions&);
int task_check_command(const GlobalOptions&, const CheckCommandOptions&);
int bench_verify_command(const GlobalOptions&, const BenchVerifyOptions&);
int bench_start_command(const GlobalOptions&, const BenchStartOptions&);
int task_new_command(const GlobalOptions&, const NewOptions&);
int algorithm_new_command(const GlobalOptions&, const NewOptions&);
int model_info_command(const GlobalOptions&, const ModelOptions&);
int model_generate_command(const GlobalOptions&, const ModelOptions&);
int model_score_command(const GlobalOptions&, const ModelOptions&);
int model_tokenize_command(const GlobalOptions&, const ModelOptions&);
int model_chat_command(const GlobalOptions&, const ModelOptions&);
int model_export_command(const GlobalOptions&, const ModelExportOptions&);
int model_merge_command(const GlobalOptions&, const ModelMergeOptions&);
int report_command(const GlobalOptions&, const ReportCommandOptions&);
int doctor_command(const GlobalOptions&, const DoctorOptions&);

// Adds all commands to `app`; the one that is chosen leaves its call in `chosen`. `global` must
// outlive the app.
void add_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen);

}  // namespace tinyzero
