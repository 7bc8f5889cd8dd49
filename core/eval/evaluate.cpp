#include "core/eval/evaluate.h"
#include "core/base/random_streams.h"
#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/task/stream.h"
#include "core/task/task.h"
#include "core/text/tokenizer.h"

#include <cmath>
#include <numeric>

namespace tinyzero {

namespace {

void set_verdict(const Task& task, const Verdict& verdict, EvalAnswer& answer) {
  answer.reward = verdict.reward;
  answer.outcome = verdict.outcome;
  answer.reason = task.reason(verdict);
  answer.right = task.is_right(verdict);
  answer.parts = Json::object();
  for (std::size_t p = 0; p < task.about().components.size(); ++p)
    answer.parts[task.about().components[p]] = verdict.parts[p];
}

EvalAnswer eval_answer(const Task& task, const ScoredCompletion& c, bool greedy) {
  EvalAnswer answer;
  answer.problem = c.item;
  answer.sample = c.episode.sample;
  answer.greedy = greedy;
  answer.completion = c.text;
  answer.end = c.episode.end == End::eos ? "eos" : "length";
  answer.tokens = std::ssize(c.episode.tokens);
  answer.traits = c.traits;
  set_verdict(task, c.verdict, answer);
  return answer;
}

void count(const EvalAnswer& a, const EvalSet& set, EvalReport& report) {
  report.total += 1;
  report.reasons[a.reason] += 1;
  report.outcomes[outcome_name(a.outcome)] += 1;
  if (!a.remark.empty()) report.remarks[a.remark] += 1;
  report.truncated += a.end == "length" ? 1 : 0;
  if (!is_usable(a.outcome)) return;
  const double right = a.right ? 1 : 0;
  const auto add = [&](RightAndJudged& counts) {
    counts = {counts.first + right, counts.second + 1};
  };
  add(report.by_difficulty[difficulty_bucket(set.items[a.problem].difficulty)]);
  if (!set.sources.empty()) add(report.by_source[set.sources[a.problem]]);
  report.right += right;
  report.judged += 1;
}

double share_right(const std::vector<Tally>& tallies) {
  Tally sum;
  for (const Tally& t : tallies) sum = {sum.right + t.right, sum.judged + t.judged};
  return sum.judged > 0 ? sum.right / sum.judged : 0;
}

}  // namespace

std::int64_t difficulty_bucket(double difficulty) {
  return static_cast<std::int64_t>(std::floor(difficulty));
}

void judge_answer(const Task& task, const Item& item, EvalAnswer& answer) {
  const std::vector<Answer> one = {{item.state, answer.completion}};
  set_verdict(task, task.verify(one).front(), answer);
  answer.traits = task.count_traits(one).front();
}

namespace {

// The prompts of what a book does not know, one for each row of samples of a problem that are
// wanted.
std::vector<Prompt> missing_prompts(const std::vector<Prompt>& prompts, const AnswerBook& book,
                                    bool greedy) {
  std::vector<Prompt> out;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    bool goes_on = false;
    for (std::int64_t s = 0; s < prompts[p].samples; ++s) {
      const bool known = book.known.count({greedy, p, s}) > 0;
      if (!known && goes_on) ++out.back().samples;
      else if (!known) out.push_back({prompts[p].ids, 1, static_cast<std::int64_t>(p), s});
      goes_on = !known;
    }
  }
  return out;
}

// Completions of the prompts, which name their problems, in the order of problems. What has ended
// when it is interrupted goes to `rescued`.
std::vector<Episode> sample_episodes(Engine& engine, const std::vector<Prompt>& prompts,
                                     const Sampling& sampling, GenerateHooks hooks,
                                     std::vector<Episode>* rescued) {
  const auto name_problem = [&](Episode& episode) {
    const Prompt& prompt = prompts[episode.prompt];
    if (prompt.number >= 0) episode.prompt = prompt.number;
  };
  if (rescued != nullptr) hooks.on_episode = [&](const Episode& e) { rescued->push_back(e); };
  try {
    std::vector<Episode> episodes = engine.generate(prompts, sampling, hooks);
    for (Episode& episode : episodes) name_problem(episode);
    return episodes;
  } catch (const Interrupted&) {
    if (rescued != nullptr) {
      for (Episode& episode : *rescued) name_problem(episode);
    }
    throw;
  }
}

// Replaces completions that gave up by later ones, within `options.max_tokens` for all that one
// sample says. Returns the tokens of each sample.
std::vector<std::int64_t> ask_again(const AnsweringModel& model, const Task& task,
                                    const EvalSet& set, const EvalOptions& options,
                                    Sampling sampling, std::vector<ScoredCompletion>& completions) {
  const std::size_t gave_up = trait_index(task.about().traits, kGaveUp).value();
  const std::vector<Prompt> prompts = make_prompts(model.tokenizer, model.framing, set.items, 1);
  std::vector<std::int64_t> spent;
  for (const ScoredCompletion& c : completions) spent.push_back(std::ssize(c.episode.tokens));
  for (std::uint64_t round = 1;; ++round) {
    std::vector<Prompt> again;
    for (std::size_t i = 0; i < completions.size(); ++i) {
      if (completions[i].traits[gave_up] != 1 || spent[i] >= options.max_tokens) continue;
      again.push_back(
          {.ids = prompts[completions[i].item].ids, .number = static_cast<std::int64_t>(i)});
    }
    if (again.empty()) return spent;
    sampling.step = round_of_step(options.step, round);
    std::vector<Episode> episodes = model.engine.generate(again, sampling, {.stop = options.stop});
    for (Episode& episode : episodes) {
      const std::int64_t i = again[episode.prompt].number;
      const std::int64_t left = options.max_tokens - spent[i];
      if (std::ssize(episode.tokens) > left) {
        episode.tokens.resize(left);
        episode.end = End::length;
      }
      spent[i] += std::ssize(episode.tokens);
      episode.prompt = static_cast<std::int64_t>(completions[i].item);
      episode.sample = completions[i].episode.sample;
    }
    auto scored = score_episodes(model.tokenizer, task, set.items, std::move(episodes));
    for (std::size_t k = 0; k < again.size(); ++k)
      completions[again[k].number] = std::move(scored[k]);
  }
}

}  // namespace

std::vector<EvalAnswer> answer_set(const AnsweringModel& model, const Task& task,
                                   const EvalSet& set, const EvalOptions& options,
                                   std::vector<ScoredCompletion>* shown, const AnswerBook* book) {
  std::vector<EvalAnswer> answers;
  Sampling sampling{.max_tokens = options.max_tokens,
                    .temperature = options.temperature,
                    .eos = model.eos,
                    .seed = options.seed,
                    .stream = RandomStream::evaluation,
                    .step = options.step};
  const auto judge = [&](std::vector<Episode> episodes, bool greedy) {
    auto completions = score_episodes(model.tokenizer, task, set.items, std::move(episodes));
    std::vector<std::int64_t> tokens;  // of all that a sample says; empty: of its one completion
    if (options.ask_again && !greedy)
      tokens = ask_again(model, task, set, options, sampling, completions);
    for (std::size_t i = 0; i < completions.size(); ++i) {
      answers.push_back(eval_answer(task, completions[i], greedy));
      if (!tokens.empty()) answers.back().tokens = tokens[i];
      if (book != nullptr) book->take(answers.back());
    }
    return completions;
  };
  const auto sample = [&](std::int64_t samples, bool greedy) {
    std::vector<Prompt> prompts = make_prompts(model.tokenizer, model.framing, set.items, samples);
    if (book != nullptr) prompts = missing_prompts(prompts, *book, greedy);
    std::vector<Episode> ended;
    try {
      return judge(sample_episodes(model.engine, prompts, sampling, {.stop = options.stop},
                                   book != nullptr ? &ended : nullptr),
                   greedy);
    } catch (const Interrupted&) {
      judge(std::move(ended), greedy);
      throw;
    }
  };
  auto completions = sample(options.samples, false);
  if (shown != nullptr) *shown = std::move(completions);
  sampling.temperature = 0;
  if (options.greedy) sample(1, true);
  return answers;
}

EvalReport summarize(const EvalSet& set, const std::vector<EvalAnswer>& answers,
                     std::int64_t samples, const std::vector<TaskTrait>& traits) {
  TraitMeans means(traits);
  EvalReport report;
  report.problems = static_cast<double>(set.items.size());
  report.keys = static_cast<double>(set.keys);
  report.samples = static_cast<double>(samples);
  report.tallies.resize(set.items.size());
  double counted = 0;
  for (const EvalAnswer& a : answers) {
    if (a.greedy) report.greedy_tallies.resize(set.items.size());
    auto& tally = (a.greedy ? report.greedy_tallies : report.tallies)[a.problem];
    if (is_usable(a.outcome)) tally = {tally.right + (a.right ? 1 : 0), tally.judged + 1};
    if (a.greedy) continue;
    count(a, set, report);
    if (!a.traits.empty()) means.add(a.traits);
    report.length += a.tokens.value_or(0);
    counted += a.tokens.has_value() ? 1 : 0;
  }
  report.traits = means.means();
  report.accuracy_interval = clustered_wilson(report.tallies);
  report.greedy = share_right(report.greedy_tallies);
  report.length = counted > 0 ? report.length / counted : 0;
  if (report.total > 0) {
    report.truncated /= report.total;
    report.failed = 1 - report.judged / report.total;
  }
  for (std::int64_t k = 1; k <= samples; k *= 2) {
    const std::vector<double> values = pass_values(report.tallies, k);
    report.pass_at.push_back(values.empty() ? 0
                                            : std::accumulate(values.begin(), values.end(), 0.0) /
                                                  static_cast<double>(values.size()));
  }
  return report;
}

EvalReport evaluate(const AnsweringModel& model, const Task& task, const EvalSet& set,
                    const EvalOptions& options, std::vector<ScoredCompletion>* shown) {
  return summarize(set, answer_set(model, task, set, options, shown), options.samples,
                   task.about().traits);
}

}  // namespace tinyzero
