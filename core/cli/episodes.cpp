// episodes: what the policy said in a step of a run, with the verdicts.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/cli/completion_text.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/run/episode_choice.h"
#include "core/run/episode_file.h"
#include "core/run/run_folder.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kSamples = 3;  // shown where nothing else is asked for
constexpr std::size_t kReasons = 20;  // rows of the table, most
constexpr std::size_t kReasonWord = 40, kLeastWord = 12,
                      kNumbers =
                          38;  // columns: of a reason at most and at least, of what is beside it

// A line of a file and what it says.
struct StoredEpisode {
  std::string line;
  Json record;
};

// -1 if it is not there.
std::int64_t integer_field(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

EpisodeRank rank_of(const Json& record, std::int64_t place) {
  return {number_field(record, "reward"), integer_field(record, "tokens"), place};
}

class Total {
 public:
  void add(const Json& record) {
    ++count_;
    add(reward_, number_field(record, "reward"));
    add(tokens_, number_field(record, "tokens"));
    cut_ += text_field(record, "end") == "length" ? 1 : 0;
    const auto right = record.find("right");
    if (right != record.end() && right->is_boolean()) add(right_, *right ? 1 : 0);
  }
  double count() const { return count_; }
  double reward() const { return mean(reward_); }
  double tokens() const { return mean(tokens_); }
  double right() const { return mean(right_); }  // NaN: the program that wrote them did not say
  double cut() const { return cut_ / count_; }

 private:
  using Sum = std::pair<double, double>;  // of values, and their number
  static void add(Sum& sum, double value) {
    if (std::isfinite(value)) sum = {sum.first + value, sum.second + 1};
  }
  static double mean(const Sum& sum) {
    return sum.second > 0 ? sum.first / sum.second : std::numeric_limits<double>::quiet_NaN();
  }

  double count_ = 0, cut_ = 0;
  Sum reward_, tokens_, right_;
};

struct Step {
  fs::path file;
  std::int64_t step = 0, first = 0, last = 0;  // that the run has
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
    throw Error(fmt::format("{} has no episodes of step {}: it has {} step{} from {} to {}",
                            folder.path().string(), step, files.size(),
                            files.size() == 1 ? "" : "s", files.begin()->first,
                            files.rbegin()->first));
  return {found->second, step, files.begin()->first, files.rbegin()->first};
}

bool fits(const EpisodesOptions& o, const Json& record) {
  return (!o.reason || text_field(record, "reason") == *o.reason) &&
         (!o.outcome || text_field(record, "outcome") == *o.outcome) &&
         (!o.key || text_field(record, "key") == *o.key) &&
         (!o.problem || integer_field(record, "problem") == *o.problem);
}

// Calls work(episode, place) for each that is asked for; `all`, if not null, is told of every one.
void for_episodes(const EpisodesOptions& options, const fs::path& file,
                  const std::function<void(StoredEpisode, std::int64_t)>& work,
                  const std::function<void(const Json&)>& all = nullptr) {
  EpisodeReader lines(file);
  StoredEpisode episode;
  for (std::int64_t place = 0; lines.next(episode.line); ++place) {
    episode.record = parse_json(episode.line, lines.place());
    if (!episode.record.is_object()) throw Error(lines.place() + " is not a JSON object");
    if (all) all(episode.record);
    if (fits(options, episode.record)) work(std::move(episode), place);
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

void print_reasons(const std::map<std::string, Total>& reasons, double count) {
  std::vector<std::pair<std::string, Total>> rows(reasons.begin(), reasons.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.count() > b.second.count();
  });
  const std::size_t width = std::clamp(page_columns() - kNumbers, kLeastWord, kReasonWord);
  print("\n  {:<{}} {:>7} {:>8} {:>8} {:>8}\n", "reason", width, "count", "share", "reward",
        "tokens");
  for (std::size_t i = 0; i < std::min(rows.size(), kReasons); ++i) {
    const auto& [reason, total] = rows[i];
    const std::string word = one_line(reason, width);
    print("  {}{} {:>7} {:>6.1f} % {:>8.3g} {:>8.4g}\n", word,
          std::string(width - std::min(width, text_columns(word)), ' '), total.count(),
          100 * total.count() / count, total.reward(), total.tokens());
  }
  if (rows.size() > kReasons) print("  and {} more\n", rows.size() - kReasons);
}

void print_step(const Step& step, const EpisodesOptions& options) {
  const auto [order, most] = order_of(options);
  FirstEpisodes<Json> chosen(order, most);
  std::map<std::string, Total> reasons;
  std::set<std::int64_t> problems;
  Total total;
  double of = 0;
  std::set<std::string> known;  // reasons in the step
  const auto take = [&](StoredEpisode episode, std::int64_t place) {
    Json& record = episode.record;
    total.add(record);
    reasons[text_field(record, "reason")].add(record);
    problems.insert(integer_field(record, "problem"));
    const EpisodeRank rank = rank_of(record, place);
    chosen.add(rank, std::move(record));
  };
  for_episodes(options, step.file, take, [&](const Json& record) {
    ++of;
    if (known.size() < kReasons) known.insert(one_line(text_field(record, "reason"), kReasonWord));
  });
  print("step {} · {}{} completions of {} problem{} · the run has steps {} to {}\n", step.step,
        total.count(), total.count() < of ? fmt::format(" of {}", of) : "", problems.size(),
        problems.size() == 1 ? "" : "s", step.first, step.last);
  if (total.count() == 0) {
    for (const std::string& line :
         folded(fmt::format("reasons of the step: {}", fmt::join(known, ", ")), page_columns(), 2))
      print("{}\n", line);
    return;
  }
  print("reward {:.4g}{} · {:.5g} tokens · {:.1f} % cut at the limit\n", total.reward(),
        std::isfinite(total.right()) ? fmt::format(" · {:.1f} % right", 100 * total.right()) : "",
        total.tokens(), 100 * total.cut());
  print_reasons(reasons, total.count());
  const std::vector<Json> shown = chosen.take();
  print("\n{}\n", order_text(order, shown.size()));
  for (const Json& record : shown) print("\n{}", completion_text(record, page_columns()));
}

// As they are stored: in the order asked for, or else in that of the file.
void print_lines(const Step& step, const EpisodesOptions& options) {
  if (options.worst + options.best + options.sample == 0)
    return for_episodes(options, step.file, [](const StoredEpisode& episode, std::int64_t) {
      print_json_text(episode.line);
    });
  const auto [order, most] = order_of(options);
  FirstEpisodes<std::string> chosen(order, most);
  for_episodes(options, step.file, [&](StoredEpisode episode, std::int64_t place) {
    const EpisodeRank rank = rank_of(episode.record, place);
    chosen.add(rank, std::move(episode.line));
  });
  for (const std::string& line : chosen.take()) print_json_text(line);
}

}  // namespace

int episodes_command(const GlobalOptions&, const EpisodesOptions& options) {
  const Step step = find_step(options);
  if (options.json) print_lines(step, options);
  else print_step(step, options);
  return 0;
}

}  // namespace tinyzero
