#include "core/cli/options.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

// A subcommand whose options live as long as the app. `describe` adds them; `run` is called if the
// command is chosen.
template <class Options>
void add(CLI::App& parent, GlobalOptions& global, std::function<int()>& chosen,
         const std::string& name, const std::string& help,
         int (*run)(const GlobalOptions&, const Options&),
         const std::function<void(CLI::App&, Options&)>& describe) {
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(name, help);
  describe(*command, *options);
  command->callback([options, run, &global, &chosen] {
    chosen = [options, run, &global] { return run(global, *options); };
  });
}

// Numbers in decimal digits. The parser's own checks take NaN, hexadecimal digits, and the nearest
// number for one that is too large.
CLI::Validator between(double low, double high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    const auto value = parse_real(text);
    if (value && *value >= low && *value <= high) return "";
    return "Value " + text + " not in range " + real_text(low) + " to " + real_text(high);
  };
  return {check, real_text(low) + " to " + real_text(high)};
}

CLI::Validator whole_number() {
  const auto check = [](const std::string& text) -> std::string {
    const auto value = parse_integer(text);
    return value && *value >= 0 ? "" : "Value " + text + " not in range 0 to 9223372036854775807";
  };
  return {check, ""};
}

constexpr const char* kSettingsHelp = "settings of the task, key=value";
constexpr const char* kOverridesHelp =
    "settings on top of the file, key=value with dotted keys: train.steps=100";
constexpr const char* kJsonHelp = "print JSON for machines";

void add_check_options(CLI::App& c, CheckCommandOptions& o, const char* name_help,
                       const char* settings_help) {
  c.add_option("name", o.name, name_help)->required();
  c.add_option("settings", o.settings, settings_help);
  c.add_option("--seed", o.seed, "of all that is random; the same seed finds the same fault")
      ->capture_default_str()
      ->check(whole_number());
  c.add_option("--only", o.only, "names of the checks to run; default: all")->delimiter(',');
  c.add_flag("--json", o.json, kJsonHelp);
}

void add_endpoint_options(CLI::App& c, EvalCommandOptions& o) {
  CLI::Option* endpoint =
      c.add_option("--endpoint", o.endpoint,
                   "address of a server with OpenAI's protocol: https://api.openai.com/v1");
  const auto of_endpoint = [&](CLI::Option* option) {
    return option->needs(endpoint)->group("Endpoint");
  };
  endpoint->group("Endpoint");
  of_endpoint(c.add_option("--model", o.models,
                           "a model as the endpoint calls it; may be given several times")
                  ->allow_extra_args(false));
  of_endpoint(
      c.add_option(
          "--ca-file", o.ca_file,
          "certificates (PEM) to trust in place of the system's: of a server with one of its own"))
      ->check(CLI::ExistingFile);
  of_endpoint(c.add_flag("--completions", o.completions,
                         "ask /completions, with a framed prompt, in place of chat"));
  of_endpoint(c.add_option("--key-env", o.key_env,
                           "environment variable that holds the key; default OPENAI_API_KEY"));
  of_endpoint(c.add_option("--concurrency", o.concurrency, "requests at a time")
                  ->capture_default_str()
                  ->check(between(1, 1024)));
  of_endpoint(c.add_option("--requests-per-minute", o.requests_per_minute,
                           "at most, retries included; 0: no limit")
                  ->capture_default_str()
                  ->check(between(0, 1000000)));
  of_endpoint(c.add_option("--retries", o.retries, "of a request that may go better later")
                  ->capture_default_str()
                  ->check(between(0, 100)));
  of_endpoint(c.add_option("--timeout", o.timeout, "seconds for one request")
                  ->capture_default_str()
                  ->check(between(0.1, 86400.0)));
  of_endpoint(c.add_option("--max-failed", o.max_failed,
                           "share of completions that may fail before the command does")
                  ->capture_default_str()
                  ->check(between(0.0, 1.0)));
  of_endpoint(
      c.add_option(
           "--body", o.body,
           "one more field of the requests, NAME=VALUE in JSON or as text; null removes one")
          ->allow_extra_args(false));
}

void add_decode_options(CLI::App& c, DecodeOptions& o) {
  c.add_option("--device", o.device, "where the model decodes: cpu, or cuda, an NVIDIA GPU")
      ->capture_default_str()
      ->check(CLI::IsMember({"cpu", "cuda"}));
  c.add_option("--precision", o.precision,
               "of products, keys and values: f32 (the default) or bf16; sums are f32")
      ->check(CLI::IsMember({"f32", "bf16"}));
}

void add_eval_options(CLI::App& c, EvalCommandOptions& o) {
  c.add_option(
      "targets", o.words,
      "runs (their newest checkpoint), Hugging Face folders; and settings of the task, key=value");
  c.add_option("--task", o.task, "task; default: the run's own, with its settings");
  c.add_option("--split", o.split, "train, validation or test")->capture_default_str();
  c.add_option("--problems", o.problems, "number of problems")
      ->capture_default_str()
      ->check(between(1, 1000000));
  c.add_option("--set", o.set,
               "refuse other problems than those of this hash, which every evaluation prints");
  c.add_option("--samples", o.samples, "completions a problem; more than 1 adds pass@k")
      ->capture_default_str()
      ->check(between(1, 1024));
  c.add_option("--temperature", o.temperature, "of the sampled accuracy; 0: greedy")
      ->capture_default_str()
      ->check(between(0.0, 10.0));
  CLI::Option* greedy = c.add_flag(
      "--greedy", o.greedy, "also answer each problem once at temperature 0; default for folders");
  c.add_flag("--no-greedy", o.no_greedy, "only sample; default for endpoints")->excludes(greedy);
  c.add_option("--max-tokens", o.max_tokens,
               "longest completion; default: the run's, or 256; of endpoints 1024")
      ->check(between(1, 131072));
  c.add_option("--template", o.prompt_template,
               "framing of prompts: auto, bare, base or qwen; default: the run's, or auto");
  c.add_option("--seed", o.seed, "of the sampling; default 1, and none for endpoints")
      ->check(whole_number());
  c.add_option("--save", o.save,
               "append all completions with verdicts to this file (JSON lines); what is in it is "
               "not asked again");
  c.add_flag("--json", o.json, "print JSON for machines, one object a model");
  add_decode_options(c, o.decode);
  add_endpoint_options(c, o);
}

void add_episodes_options(CLI::App& c, EpisodesOptions& o) {
  const auto count = between(1, 1000000);
  c.add_option("run", o.run, "run folder")->required();
  c.add_option("--step", o.step, "step of RL; default: the newest");
  CLI::Option* worst =
      c.add_option("--worst", o.worst,
                   "show this many: lowest reward first, of equal ones the longest")
          ->check(count);
  CLI::Option* best =
      c.add_option("--best", o.best, "highest reward first, of equal ones the shortest")
          ->check(count)
          ->excludes(worst);
  c.add_option("--sample", o.sample, "drawn at random, the same each time; default: 3")
      ->check(count)
      ->excludes(worst)
      ->excludes(best);
  c.add_option("--reason", o.reason, "only those with this reason");
  c.add_option("--outcome", o.outcome,
               "only those with this outcome: scored, unparsable, abstain, error or timeout");
  c.add_option("--key", o.key, "only those of the problem with this key");
  c.add_option("--problem", o.problem,
               "only those of the problem at this place in the step, from 0");
  c.add_flag(
      "--json", o.json,
      "print them as they are stored, one JSON object a line; without a number, all of them");
}

void add_training_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  add<TrainOptions>(
      app, global, chosen, "train", "Train: warm start if configured, RL, evaluation, checkpoints",
      train_command, [](CLI::App& c, TrainOptions& o) {
        c.add_option("config", o.config, "experiment file (YAML)");
        c.add_option("overrides", o.overrides, kOverridesHelp);
        c.add_option("--run", o.run, "folder for the run; default runs/<name of the file>");
        c.add_option("--resume", o.resume,
                     "go on with the run in this folder from its newest checkpoint");
        c.add_flag("--accept-changes", o.accept_changes,
                   "go on although the task's or algorithm's library, the held-out problems or "
                   "config.yaml changed");
        c.add_flag("--json", o.json, "print every record of metrics.jsonl to standard output");
        c.add_flag("--quiet", o.quiet, "show warnings and errors only");
        c.add_flag("--planned", o.planned, "")->group("");  // a step of compare
      });
  add<WatchOptions>(
      app, global, chosen, "watch", "Follow a run from another terminal, or see what one said",
      watch_command,
      [](CLI::App& c, WatchOptions& o) { c.add_option("run", o.run, "run folder")->required(); });
  add<CompareOptions>(
      app, global, chosen, "compare",
      "Train arms x seeds under one budget, then say what is known: a table with intervals",
      compare_command, [](CLI::App& c, CompareOptions& o) {
        c.add_option("config", o.config, "experiment file (YAML) with a section compare:")
            ->required();
        c.add_option("overrides", o.overrides, kOverridesHelp);
        c.add_option("--run", o.run,
                     "folder for the comparison; default runs/<name of the file>. What is done "
                     "there is not done again");
        c.add_option("--jobs", o.jobs, "runs at once, which divide the cores and threads")
            ->capture_default_str()
            ->check(between(1, 1024));
        c.add_flag("--accept-changes", o.accept_changes,
                   "go on although files that settings name, or libraries of plugins, changed");
        c.add_flag("--json", o.json,
                   "print comparison.json to standard output instead of the table");
      });
  add<CompareTestOptions>(app, global, chosen, "compare-test", "", compare_test_command,
                          [](CLI::App& c, CompareTestOptions& o) {
                            c.group("");  // a step of compare
                            c.add_option("run", o.run, "run folder")->required();
                          });
}

// What looks at runs and models, and at this machine.
void add_result_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  add<EvalCommandOptions>(app, global, chosen, "eval",
                          "Accuracy of runs, model folders and endpoints on held-out problems",
                          eval_command, add_eval_options);
  add<PlayOptions>(app, global, chosen, "play", "Try a task by hand, or watch a model try",
                   play_command, [](CLI::App& c, PlayOptions& o) {
                     c.add_option("task", o.task, "task")->required();
                     c.add_option("settings", o.settings, kSettingsHelp);
                     c.add_option("--model", o.model,
                                  "watch a model try: a run, whose own settings of the task hold, "
                                  "or a Hugging Face folder");
                     c.add_flag("--oracle", o.oracle, "watch the task's own solver");
                     c.add_option(
                          "--problems", o.problems,
                          "number of problems; default: 5 for a model, until end of input by hand")
                         ->check(between(1, 100000));
                     c.add_option("--temperature", o.temperature, "of the model; 0: greedy")
                         ->capture_default_str()
                         ->check(between(0.0, 10.0));
                     c.add_option("--max-tokens", o.max_tokens,
                                  "longest completion of the model; default: the run's, or 256")
                         ->check(between(1, 131072));
                     c.add_option("--seed", o.seed, "of the problems")
                         ->capture_default_str()
                         ->check(whole_number());
                     add_decode_options(c, o.decode);
                   });
  add<ReplayOptions>(
      app, global, chosen, "replay",
      "Another algorithm's update on a run's recorded episodes, beside the run's own",
      replay_command, [](CLI::App& c, ReplayOptions& o) {
        c.add_option("run", o.run, "run folder")->required();
        c.add_option("settings", o.settings, "settings of the algorithm, key=value");
        c.add_option("--step", o.step, "step of RL, from 1, right after a checkpoint")
            ->required()
            ->check(between(1, 10000000));
        c.add_option("--algorithm", o.algorithm, "the other algorithm; default: the run's own");
        c.add_option("--batch", o.batch, "write its batch to this file, for `algorithm explain`");
        c.add_option("--worst", o.worst,
                     "show this many of the step's worst completions token by token: log-probs "
                     "before and after, advantage")
            ->check(between(1, 1000000));
        c.add_flag("--json", o.json, kJsonHelp);
      });
  add<EpisodesOptions>(
      app, global, chosen, "episodes",
      "What a run's policy said in a step, with verdicts: reasons, the worst, the best",
      episodes_command, add_episodes_options);
  add<ReportCommandOptions>(
      app, global, chosen, "report",
      "One HTML file from runs: curves, differences, completions side by side", report_command,
      [](CLI::App& c, ReportCommandOptions& o) {
        c.add_option("runs", o.runs, "run folders, or folders that hold some, as a comparison's")
            ->required();
        c.add_option(
            "--out", o.out,
            "file to write; default: report.html in the folder, or here if several are given");
      });
  add<DoctorOptions>(
      app, global, chosen, "doctor", "Versions, machine, plugins, and what is missing",
      doctor_command,
      [](CLI::App& c, DoctorOptions& o) { c.add_flag("--json", o.json, kJsonHelp); });
}

void add_task_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  CLI::App& task =
      *app.add_subcommand("task", "Tasks: list, show, draw, verify, solve, check, new");
  task.require_subcommand(1);
  add<TaskOptions>(task, global, chosen, "list", "Tasks that can be used", task_list_command,
                   [](CLI::App& c, TaskOptions& o) { c.add_flag("--json", o.json, kJsonHelp); });
  add<TaskOptions>(task, global, chosen, "show", "What a task asks, and its settings",
                   task_show_command, [](CLI::App& c, TaskOptions& o) {
                     c.add_option("name", o.name, "task, or the path of its library")->required();
                     c.add_flag("--json", o.json, kJsonHelp);
                   });
  add<TaskOptions>(
      task, global, chosen, "draw", "Draw problems, one JSON object a line", task_draw_command,
      [](CLI::App& c, TaskOptions& o) {
        c.add_option("name", o.name, "task, or the path of its library")->required();
        c.add_option("settings", o.settings, kSettingsHelp);
        c.add_option("--count", o.count, "number of problems")
            ->capture_default_str()
            ->check(between(1, 100000000));
        c.add_option("--seed", o.seed, "seed")->capture_default_str()->check(whole_number());
        c.add_option("--split", o.split, "train, validation or test")->capture_default_str();
      });
  const auto by_line = [](CLI::App& c, TaskOptions& o) {
    c.add_option("name", o.name, "task, or the path of its library")->required();
    c.add_option("settings", o.settings, kSettingsHelp);
  };
  add<TaskOptions>(task, global, chosen, "verify",
                   "Judge answers: reads {\"state\",\"completion\"} a line, writes verdicts",
                   task_verify_command, by_line);
  add<TaskOptions>(task, global, chosen, "solve", "Solve problems: reads {\"state\"} a line",
                   task_solve_command, by_line);
  add<CheckCommandOptions>(task, global, chosen, "check",
                           "Whether a task can be trusted: every check with pass, warn or fail",
                           task_check_command, [](CLI::App& c, CheckCommandOptions& o) {
                             add_check_options(c, o, "task, or the path of its library",
                                               kSettingsHelp);
                           });
  add<NewOptions>(task, global, chosen, "new",
                  "Write a folder with a task that works, to change into yours", task_new_command,
                  [](CLI::App& c, NewOptions& o) {
                    c.add_option("name", o.name, "of the task and its folder")->required();
                  });
}

void add_bench_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  CLI::App& bench =
      *app.add_subcommand("bench",
                          "Measure this program beside what the machine can do: rollout, train, "
                          "step (without a name these three), verify, start");
  bench.require_subcommand(0, 1);
  const auto all = std::make_shared<BenchOptions>();
  bench.add_option("--model", all->workload.model, "1M, 5M, 30M, or a Hugging Face folder")
      ->capture_default_str();
  bench.add_option("--rounds", all->rounds, "that count")
      ->capture_default_str()
      ->check(between(1, 1000));
  bench.add_flag("--json", all->json, kJsonHelp);
  bench.callback([&bench, &global, &chosen, all] {
    if (bench.get_subcommands().empty())
      chosen = [&global, all] { return bench_command(global, *all); };
  });
  const auto model_bench = [&](const char* name, const char* help) {
    add<BenchOptions>(
        bench, global, chosen, name, help, bench_command, [name](CLI::App& c, BenchOptions& o) {
          o.what = name;
          Workload& w = o.workload;
          if (o.what == "step") w = {"5M", 64, 8, 40, 100, 100};
          c.add_option("--model", w.model, "1M, 5M, 30M, or a Hugging Face folder")
              ->capture_default_str();
          c.add_option("--prompts", w.prompts, "problems of a round")
              ->capture_default_str()
              ->check(between(1, 1 << 20));
          c.add_option("--samples", w.samples, "completions of a problem")
              ->capture_default_str()
              ->check(between(1, 1 << 20));
          c.add_option("--prompt-tokens", w.prompt_tokens, "length of a prompt")
              ->capture_default_str()
              ->check(between(1, 1 << 20));
          c.add_option("--mean-tokens", w.mean_tokens, "mean length of a completion")
              ->capture_default_str()
              ->check(between(1, 1 << 20));
          c.add_option("--max-tokens", w.max_tokens, "greatest length of a completion")
              ->capture_default_str()
              ->check(between(1, 1 << 20));
          c.add_option("--rounds", o.rounds, "that count")
              ->capture_default_str()
              ->check(between(1, 1000));
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
          if (o.what == "step")
            c.add_flag("--profile", o.profile, "name where the time of a step goes");
          else c.add_flag("--peers", o.peers, "measure the same model in LibTorch alone beside it");
          c.add_flag("--json", o.json, kJsonHelp);
        });
  };
  model_bench("rollout", "How fast the engine samples");
  model_bench("train", "How fast an update learns");
  model_bench("step", "How fast a whole step of RL is: rollout and update");
  add<BenchStartOptions>(
      bench, global, chosen, "start",
      "How long the program takes to start, to say --help and to sample a first token",
      bench_start_command, [](CLI::App& c, BenchStartOptions& o) {
        c.add_option("--rounds", o.rounds, "that count")
            ->capture_default_str()
            ->check(between(1, 1000));
        c.add_flag("--json", o.json, kJsonHelp);
      });
  add<BenchVerifyOptions>(
      bench, global, chosen, "verify",
      "How fast a task draws and judges, in this process and in a worker", bench_verify_command,
      [](CLI::App& c, BenchVerifyOptions& o) {
        c.add_option("task", o.task, "task, or the path of its library")->required();
        c.add_option("settings", o.settings, kSettingsHelp);
        c.add_option("--seconds", o.seconds, "for each figure")
            ->capture_default_str()
            ->check(between(0.01, 600.0));
        c.add_flag("--json", o.json, kJsonHelp);
      });
}

void add_model_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  CLI::App& model =
      *app.add_subcommand("model", "Models: info, generate, score, tokenize, chat, export, merge");
  model.require_subcommand(1);
  const auto folder = [](CLI::App& c, ModelOptions& o) {
    c.add_option("folder", o.folder, "a Hugging Face folder, or a run (its newest checkpoint)")
        ->required();
  };
  add<ModelOptions>(model, global, chosen, "info", "Shape and size of a model", model_info_command,
                    [=](CLI::App& c, ModelOptions& o) {
                      folder(c, o);
                      c.add_flag("--json", o.json, kJsonHelp);
                    });
  add<ModelOptions>(
      model, global, chosen, "generate", "Complete prompts: reads {\"ids\"} or {\"prompt\"} a line",
      model_generate_command, [=](CLI::App& c, ModelOptions& o) {
        folder(c, o);
        c.add_option("--prompt", o.prompt, "one prompt, instead of standard input");
        c.add_option("--max-tokens", o.max_tokens, "longest completion")
            ->capture_default_str()
            ->check(between(1, 131072));
        c.add_option("--temperature", o.temperature, "0: greedy")
            ->capture_default_str()
            ->check(between(0.0, 10.0));
        c.add_option("--top-k", o.top_k, "draw only from the k likeliest tokens; 0: all")
            ->capture_default_str()
            ->check(between(0, 1 << 24));
        c.add_option("--top-p", o.top_p,
                     "draw only from the likeliest tokens that together have this probability")
            ->capture_default_str()
            ->check(between(0.0, 1.0));
        c.add_option("--seed", o.seed, "of the sampling")
            ->capture_default_str()
            ->check(whole_number());
        c.add_flag("--ignore-eos", o.ignore_eos, "go on after the end token");
        add_decode_options(c, o.decode);
      });
  add<ModelOptions>(model, global, chosen, "score",
                    "Log-probabilities of texts: reads {\"ids\"} or {\"text\"} a line",
                    model_score_command, [=](CLI::App& c, ModelOptions& o) {
                      folder(c, o);
                      add_decode_options(c, o.decode);
                    });
  add<ModelOptions>(model, global, chosen, "tokenize",
                    "Token ids of texts and back: reads {\"text\"} or {\"ids\"} a line",
                    model_tokenize_command, folder);
  add<ModelOptions>(model, global, chosen, "chat",
                    "Talk to a model on a terminal, or through a pipe, one message a line",
                    model_chat_command, [=](CLI::App& c, ModelOptions& o) {
                      o.temperature = 0.7;
                      o.max_tokens = 1024;
                      folder(c, o);
                      c.add_option("--system", o.system,
                                   "system message, which may be empty; default: none, and the "
                                   "model's template may write one of its own");
                      c.add_option("--temperature", o.temperature, "0: greedy")
                          ->capture_default_str()
                          ->check(between(0.0, 10.0));
                      c.add_option("--max-tokens", o.max_tokens,
                                   "longest answer; the model's context is a limit, too")
                          ->capture_default_str()
                          ->check(between(1, 131072));
                      c.add_option("--seed", o.seed, "of the sampling")
                          ->capture_default_str()
                          ->check(whole_number());
                      c.add_flag("--json", o.json, "print one JSON object an answer");
                      add_decode_options(c, o.decode);
                    });
  add<ModelExportOptions>(
      model, global, chosen, "export",
      "Write a model as a new Hugging Face folder, to share or to convert", model_export_command,
      [](CLI::App& c, ModelExportOptions& o) {
        c.add_option("folder", o.folder, "a Hugging Face folder, or a run (its newest checkpoint)")
            ->required();
        c.add_option("--out", o.out, "the folder to write, which must not exist yet")->required();
        c.add_option("--dtype", o.dtype,
                     "type of the weights: f32, bf16 or f16; default: as they are stored")
            ->check(CLI::IsMember({"f32", "bf16", "f16"}));
        c.add_option("--shard-size", o.shard_size,
                     "cut weights beyond this into several files: 2GB, 500MB")
            ->capture_default_str();
        c.add_flag("--gguf", o.gguf,
                   "also write a GGUF file, by llama.cpp's convert_hf_to_gguf.py");
      });
  add<ModelMergeOptions>(
      model, global, chosen, "merge", "Write a model with a LoRA adapter merged into it",
      model_merge_command, [](CLI::App& c, ModelMergeOptions& o) {
        c.add_option("folder", o.folder, "a Hugging Face folder, or a run (its newest checkpoint)")
            ->required();
        c.add_option("--adapter", o.adapter, "folder of a LoRA adapter, as PEFT writes it")
            ->required();
        c.add_option("--out", o.out, "folder to write")->required();
        c.add_option("--dtype", o.dtype, "type of the weights: f32, bf16 or f16")
            ->check(CLI::IsMember({"f32", "bf16", "f16"}))
            ->capture_default_str();
      });
}

void add_algorithm_and_config_commands(CLI::App& app, GlobalOptions& global,
                                       std::function<int()>& chosen) {
  CLI::App& algorithm =
      *app.add_subcommand("algorithm", "Algorithms: list, show, explain, check, new");
  algorithm.require_subcommand(1);
  add<AlgorithmOptions>(
      algorithm, global, chosen, "list", "Algorithms that can be used", algorithm_list_command,
      [](CLI::App& c, AlgorithmOptions& o) { c.add_flag("--json", o.json, kJsonHelp); });
  add<AlgorithmOptions>(
      algorithm, global, chosen, "show", "An algorithm and its settings", algorithm_show_command,
      [](CLI::App& c, AlgorithmOptions& o) {
        c.add_option("name", o.name, "algorithm, or the path of its library")->required();
        c.add_flag("--json", o.json, kJsonHelp);
      });
  add<AlgorithmOptions>(
      algorithm, global, chosen, "explain",
      "What an algorithm makes of a batch: advantages, loss, gradient, by token, as JSON",
      algorithm_explain_command, [](CLI::App& c, AlgorithmOptions& o) {
        c.add_option("name", o.name, "algorithm, or the path of its library")->required();
        c.add_option("settings", o.settings, "settings of the algorithm, key=value");
        c.add_option("--batch", o.batch,
                     "the batch, a JSON file: one that a run saved, that `replay --batch` wrote, "
                     "or your own; -: standard input")
            ->required();
      });
  add<NewOptions>(algorithm, global, chosen, "new",
                  "Write a folder with an algorithm that works, to change into yours",
                  algorithm_new_command, [](CLI::App& c, NewOptions& o) {
                    c.add_option("name", o.name, "of the algorithm and its folder")->required();
                  });
  add<CheckCommandOptions>(
      algorithm, global, chosen, "check",
      "Whether an algorithm can be trusted: every check with pass, warn or fail",
      algorithm_check_command, [](CLI::App& c, CheckCommandOptions& o) {
        add_check_options(c, o, "algorithm, or the path of its library",
                          "settings of the algorithm, key=value; also variant=NAME");
      });
  CLI::App& config = *app.add_subcommand("config", "Experiment files: show, check, schema");
  config.require_subcommand(1);
  const auto file = [](CLI::App& c, ConfigOptions& o) {
    c.add_option("config", o.config, "experiment file (YAML)")->required();
    c.add_option("overrides", o.overrides, kOverridesHelp);
    c.add_flag("--json", o.json, kJsonHelp);
  };
  add<ConfigOptions>(config, global, chosen, "show",
                     "Every setting of an experiment, and where it comes from", config_show_command,
                     file);
  add<ConfigOptions>(config, global, chosen, "check", "Check an experiment without running it",
                     config_check_command, file);
  add<ConfigSchemaOptions>(
      config, global, chosen, "schema", "What an experiment may say, as a JSON schema for editors",
      config_schema_command, [](CLI::App& c, ConfigSchemaOptions& o) {
        c.add_flag("--markdown", o.markdown, "as the reference that ends docs/experiments.md");
      });
  add<PlanOptions>(
      app, global, chosen, "plan",
      "Memory and time that a run will need: measured here in a few seconds, or predicted for a "
      "GPU",
      plan_command, [=](CLI::App& c, PlanOptions& o) {
        file(c, o);
        c.add_option(
            "--gpu", o.gpu,
            "predict memory and time on a GPU, on paper: h100, h200, a100, 4090; or gigabytes, for "
            "memory alone. The model's folder needs config.json and tokenizer.json");
      });
}

}  // namespace

void add_commands(CLI::App& app, GlobalOptions& global, std::function<int()>& chosen) {
  app.require_subcommand(1);
  app.fallthrough();  // --plugins may stand after the command, too
  app.add_option("--plugins", global.plugin_folders, "one more folder to look for plugins in")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
  add_training_commands(app, global, chosen);
  add_result_commands(app, global, chosen);
  add_task_commands(app, global, chosen);
  add_algorithm_and_config_commands(app, global, chosen);
  add_bench_commands(app, global, chosen);
  add_model_commands(app, global, chosen);
  // LibTorch and CUDA in words, for `doctor`.
  app.add_subcommand("torch-info", "")->group("")->callback([&] {
    chosen = [&] { return torch_info_command(global); };
  });
}

}  // namespace tinyzero
