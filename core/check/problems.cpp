// Checks of problems: draws are pure, keys identify problems, solutions and demonstrations fit.

#include <fmt/format.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <map>
#include <set>

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/plugin/task_limits.h"
#include "core/task/stream.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kManyItems = 10000;
constexpr double kDrawSeconds = 20;  // time limit for drawing kManyItems
constexpr std::size_t kFewProblems = 10;
constexpr std::int64_t kShortestOverlap = 50;  // of two streams
constexpr double kShiftedStream = 0.5;         // share of equal problems

std::string text_of(const Item& item) {
  return item.prompt + '\0' + item.key + '\0' + item.state + '\0' + real_text(item.difficulty) +
         '\n';
}

std::string text_of(const std::vector<Item>& items) {
  std::string out;
  for (const Item& item : items) out += text_of(item);
  return out;
}

// As many problems of a seed, up to kManyItems, as kDrawSeconds allow.
std::vector<Item> many_items(const Task& task, std::uint64_t seed) {
  std::vector<Item> items;
  const Stopwatch watch;
  while (items.size() < kManyItems && watch.seconds() < kDrawSeconds) {
    for (Item& item : task.draw(seed, items.size(), 100)) items.push_back(std::move(item));
  }
  return items;
}

// An installed locale, if possible one that writes numbers with a decimal comma.
const char* foreign_locale() {
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {
    const locale_t locale = ::newlocale(LC_ALL_MASK, name, nullptr);
    if (locale == nullptr) continue;
    ::freelocale(locale);
    return name;
  }
  return "C.UTF-8";
}

void check_item(const Item& item) {
  require(!item.prompt.empty(), fmt::format("problem {} has no prompt", item.index));
  require(is_utf8(item.prompt) && is_utf8(item.key) && is_utf8(item.state),
          fmt::format("problem {} is not UTF-8", item.index));
  require(!item.key.empty(), fmt::format("problem {} has no key", item.index));
  require(item.state.size() <= 65536,
          fmt::format("the state of problem {} has {} bytes; 65536 are allowed", item.index,
                      item.state.size()));
  require(std::isfinite(item.difficulty),
          fmt::format("the difficulty of problem {} is {}", item.index, item.difficulty));
}

// Throws CheckFailed if two problems of one prompt have different keys.
void require_one_key_for_each_prompt(const std::vector<Item>& items) {
  std::map<std::string, std::string> key_of;  // by prompt
  for (const Item& item : items) {
    const auto [found, is_new] = key_of.try_emplace(item.prompt, item.key);
    require(is_new || found->second == item.key, "the prompt " + shown(item.prompt) +
                                                     " has two keys, " + shown(found->second) +
                                                     " and " + shown(item.key));
  }
}

// How many of the items stand in `places` at one distance from their own place, for the distance
// with the most.
struct Shift {
  std::int64_t places = 0;
  std::size_t matches = 0;
  double share = 0;  // of the items that have a partner at this distance
};

Shift largest_shift(const std::map<std::string, std::vector<std::int64_t>>& places,
                    const std::vector<Item>& items) {
  std::map<std::int64_t, std::size_t> matches;  // by distance
  for (std::int64_t at = 0; at < std::ssize(items); ++at) {
    const auto found = places.find(text_of(items[at]));
    if (found == places.end()) continue;
    for (const std::int64_t place : found->second) ++matches[place - at];
  }
  Shift out;
  for (const auto& [distance, count] : matches) {
    const std::int64_t overlap = std::ssize(items) - std::abs(distance);
    if (overlap < kShortestOverlap || count <= out.matches) continue;
    out = {distance, count, static_cast<double>(count) / static_cast<double>(overlap)};
  }
  return out;
}

// A prompt without digits, case and white space.
std::string wording_of(const std::string& prompt) {
  std::string out;
  for (const char c : prompt) {
    if (static_cast<unsigned char>(c) <= ' ') continue;
    if (!is_ascii_digit(c)) out += ascii_lower(c);
    else if (out.empty() || out.back() != '0') out += '0';
  }
  return out;
}

}  // namespace

CheckResult check_draws(const CheckOptions& options) {
  const Task task = open_checked(options);
  const Task other = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  const std::string together = text_of(items);
  for (const Item& item : items) check_item(item);
  require(text_of(task.draw(options.seed, 0, kItems)) == together,
          "the same draws a second time give other problems");
  require(text_of(other.draw(options.seed, 0, kItems)) == together,
          "a second instance draws other problems");
  std::string alone;
  std::vector<std::uint64_t> from_the_end;
  for (std::uint64_t index = 0; index < kItems; ++index) {
    alone += text_of(task.draw(options.seed, {index}));
    from_the_end.push_back(kItems - 1 - index);
  }
  require(alone == together, "problems drawn one at a time differ from those drawn together");
  auto backwards = task.draw(options.seed, from_the_end);
  std::reverse(backwards.begin(), backwards.end());
  require(text_of(backwards) == together, "problems drawn in another order differ");
  const WorkerPlace place{
      .folder = "/",
      .variables = {std::string("LC_ALL=") + foreign_locale(), "TZ=Pacific/Auckland"},
      .computes_only = false};
  require(text_of(open_checked(options, place).task.draw(options.seed, 0, kItems)) == together,
          "another process, folder, locale and time zone give other problems");
  require(text_of(task.draw(options.seed + 1, 0, kItems)) != together,
          "another seed gives the same problems");
  return {Grade::pass, fmt::format("{} problems are the same twice, alone, backwards, in another "
                                   "instance, process, locale and folder",
                                   kItems)};
}

CheckResult check_keys(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = many_items(task, options.seed);
  require_one_key_for_each_prompt(items);
  std::map<std::string, const Item*> by_key;
  for (const Item& item : items) by_key.try_emplace(item.key, &item);
  // Equal keys mean equal problems: a solution of one solves the other.
  std::size_t pairs = 0;
  for (const Item& item : items) {
    const Item& first = *by_key[item.key];
    if (!task.can_solve() || &first == &item || first.state == item.state || pairs == kItems)
      continue;
    const auto solution = task.solve(first.state);
    if (!solution) continue;
    ++pairs;
    require(task.is_right(task.verify({{item.state, *solution}}).front()),
            "two problems share the key " + shown(item.key) +
                ", but a solution of one is wrong for the other: " + shown(*solution));
  }
  const double percent = 100.0 * by_key.size() / items.size();
  const std::string detail = fmt::format("{} draws hold {} different keys ({:.0f} %)", items.size(),
                                         by_key.size(), percent);
  return by_key.size() >= 1000
             ? CheckResult{Grade::pass, detail}
             : CheckResult{Grade::warn,
                           detail + ": a model can learn so few by heart; widen the settings"};
}

CheckResult check_splits(const CheckOptions& options) {
  const Task task = open_checked(options);
  std::map<Split, std::set<std::string>> keys;
  for (const std::uint64_t seed : {options.seed, options.seed + 1, options.seed + 1000}) {
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      for (const Item& item : draw_split(task, split, seed, 0, kItems))
        keys[split].insert(item.key);
    }
  }
  for (const auto& [split, own] : keys) {
    for (const auto& [other, others] : keys) {
      for (const std::string& key : own)
        require(split == other || others.count(key) == 0,
                "the key " + shown(key) + " is in two splits");
    }
  }
  return {Grade::pass,
          fmt::format("{} train, {} validation and {} test keys of three seeds, none shared",
                      keys[Split::train].size(), keys[Split::validation].size(),
                      keys[Split::test].size())};
}

// A generator that adds the index to its seed draws the problems of the next seed, one place on.
CheckResult check_streams(const CheckOptions& options) {
  const Task task = open_checked(options);
  std::map<std::string, std::vector<std::int64_t>> places;  // of each problem of the seed
  std::int64_t place = 0;
  for (const Item& item : task.draw(options.seed, 0, kItems))
    places[text_of(item)].push_back(place++);
  if (places.size() < kFewProblems)
    return {Grade::skip,
            fmt::format("{} different problems are too few to tell streams apart", places.size())};
  std::size_t most = 0;
  for (const std::uint64_t apart : {1, 2, 100}) {
    const Shift shift = largest_shift(places, task.draw(options.seed + apart, 0, kItems));
    require(shift.share < kShiftedStream,
            fmt::format("seed {} draws the problems of seed {}, {} places on: {:.0f} % of them are "
                        "the same",
                        options.seed + apart, options.seed, shift.places, 100 * shift.share));
    most = std::max(most, shift.matches);
  }
  return {Grade::pass,
          fmt::format("the problems of three other seeds match at most {} in any shift", most)};
}

CheckResult check_wordings(const CheckOptions& options) {
  const Task task = open_checked(options);
  std::set<std::string> trained;
  std::map<std::string, std::string> tested;  // key to wording
  for (const Item& item : many_items(task, options.seed)) {
    const Split split = split_of_key(item.key);
    if (split == Split::train) trained.insert(wording_of(item.prompt));
    if (split == Split::test) tested.emplace(item.key, wording_of(item.prompt));
  }
  const std::size_t near = std::count_if(tested.begin(), tested.end(), [&](const auto& test) {
    return trained.count(test.second) > 0;
  });
  const std::string detail = fmt::format(
      "{} of {} test problems differ from one in training in digits, case or white "
      "space alone",
      near, tested.size());
  if (near > tested.size() / 2) return {Grade::pass, detail + ": they are made from templates"};
  return {near > 0 ? Grade::warn : Grade::pass, detail};
}

CheckResult check_solutions(const CheckOptions& options) {
  const Task task = open_checked(options);
  if (!task.can_solve())
    return {Grade::warn,
            "the task has no solver: write solve(), so that a run can check its verdicts before it "
            "starts"};
  std::size_t solved = 0;
  for (const Item& item : task.draw(options.seed, 0, kItems)) {
    const auto solution = task.solve(item.state);
    if (!solution) continue;
    ++solved;
    require(task.solve(item.state) == solution,
            "the solver gives two different answers to " + shown(item.prompt));
    const Verdict verdict = task.verify({{item.state, *solution}}).front();
    require(task.is_right(verdict),
            fmt::format("the solution {} of {} earns {} ({})", shown(*solution), shown(item.prompt),
                        verdict.reward, task.reason(verdict)));
  }
  require(solved > 0, "the solver solves none of the problems that are drawn");
  return {solved == kItems ? Grade::pass : Grade::warn,
          fmt::format("{} of {} problems have a solution, and each earns the full reward", solved,
                      kItems)};
}

CheckResult check_demonstrations(const CheckOptions& options) {
  const Task task = open_checked(options);
  if (!task.can_demonstrate())
    return {Grade::skip, "the task has no demonstrations: a warm start is not possible"};
  std::size_t right = 0;
  for (const Item& item : task.draw(options.seed, 0, kItems)) {
    const std::string trace = task.demonstrate(item.state, options.seed, item.index);
    require(trace == task.demonstrate(item.state, options.seed, item.index),
            "a demonstration is not a function of its problem, seed and index");
    require(is_utf8(trace) && !trace.empty(),
            "the demonstration of " + shown(item.prompt) + " is empty or not UTF-8");
    right += task.is_right(task.verify({{item.state, trace}}).front()) ? 1 : 0;
  }
  const double share = 100.0 * right / kItems;
  if (right == 0) return {Grade::warn, "no demonstration ends in a right answer"};
  return {Grade::pass, fmt::format("{:.0f} % of the demonstrations end in a right answer", share)};
}

}  // namespace tinyzero
