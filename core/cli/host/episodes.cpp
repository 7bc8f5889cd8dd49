// episodes: completions of a step of a run, with their verdicts.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/cli/commands.h"
#include "core/cli/completion_text.h"
#include "core/cli/episode_totals.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/run/episode_choice.h"
#include "core/run/episode_file.h"
#include "core/run/run_folder.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kSamples = 3;  // completions that are shown by default
constexpr std::size_t kReasons = 20;  // rows of the table, at most

struct EpisodesOptions {
  std::string run;
  std::optional<std::string> reason;
  std::optional<std::string> outcome;
  std::optional<std::string> key;
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> problem;
  std::int64_t worst = 0;
  std::int64_t best = 0;
  std::int64_t sample = 0;
  bool json = false;
};

// A line of a file of episodes, and the line as JSON.
struct StoredEpisode {
  std::string line;
  Json record;
};

// -1 if the record has no such integer.
std::int64_t integer_field(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

EpisodeRank rank_of(const Json& record, std::int64_t index) {
  return {number_field(record, "reward"), integer_field(record, "tokens"), index};
}

struct Step {
  fs::path file;
  std::int64_t step = 0;
  // Of all steps that the run has.
  std::int64_t first = 0;
  std::int64_t last = 0;
};

Step find_step(const EpisodesOptions& options) {
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  const auto files = episode_files(folder.path());
  if (files.empty())
    throw Error(folder.path().string() + " has no episodes: no step of RL is done",
                "look again later");
  const std::int64_t step = options.step.value_or(files.rbegin()->first);
  const auto found = files.find(step);
  if (found == files.end())
    throw Error(fmt::format("{} has no episodes of step {}: it has {} from {} to {}",
                            folder.path().string(), step, counted(std::ssize(files), "step"),
                            files.begin()->first, files.rbegin()->first));
  return {found->second, step, files.begin()->first, files.rbegin()->first};
}

bool fits(const EpisodesOptions& o, const Json& record) {
  return (!o.reason || text_field(record, "reason") == *o.reason) &&
         (!o.outcome || text_field(record, "outcome") == *o.outcome) &&
         (!o.key || text_field(record, "key") == *o.key) &&
         (!o.problem || integer_field(record, "problem") == *o.problem);
}

// Calls work(episode, index) for each episode that is asked for, and `all`, if not null, for every
// one of the file.
void for_episodes(const EpisodesOptions& options, const fs::path& file,
                  const std::function<void(StoredEpisode, std::int64_t)>& work,
                  const std::function<void(const Json&)>& all = nullptr) {
  EpisodeReader lines(file);
  StoredEpisode episode;
  for (std::int64_t index = 0; lines.next(episode.line); ++index) {
    episode.record = parse_json(episode.line, lines.place());
    if (!episode.record.is_object()) throw Error(lines.place() + " is not a JSON object");
    if (all) all(episode.record);
    if (fits(options, episode.record)) work(std::move(episode), index);
  }
}

std::pair<EpisodeOrder, std::int64_t> order_of(const EpisodesOptions& o) {
  if (o.worst > 0) return {EpisodeOrder::worst, o.worst};
  if (o.best > 0) return {EpisodeOrder::best, o.best};
  return {EpisodeOrder::sample, o.sample > 0 ? o.sample : kSamples};
}

std::string order_text(EpisodeOrder order, std::size_t shown) {
  if (order == EpisodeOrder::sample) return fmt::format("{} drawn at random", shown);
  return order == EpisodeOrder::worst
             ? fmt::format("the {} worst: lowest reward, then the longest", shown)
             : fmt::format("the {} best: highest reward, then the shortest", shown);
}

// What a step says about itself.
struct StepSummary {
  EpisodeTotal total;                           // episodes that are asked for
  std::map<std::string, EpisodeTotal> reasons;  // the same, by reason
  std::set<std::int64_t> problems;              // the same
  double of = 0;                                // all episodes
  std::set<std::string> known;                  // reasons of all episodes, the first kReasons
  std::vector<Json> shown;
};

StepSummary summarize(const Step& step, const EpisodesOptions& options) {
  const auto [order, most] = order_of(options);
  FirstEpisodes<Json> chosen(order, most);
  StepSummary out;
  const auto take = [&](StoredEpisode episode, std::int64_t index) {
    Json& record = episode.record;
    out.total.add(record);
    out.reasons[text_field(record, "reason")].add(record);
    out.problems.insert(integer_field(record, "problem"));
    const EpisodeRank rank = rank_of(record, index);
    chosen.add(rank, std::move(record));
  };
  for_episodes(options, step.file, take, [&](const Json& record) {
    ++out.of;
    if (out.known.size() < kReasons) out.known.insert(reason_word(text_field(record, "reason")));
  });
  out.shown = chosen.take();
  return out;
}

void print_folded(const std::string& text) {
  for (const std::string& line : folded(text, page_columns(), 2)) print("{}\n", line);
}

void print_step(const Step& step, const EpisodesOptions& options) {
  const StepSummary s = summarize(step, options);
  const EpisodeTotal& total = s.total;
  print("step {} · {}{} completions of {} · the run has steps {} to {}\n", step.step, total.count(),
        total.count() < s.of ? fmt::format(" of {}", s.of) : "",
        counted(std::ssize(s.problems), "problem"), step.first, step.last);
  if (total.count() == 0)
    return print_folded(fmt::format("reasons of the step: {}", fmt::join(s.known, ", ")));
  print("reward {:.4g}{} · {:.5g} tokens · {:.1f} % cut at the limit\n", total.reward(),
        std::isfinite(total.right()) ? fmt::format(" · {:.1f} % right", 100 * total.right()) : "",
        total.tokens(), 100 * total.cut());
  print("{}", reasons_table(s.reasons, {.rows = kReasons, .columns = page_columns()}));
  print("\n{}\n", order_text(order_of(options).first, s.shown.size()));
  for (const Json& record : s.shown) print("\n{}", completion_text(record, page_columns()));
}

// Prints lines as they are stored, in the order that is asked for or else in that of the file.
void print_lines(const Step& step, const EpisodesOptions& options) {
  if (options.worst + options.best + options.sample == 0)
    return for_episodes(options, step.file, [](const StoredEpisode& episode, std::int64_t) {
      print_json_text(episode.line);
    });
  const auto [order, most] = order_of(options);
  FirstEpisodes<std::string> chosen(order, most);
  for_episodes(options, step.file, [&](StoredEpisode episode, std::int64_t index) {
    const EpisodeRank rank = rank_of(episode.record, index);
    chosen.add(rank, std::move(episode.line));
  });
  for (const std::string& line : chosen.take()) print_json_text(line);
}

int run_episodes(const GlobalOptions&, const EpisodesOptions& options) {
  const Step step = find_step(options);
  if (options.json) print_lines(step, options);
  else print_step(step, options);
  return 0;
}

void add_choice(CLI::App& c, EpisodesOptions& o) {
  const auto count = between(1, 1000000);
  CLI::Option* worst =
      c.add_option("--worst", o.worst, "show this many: lowest reward first; ties: longest first")
          ->check(count);
  CLI::Option* best =
      c.add_option("--best", o.best, "highest reward first, of equal ones the shortest")
          ->check(count)
          ->excludes(worst);
  c.add_option("--sample", o.sample, "drawn at random, the same each time; default: 3")
      ->check(count)
      ->excludes(worst)
      ->excludes(best);
}

}  // namespace

void add_episodes(const Commands& commands) {
  commands.add<EpisodesOptions>(
      "episodes", "What a run's policy said in a step, with verdicts: reasons, the worst, the best",
      run_episodes, [](CLI::App& c, EpisodesOptions& o) {
        c.add_option("run", o.run, "run folder")->required();
        c.add_option("--step", o.step, "step of RL; default: the newest");
        add_choice(c, o);
        c.add_option("--reason", o.reason, "only those with this reason");
        c.add_option("--outcome", o.outcome,
                     "only those with this outcome: scored, unparsable, abstain, error or timeout");
        c.add_option("--key", o.key, "only those of the problem with this key");
        c.add_option("--problem", o.problem,
                     "only those of the problem at this place in the step, from 0");
        c.add_flag(
            "--json", o.json,
            "print them as they are stored, one JSON object a line; without a number, all of them");
      });
}

}  // namespace tinyzero
