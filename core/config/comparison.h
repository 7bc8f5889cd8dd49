// A comparison: an experiment with a section `compare:`, which says what is varied.
//
//   compare:
//     arms:                                   # name: what differs from the rest of the file
//       grpo: {algorithm: grpo}
//       ppo:  {algorithm: ppo}
//       slow: {train.learning_rate: 1e-4}     # dotted keys or sections
//     seeds: [1, 2, 3, 4, 5]
//     budget: {tokens: 1e6}                   # or steps, or seconds: what every run may use
//     controls: [untrained, warm_start]       # and random_reward; or none
//
// A section `task` or `algorithm` of an arm that says which to use replaces the file's; everything
// else is laid over it key by key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/config/document.h"
#include "core/config/experiment.h"

namespace tinyzero {

enum class ArmRole { arm, untrained, warm_start, random_reward };

// Name of a control's role: "untrained", "warm_start", "random_reward"; "arm" for the others.
std::string role_name(ArmRole role);

struct ComparisonArm {
  std::string name;
  ArmRole role = ArmRole::arm;
  Node
      root;  // the whole experiment, without `compare`, seed and budget as the comparison sets them
};

struct ComparisonBudget {
  double tokens = 0, seconds = 0;
  std::int64_t steps = 0;
  void describe(SettingsTable& t);

  std::string unit() const;  // "tokens", "seconds" or "steps"
  double amount() const;
};

struct Comparison {
  std::string name;  // the file's name without its ending
  std::vector<std::int64_t> seeds = {1, 2, 3, 4, 5};
  std::vector<std::string> controls = {"untrained", "warm_start"};
  std::int64_t resamples = 10000;
  ComparisonBudget budget;
  std::vector<ComparisonArm> arms;  // those of the file in their order, then the controls
  void describe(SettingsTable& t);

  // Reads and checks a file with `overrides` ("key=value") on top; settings of an arm lie over
  // both. Throws Error with the place of what is wrong, Errors of several. Settings of plugins are
  // left to the plugins; `keys_of`, if there is one, gives the dotted keys of those that an arm
  // uses, for hints.
  using KeysOf = std::function<std::vector<std::string>(const Node& arm)>;
  static Comparison load(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides, const KeysOf& keys_of = {});
  static Comparison from_node(Node root, const std::string& name, const KeysOf& keys_of = {});
};

}  // namespace tinyzero
