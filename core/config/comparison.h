// A comparison: an experiment with a section `compare:` that lists the variants.
//
//   compare:
//     arms:                                   # name: what differs from the rest of the file
//       grpo: {algorithm: grpo}
//       ppo:  {algorithm: ppo}
//       slow: {train.learning_rate: 1e-4}     # dotted keys or sections
//     seeds: [1, 2, 3, 4, 5]
//     budget: {tokens: 1e6}                   # for every run; or steps, or seconds
//     controls: [untrained, warm_start]       # and others of ArmRole; or none
//
// An arm's section `task` or `algorithm` replaces the file's section if it says which to use.
// Everything else in an arm overrides the file key by key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/config/experiment.h"
#include "core/config/node.h"

namespace tinyzero {

// An arm of the file, or a control, which is the first arm but for one thing.
enum class ArmRole {
  arm,
  untrained,       // without warm start and RL
  warm_start,      // before RL
  cooler,          // before RL, at the temperature that suits it best
  restart,         // before RL, asked again when it gives up
  random_reward,   // rewarded by a coin
  best_of,         // imitates its own right completions
  more_imitation,  // imitates more demonstrations
};
inline constexpr ArmRole kControls[] = {
    ArmRole::untrained,     ArmRole::warm_start, ArmRole::cooler,        ArmRole::restart,
    ArmRole::random_reward, ArmRole::best_of,    ArmRole::more_imitation};

// Whether it learns after its start, as long as the budget lasts.
bool learns(ArmRole role);

// The role's name, "warm_start" for example; "arm" for an arm of the file.
std::string role_name(ArmRole role);

struct ComparisonArm {
  std::string name;
  ArmRole role = ArmRole::arm;
  Node root;  // the whole experiment without `compare`, with the comparison's seed and budget
};

struct ComparisonBudget {
  double tokens = 0;
  double seconds = 0;
  std::int64_t steps = 0;
  void describe(SettingsTable& t);

  std::string unit() const;  // "tokens", "seconds" or "steps"
  double amount() const;
};

struct Comparison {
  std::string name;  // the file's name without its extension
  std::vector<std::int64_t> seeds = {1, 2, 3, 4, 5};
  std::vector<std::string> controls = {"untrained", "warm_start"};
  std::string pairs = "first";  // arms that are tested against each other: with the first, or all
  std::int64_t resamples = 10000;
  ComparisonBudget budget;
  std::vector<ComparisonArm> arms;  // the file's arms in their order, then the controls
  void describe(SettingsTable& t);

  // Reads a file with `overrides` ("key=value") on top, and checks it; an arm's settings override
  // both. Throws Error, or Errors, with the place of each mistake. Settings of plugins are left to
  // the plugins. `keys_of` gives the dotted keys of the plugins that an arm uses, for hints; it may
  // be empty.
  using KeysOf = std::function<std::vector<std::string>(const Node& arm)>;
  static Comparison load(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides, const KeysOf& keys_of = {});
  static Comparison from_node(Node root, const std::string& name, const KeysOf& keys_of = {});
};

}  // namespace tinyzero
