// eval: accuracy of runs, model folders and models behind endpoints on the same held-out problems.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/cli/eval_candidates.h"
#include "core/cli/eval_report.h"
#include "core/cli/interrupt.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/screen.h"
#include "core/cli/task_state.h"
#include "core/cli/terminal.h"
#include "core/eval/evaluation.h"
#include "core/task/open_task.h"

namespace tinyzero {
namespace {

constexpr double kPlainSeconds = 10;  // between lines where there is no terminal

std::string progress_text(const EvaluationProgress& p) {
  const auto ended = static_cast<double>(p.asked.answered + p.asked.failed);
  const double left = static_cast<double>(p.total - p.known) - ended;
  std::string text =
      fmt::format("{}  {} of {} answered", p.model, p.known + p.asked.answered, p.total);
  if (p.asked.failed > 0) text += fmt::format(" · {} failed", p.asked.failed);
  if (ended > 0)
    text += fmt::format(" · {:.1f} a second · {} left", ended / p.seconds,
                        duration_text(left * p.seconds / ended));
  return text;
}

// Makes stored answers durable, and says how far an interrupted evaluation came.
void tell_interrupted(const Evaluator& evaluator, const std::string& model,
                      const std::string& save) {
  evaluator.sync();
  if (save.empty()) {
    print(stderr,
          "interrupted: nothing is kept; with --save FILE answers are, and the same command goes "
          "on\n");
  } else {
    print(stderr,
          "interrupted: {} of {} answers of {} are in {}; the same command continues from there\n",
          evaluator.count().there, evaluator.count().wanted, model, save);
  }
}

void evaluate_folder(Evaluator& evaluator, const Subject& subject, const EngineMaker& make_engine,
                     const EvalCommandOptions& options) {
  try {
    evaluator.evaluate_folder({.folder = subject.folder,
                               .prompt_template = subject.prompt_template,
                               .max_tokens = subject.max_tokens,
                               .device = options.decode.device,
                               .precision = options.decode.precision},
                              make_engine);
  } catch (const Interrupted&) {
    tell_interrupted(evaluator, subject.folder.string(), options.save);
    throw;
  }
}

void evaluate_endpoint(Evaluator& evaluator, const EndpointModel& model, const std::string& save) {
  Screen screen(stderr);
  Stopwatch since_line;
  const auto progress = [&](const EvaluationProgress& p) {
    screen.live([&](std::size_t) { return progress_text(p); });
    if (screen.columns() > 0 || since_line.seconds() < kPlainSeconds) return;
    screen.line(progress_text(p));
    since_line = Stopwatch();
  };
  const auto noted = [&](const std::string& text) { screen.line("note: " + text); };
  try {
    evaluator.evaluate_endpoint(model, {.progress = progress, .noted = noted});
  } catch (const Interrupted&) {
    screen.clear();
    tell_interrupted(evaluator, model.options.model, save);
    throw;
  }
}

// The framing of prompts for an endpoint; empty: a chat endpoint frames them itself.
std::string endpoint_framing(const EvalCommandOptions& options) {
  if (!options.endpoint.completions) return "";
  const bool automatic = options.prompt_template.empty() || options.prompt_template == "auto";
  return automatic ? "base" : options.prompt_template;
}

// Completions per problem: as many as the largest k of pass@k needs, unless more are asked for.
std::int64_t samples_of(const EvalCommandOptions& options) {
  const auto largest = std::ranges::max_element(options.pass_at);
  const std::int64_t needed = largest == options.pass_at.end() ? 1 : *largest;
  const std::int64_t samples = options.samples.value_or(needed);
  if (samples < needed)
    throw Error(fmt::format("--pass-at {} needs {} samples of each problem, --samples is {}",
                            needed, needed, samples),
                "leave --samples away, or raise it");
  if (needed > 1 && options.temperature <= 0)
    throw Error(fmt::format("--pass-at {} at temperature 0: all samples would be the same", needed),
                "set --temperature above 0");
  return samples;
}

std::vector<std::int64_t> sorted_once(std::vector<std::int64_t> values) {
  const std::set<std::int64_t> once(values.begin(), values.end());
  return {once.begin(), once.end()};
}

EvaluationOptions evaluation_options(const EvalCommandOptions& options) {
  return {.split = options.split,
          .problems = options.problems,
          .set = options.set,
          .samples = samples_of(options),
          .pass_at = sorted_once(options.pass_at),
          .temperature = options.temperature,
          .greedy = options.greedy      ? GreedyAnswers::always
                    : options.no_greedy ? GreedyAnswers::never
                                        : GreedyAnswers::folders_only,
          .seed = options.seed.value_or(1),
          .save = options.save};
}

const StopRequest& catch_eval_interrupts(const EvalCommandOptions& options) {
  return catch_interrupts(
      {"stopping: answers under way are given up; another Ctrl-C ends it at once",
       options.save.empty()
           ? "stopped at once; nothing is kept"
           : "stopped at once; the same command continues with what is in " + options.save});
}

int run_eval(const GlobalOptions& global, const EvalCommandOptions& options) {
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const Candidates candidates = find_candidates(options);
  EndpointModel endpoint{.options = {}, .framing = endpoint_framing(options)};
  if (!options.endpoint.url.empty())
    endpoint.options = endpoint_options(options.endpoint, options.max_tokens, options.seed);
  const PluginCatalog catalog = scan_plugins(global);
  Task task = open_task(catalog, candidates.task, &candidates.settings);
  check_same_task(catalog, candidates, task);
  print_notes(task);
  warn_of_changed_files(candidates, task);
  const StopRequest& stop = catch_eval_interrupts(options);
  Evaluator evaluator(evaluation_options(options), std::move(task), &stop);
  if (!evaluator.lock_note().empty()) print(stderr, "note: {}\n", evaluator.lock_note());
  for (const Subject& subject : candidates.folders)
    evaluate_folder(evaluator, subject, make_engine, options);
  for (const std::string& model : options.endpoint.models) {
    endpoint.options.model = model;
    evaluate_endpoint(evaluator, endpoint, options.save);
  }
  evaluator.sync();
  if (!evaluator.traits_fault().empty())
    print(stderr, "warning: traits are not counted: {}\n", evaluator.traits_fault());
  if (options.json) print_evaluation_json(evaluator.evaluation());
  else print_evaluation(evaluator.evaluation());
  return 0;
}

void add_problem_options(CLI::App& c, EvalCommandOptions& o) {
  c.add_option(
      "targets", o.words,
      "runs (their newest checkpoint), Hugging Face folders; and settings of the task, key=value");
  c.add_option("--task", o.task, "task; default: the run's own, with its settings");
  c.add_option("--split", o.split, "train, validation or test")->capture_default_str();
  c.add_option("--problems", o.problems, "number of problems")
      ->capture_default_str()
      ->check(between(1, 1000000));
  c.add_option("--set", o.set,
               "refuse problems whose hash is not this one; every evaluation prints the hash");
}

void add_sampling_options(CLI::App& c, EvalCommandOptions& o) {
  c.add_option("--samples", o.samples,
               "completions per problem; more than 1 adds pass@k; default: 1, or what --pass-at "
               "needs")
      ->check(between(1, 1024));
  c.add_option("--pass-at", o.pass_at,
               "the k of pass@k, also by difficulty: 1,8,64; and what each model makes of the "
               "problems that the first one never solves")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(between(1, 1024));
  c.add_option("--temperature", o.temperature, "temperature of the samples; 0: greedy")
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
  c.add_option("--seed", o.seed, "seed of the sampling; default 1, and none for endpoints")
      ->check(whole_number());
}

}  // namespace

void add_eval(const Commands& commands) {
  commands.add<EvalCommandOptions>(
      "eval", "Accuracy of runs, model folders and endpoints on held-out problems", run_eval,
      [](CLI::App& c, EvalCommandOptions& o) {
        add_problem_options(c, o);
        add_sampling_options(c, o);
        c.add_option("--save", o.save,
                     "append all completions with verdicts to this file (JSON lines); what is in "
                     "it is not asked again");
        c.add_flag("--json", o.json, "print JSON for machines, one object a model");
        add_decode_options(c, o.decode);
        add_endpoint_options(c, o.endpoint);
      });
}

}  // namespace tinyzero
