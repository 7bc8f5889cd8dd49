#include "core/config/comparison.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/config/document.h"
#include "core/config/overrides.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

constexpr double kRandomReward = 0.5;          // probability of a reward in the control
constexpr std::int64_t kMostSteps = 10000000;  // with a budget of tokens or seconds

// The entry at a dotted path of a tree; null if there is none.
const Entry* entry_at(const Node& root, const std::string& path) {
  const std::size_t dot = path.find('.');
  const Entry* entry = root.find_entry(path.substr(0, dot));
  if (dot == std::string::npos || entry == nullptr) return entry;
  return entry_at(entry->value, path.substr(dot + 1));
}

// Sets the value at a dotted path, as written at `origin`. Missing sections are made.
void set(Node& root, const std::string& path, Node value, const Origin& origin) {
  const std::size_t dot = path.find('.');
  const std::string name = path.substr(0, dot);
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::map;
  if (root.kind != Node::Kind::map)
    throw Error(root.origin, "expected a map of settings, found " + root.describe());
  if (root.find(name) == nullptr)
    root.entries.push_back({.name = name, .origin = origin, .value = Node::make_map(origin)});
  Node& target = *root.find(name);
  if (dot == std::string::npos) target = std::move(value);
  else set(target, path.substr(dot + 1), std::move(value), origin);
}

void remove(Node& map, const std::string& name) {
  std::erase_if(map.entries, [&](const Entry& e) { return e.name == name; });
}

// The settings of an arm with sections in place of dotted keys.
Node with_sections(const std::string& arm, const Node& settings) {
  Node out = Node::make_map(settings.origin);
  for (const Entry& entry : settings.entries) {
    if (entry.name.find('.') == std::string::npos && out.find(entry.name) == nullptr) {
      out.entries.push_back(entry);
      continue;
    }
    if (entry.name.front() == '.' || entry.name.back() == '.' ||
        entry.name.find("..") != std::string::npos)
      throw Error(entry.origin,
                  "compare.arms." + arm + ": \"" + entry.name + "\" has an empty name in its key");
    if (entry_at(out, entry.name) != nullptr)
      throw Error(entry.origin, "compare.arms." + arm + ": \"" + entry.name + "\" is set twice",
                  "keep one of them");
    set(out, entry.name, entry.value, entry.origin);
  }
  return out;
}

// Settings that an arm cannot have, and why.
constexpr std::pair<const char*, const char*> kRefused[] = {
    {"seed", "compare.seeds says which seeds every arm is run with"},
    {"threads", "every run has the same number of threads: the file's, divided by --jobs"},
    {"compare", "an arm holds settings of an experiment"},
    {"extends", "an arm cannot extend a file: write its settings out"},
    {"eval", "every arm is evaluated alike: set eval: in the file"},
    {"checkpoint", "checkpoints follow evaluations in a comparison"},
    {"train.steps", "compare.budget says how long every arm may learn"},
    {"train.budget_tokens", "compare.budget says how long every arm may learn"},
    {"train.budget_seconds", "compare.budget says how long every arm may learn"}};

void refuse_keys(const Node& settings, const std::string& arm) {
  for (const auto& [path, hint] : kRefused) {
    if (const Entry* entry = entry_at(settings, path);
        entry != nullptr && entry->value.kind != Node::Kind::null)
      throw Error(entry->origin, "compare.arms." + arm + " cannot set " + path, hint);
  }
}

// Settings that the comparison decides, and what decides them.
constexpr std::pair<const char*, const char*> kIdle[] = {
    {"seed", "compare.seeds"},
    {"train.steps", "compare.budget"},
    {"train.budget_tokens", "compare.budget"},
    {"train.budget_seconds", "compare.budget"},
    {"eval.split", "selection on validation, the result on test"},
    {"checkpoint.every", "eval.every"},
    {"checkpoint.keep", "selection"}};

// Refuses such settings if the comparison's own file or the command line has them. Inherited ones
// are replaced silently.
void refuse_idle(const Node& root, const Origin& compare, Mistakes& mistakes) {
  for (const auto& [path, by] : kIdle) {
    const Entry* entry = entry_at(root, path);
    if (entry == nullptr) continue;
    const Origin& origin = entry->value.origin;
    if (origin.source != compare.source && origin.source != "command line") continue;
    mistakes.add(Error(origin,
                       path + std::string(" has no effect in a comparison: ") + by + " decides",
                       "remove it"));
  }
}

void check_name(const Entry& arm) {
  const auto plain = [](char c) {
    return is_ascii_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  };
  if (arm.name.size() <= 64 && arm.name.front() != '.' &&
      std::all_of(arm.name.begin(), arm.name.end(), plain))
    return;
  throw Error(arm.origin, "\"" + arm.name + "\" cannot be an arm: it names a folder",
              "use up to 64 letters, digits, _ - and dots, for example grpo-kl");
}

Node arm_root(const Node& base, const Entry& arm) {
  const Node& given = arm.value;
  if (given.kind != Node::Kind::map && given.kind != Node::Kind::null) {
    throw Error(given.origin,
                "compare.arms." + arm.name + " is " + given.describe() +
                    ", expected what differs from the file",
                "for example " + arm.name + ": {algorithm: {use: NAME}}");
  }
  Node settings = with_sections(arm.name, given);
  refuse_keys(settings, arm.name);
  Node root = base;
  for (const char* section : {"task", "demonstrations", "algorithm"}) {
    const Node* own = settings.find(section);
    if (own == nullptr || own->kind == Node::Kind::null) continue;
    if (own->kind != Node::Kind::map || own->find("use") != nullptr) remove(root, section);
  }
  expand_short_forms(settings);
  overlay(root, std::move(settings));
  return root;
}

// Gives every run the comparison's budget and its evaluation.
void fix_settings(Node& root, const Comparison& comparison, const Origin& origin) {
  const auto number = [&](const char* path, double value) {
    set(root, path, Node::make_scalar(real_text(value), origin), origin);
  };
  set(root, "seed", Node::make_scalar(std::to_string(comparison.seeds.front()), origin), origin);
  number("train.steps",
         static_cast<double>(comparison.budget.steps > 0 ? comparison.budget.steps : kMostSteps));
  number("train.budget_tokens", comparison.budget.tokens);
  number("train.budget_seconds", comparison.budget.seconds);
  set(root, "eval.split", Node::make_scalar("validation", origin), origin);
}

// Settings in which a control differs from the first arm: dotted keys with their values.
using Changes = std::vector<std::pair<std::string, std::string>>;

Changes changes_of(ArmRole role) {
  switch (role) {
    case ArmRole::cooler: return {{"train.steps", "0"}, {"eval.best_temperature", "true"}};
    case ArmRole::restart: return {{"train.steps", "0"}, {"eval.ask_again", "true"}};
    case ArmRole::random_reward: return {{"train.random_reward", real_text(kRandomReward)}};
    case ArmRole::best_of: return {{"algorithm.use", "raft"}, {"train.imitate", "false"}};
    case ArmRole::more_imitation:
      return {{"algorithm.use", "raft"}, {"algorithm.keep", "all"},
              {"train.imitate", "true"}, {"train.random_reward", "0"},
              {"rollout.ahead", "0"},    {"rollout.mixed_rounds", "0"}};
    default: return {{"train.steps", "0"}};
  }
}

void add_controls(Comparison& comparison, const Origin& compare, const Node* controls) {
  const ComparisonArm first = comparison.arms.front();
  const Origin origin = controls != nullptr ? controls->origin : compare;
  const auto& names = comparison.controls;
  const auto wanted = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (wanted("none") && names.size() > 1)
    throw Error(origin, "compare.controls names none together with others", "remove it");
  const bool warm = Experiment::from_node(first.root, comparison.name).warm_start.steps > 0;
  if (wanted("warm_start") && !warm && controls != nullptr)
    throw Error(origin, "the control warm_start has no effect: warm_start.steps is 0", "remove it");
  const auto add = [&](ArmRole role, const Changes& changes) {
    ComparisonArm control{.name = role_name(role), .role = role, .root = first.root};
    if (role == ArmRole::untrained) {
      remove(control.root, "warm_start");
      remove(control.root, "demonstrations");
    }
    Origin over = origin;
    over.layer = 2;  // above the command line, so that settings the control makes idle are dropped
    for (const auto& [path, value] : changes) {
      if (path.starts_with("algorithm.")) remove(control.root, "algorithm");
    }
    for (const auto& [path, value] : changes)
      set(control.root, path, Node::make_scalar(value, over), over);
    comparison.arms.push_back(std::move(control));
  };
  for (const ArmRole role : kControls) {
    if (role == ArmRole::warm_start && !warm) continue;
    if (wanted(role_name(role))) add(role, changes_of(role));
  }
}

void check_seeds(const Comparison& comparison, const Node* node) {
  const std::set<std::int64_t> different(comparison.seeds.begin(), comparison.seeds.end());
  if (different.size() != comparison.seeds.size())
    throw Error(node->origin, "compare.seeds names a seed twice", "keep one of them");
}

void check_budget(const Comparison& comparison, const Node& compare) {
  const Node* node = compare.find("budget");
  const ComparisonBudget& b = comparison.budget;
  const int given = (b.tokens > 0 ? 1 : 0) + (b.seconds > 0 ? 1 : 0) + (b.steps > 0 ? 1 : 0);
  if (given == 1) return;
  throw Error((node != nullptr ? node : &compare)->origin,
              given == 0 ? "compare.budget is missing: what every run may use"
                         : "compare.budget sets more than one of tokens, seconds, steps",
              given == 0 ? "for example budget: {tokens: 1e6}, or steps, or seconds"
                         : "one budget binds: keep one of them");
}

}  // namespace

std::string role_name(ArmRole role) {
  static const char* const kNames[] = {"arm",     "untrained",     "warm_start", "cooler",
                                       "restart", "random_reward", "best_of",    "more_imitation"};
  return kNames[static_cast<int>(role)];
}

bool learns(ArmRole role) {
  return role == ArmRole::arm || role == ArmRole::random_reward || role == ArmRole::best_of ||
         role == ArmRole::more_imitation;
}

void ComparisonBudget::describe(SettingsTable& t) {
  t.add("tokens", tokens,
        "completion tokens of a run's RL, charged as by train.budget_tokens; 0: another budget "
        "binds")
      .between(0, 1e15);
  t.add("seconds", seconds,
        "seconds of a run's RL steps, without evaluation; 0: another budget binds")
      .between(0, 1e9);
  t.add("steps", steps, "RL steps; 0: another budget binds").between(0, 1e7);
}

std::string ComparisonBudget::unit() const {
  return tokens > 0 ? "tokens" : seconds > 0 ? "seconds" : "steps";
}

double ComparisonBudget::amount() const {
  return tokens > 0 ? tokens : seconds > 0 ? seconds : static_cast<double>(steps);
}

namespace {

std::vector<std::string> control_names() {
  std::vector<std::string> names = {"none"};
  for (const ArmRole role : kControls) names.push_back(role_name(role));
  return names;
}

}  // namespace

void Comparison::describe(SettingsTable& t) {
  t.add("seeds", seeds, "seeds; each arm is run once with each of them")
      .between(0, 9007199254740992.0);
  t.add(
       "controls", controls,
       "what the arms are compared with: untrained (the model before any training), warm_start "
       "(the model before RL), cooler (that at its best temperature), restart (that, asked again "
       "when it gives up), random_reward (the first arm, rewarded by a coin), best_of (it imitates "
       "its own right completions), more_imitation (it imitates more demonstrations); none")
      .one_of(control_names());
  t.add(
       "pairs", pairs,
       "verdicts: first (each arm and control against the first arm), all (also every two of them, "
       "but two controls)")
      .one_of({"first", "all"});
  t.add("resamples", resamples,
        "resamples of the bootstrap intervals of profiles and interquartile means")
      .between(100, 1e7);
}

Comparison Comparison::load(const std::filesystem::path& path,
                            const std::vector<std::string>& overrides, const KeysOf& keys_of) {
  Mistakes mistakes;
  Node root = load_with_overrides(path, overrides, mistakes);
  mistakes.refuse();
  return from_node(std::move(root), path.stem().string(), keys_of);
}

namespace {

// Reads the settings of the section compare:, except the arms.
void read_section(Comparison& out, const Node& compare, Mistakes& mistakes) {
  SettingsTable table;
  SettingsTable budget;
  out.describe(table);
  out.budget.describe(budget);
  mistakes.collect(
      [&] { read_settings(&compare, table, "compare", {.reserved = {"arms", "budget"}}); });
  mistakes.collect([&] { read_settings(compare.find("budget"), budget, "compare.budget"); });
  if (mistakes.empty()) mistakes.collect([&] { check_budget(out, compare); });
  if (mistakes.empty()) mistakes.collect([&] { check_seeds(out, compare.find("seeds")); });
}

// Throws Error, or Errors, if there are no arms: nothing else can be checked then.
void check_arms(const Node& compare, Mistakes& mistakes) {
  const Node* arms = compare.find("arms");
  if (arms != nullptr && arms->kind == Node::Kind::map && !arms->entries.empty()) return;
  mistakes.add(Error(arms != nullptr ? arms->origin : compare.origin,
                     "compare.arms names nothing to compare",
                     "for example arms: {one: {algorithm: NAME}, other: {algorithm: OTHER}}"));
  mistakes.refuse();
}

void add_arm(Comparison& out, const Node& root, const Entry& entry, Mistakes& mistakes,
             const Comparison::KeysOf& keys_of) {
  check_name(entry);
  for (const ArmRole role : kControls) {
    if (entry.name == role_name(role))
      throw Error(entry.origin, "\"" + entry.name + "\" is the name of a control",
                  "rename the arm");
  }
  const Node& arm =
      out.arms
          .emplace_back(ComparisonArm{
              .name = entry.name, .role = ArmRole::arm, .root = arm_root(root, entry)})
          .root;
  Mistakes of_arm;
  Experiment::from_node(arm, out.name, of_arm);
  if (of_arm.empty()) return;
  Experiment::from_node(arm, out.name, mistakes,
                        keys_of ? keys_of(arm) : std::vector<std::string>());
}

}  // namespace

Comparison Comparison::from_node(Node root, const std::string& name, const KeysOf& keys_of) {
  const Entry* section = root.find_entry("compare");
  if (section == nullptr)
    throw Error(root.origin, "no section \"compare\"",
                "add compare: {arms: …, seeds: …, budget: …}; docs/comparing.md shows one");
  const Node compare = section->value;
  remove(root, "compare");
  Comparison out;
  out.name = name;
  Mistakes mistakes;
  read_section(out, compare, mistakes);
  refuse_idle(root, compare.origin, mistakes);
  expand_short_forms(root);
  fix_settings(root, out, compare.origin);
  check_arms(compare, mistakes);
  for (const Entry& entry : compare.find("arms")->entries)
    mistakes.collect([&] { add_arm(out, root, entry, mistakes, keys_of); });
  mistakes.refuse();
  add_controls(out, compare.origin, compare.find("controls"));
  return out;
}

}  // namespace tinyzero
