// play: try a task by hand, or watch a model try.

#include <unistd.h>

#include <iostream>

#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/cli/decode.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/cli/terminal.h"
#include "core/eval/evaluate.h"
#include "core/rollout/episodes.h"
#include "core/task/open_task.h"
#include "core/task/stream.h"
#include "core/text/prompt.h"
#include "core/text/tokenizer.h"
#include "tinyzero/answer.h"

namespace tinyzero {
namespace {

struct PlayOptions {
  std::string task;
  std::string model;
  std::int64_t seed = 1;
  std::int64_t max_tokens = 0;
  std::int64_t problems = 0;
  double temperature = 1.0;
  bool oracle = false;
  DecodeOptions decode;
  std::vector<std::string> settings;
};

constexpr std::int64_t kWatched = 5;  // problems that a model or the solver tries by default

// An answer typed without tags is taken as the whole answer.
std::string with_tags(const std::string& answer) {
  return answer.find(kAnswerClose) != std::string::npos
             ? answer
             : std::string(kAnswerOpen) + answer + std::string(kAnswerClose);
}

int play_by_hand(const Task& task, const PlayOptions& options) {
  if (::isatty(STDIN_FILENO) != 0) print("Type an answer; \"?\" shows a solution, \"q\" ends.\n");
  double right = 0;
  std::int64_t tried = 0;
  for (std::int64_t n = 0; options.problems == 0 || n < options.problems; ++n) {
    const Item item = task.draw(options.seed, {static_cast<std::uint64_t>(n)}).front();
    print("\n{}\n> ", item.prompt);
    flush_output();
    std::string line;
    if (!std::getline(std::cin, line) || line == "q") break;
    if (line == "?") {
      const auto solution = task.solve(item.state);
      print("  {}\n", solution ? *solution : "there is no solution");
      continue;
    }
    const std::string completion = with_tags(line);
    const Verdict verdict = task.verify({{item.state, completion}}).front();
    ++tried;
    right += task.is_right(verdict) ? 1 : 0;
    print("  {} · reward {} · {}\n", task.is_right(verdict) ? "right" : "not right", verdict.reward,
          task.reason(verdict));
  }
  print("\n{} of {} right\n", right, tried);
  return 0;
}

int watch_oracle(const Task& task, const PlayOptions& options) {
  double right = 0;
  const std::int64_t problems = options.problems > 0 ? options.problems : kWatched;
  for (std::int64_t n = 0; n < problems; ++n) {
    const Item item = task.draw(options.seed, {static_cast<std::uint64_t>(n)}).front();
    const auto solution = task.solve(item.state);
    const Verdict verdict = task.verify({{item.state, solution.value_or("")}}).front();
    right += task.is_right(verdict) ? 1 : 0;
    print("{}\n{}\n  {} · reward {} · {}\n\n", item.prompt,
          solution.value_or("(there is no solution)"),
          task.is_right(verdict) ? "right" : "not right", verdict.reward, task.reason(verdict));
  }
  print("{} of {} right\n", right, problems);
  return 0;
}

int watch_model(const Task& task, const Subject& subject, const PlayOptions& options,
                const EngineMaker& make_engine) {
  const Model model = load_model(subject.folder);
  const Tokenizer tokenizer = Tokenizer::load(subject.folder);
  const auto items = draw_split(task, Split::test, options.seed, 0,
                                options.problems > 0 ? options.problems : kWatched);
  const auto engine = make_engine(model);
  const auto prompts =
      make_prompts(tokenizer, resolve_framing(subject.prompt_template, tokenizer), items, 1);
  const Sampling sampling{.max_tokens = subject.max_tokens,
                          .temperature = options.temperature,
                          .eos = model.config.eos,
                          .seed = static_cast<std::uint64_t>(options.seed),
                          .stream = RandomStream::generation};
  double right = 0;
  for (const ScoredCompletion& c :
       score_episodes(tokenizer, task, items, engine->generate(prompts, sampling))) {
    right += task.is_right(c.verdict) ? 1 : 0;
    print("{}\n{}\n  {} · {} tokens · {}\n\n", items[c.item].prompt, c.text,
          task.is_right(c.verdict) ? "right" : "not right", c.episode.tokens.size(),
          task.reason(c.verdict));
  }
  print("{} of {} right\n", right, items.size());
  return 0;
}

int run_play(const GlobalOptions& global, const PlayOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  if (options.model.empty()) {
    const Node settings = settings_from_words(options.settings);
    const Task task = open_task(catalog, options.task, &settings);
    return options.oracle ? watch_oracle(task, options) : play_by_hand(task, options);
  }
  const EngineMaker make_engine = engine_maker(global, options.decode);
  const Subject subject =
      find_subject(options.model, options.task, options.settings, options.max_tokens);
  return watch_model(open_task(catalog, subject.task, &subject.settings), subject, options,
                     make_engine);
}

}  // namespace

void add_play(const Commands& commands) {
  commands.add<PlayOptions>(
      "play", "Try a task by hand, or watch a model try", run_play,
      [](CLI::App& c, PlayOptions& o) {
        c.add_option("task", o.task, "task")->required();
        c.add_option("settings", o.settings, kSettingsHelp);
        CLI::Option* const model = c.add_option(
            "--model", o.model,
            "watch a model try: a run, whose own settings of the task hold, or a Hugging "
            "Face folder");
        c.add_flag("--oracle", o.oracle, "watch the task's own solver")->excludes(model);
        c.add_option("--problems", o.problems,
                     "number of problems; default: 5 for a model, until end of input by hand")
            ->check(between(1, 100000));
        c.add_option("--temperature", o.temperature, "temperature of the model; 0: greedy")
            ->capture_default_str()
            ->check(between(0.0, 10.0));
        c.add_option("--max-tokens", o.max_tokens,
                     "longest completion of the model; default: the run's, or 256")
            ->check(between(1, 131072));
        c.add_option("--seed", o.seed, "seed of the problems")
            ->capture_default_str()
            ->check(whole_number());
        add_decode_options(c, o.decode);
      });
}

}  // namespace tinyzero
