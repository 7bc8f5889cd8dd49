// Problems from several sources as one task: tasks with weights, and levels of a task, each of
// which is the task with other settings.
//
//   task:
//     use: mix
//     tasks:
//       first: {use: NAME, weight: 3, setting: 3}
//       second: {use: OTHER, levels: [{setting: 1}, {setting: 2}]}
//
// A problem's state begins with the name of its source and a blank; its key is the source's own, so
// that it is in the same split wherever it is drawn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/task/task.h"

namespace tinyzero {

// Where a curriculum stands: which levels problems are drawn from.
struct Stage {
  std::vector<std::size_t> levels;  // by part, from 0
  double review = 0;                // share of a part's problems that come from the levels below
};

class TaskMixture : public TaskCode {
 public:
  struct Part {
    std::string name;  // of the map `tasks`; "" where the section is one task with levels
    double weight = 1;
    std::size_t first = 0, levels = 1;  // its sources
  };
  struct Source {
    std::string name;  // "first", "level_2" or "second/level_2"
    Task task;
  };

  // Throws Error if full rewards differ or the tasks have more parts together than a verdict holds.
  TaskMixture(std::vector<Part> parts, std::vector<Source> sources);

  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Source>& sources() const { return sources_; }
  // Index of the source that a problem came from. Throws Error for a state of none.
  std::size_t source_of(std::string_view state) const;

  // Each draw's part is chosen with the chance of its weight; its level as the stage says, or,
  // without one, any with the same chance.
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices,
                         const Stage* stage) const;

  const TaskAbout& about() const override { return about_; }
  void create(const std::vector<SettingValue>& /*values*/) override {}
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override {
    return draw(seed, indices, nullptr);
  }
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

 private:
  // From a source's numbers of reasons and parts to the mixture's.
  struct Words {
    std::vector<std::uint32_t> reasons;
    std::vector<std::size_t> parts;
  };

  void merge_about();
  std::size_t draw_source(std::uint64_t seed, std::uint64_t index, const Stage* stage) const;
  std::string_view own_state(std::size_t source, std::string_view state) const;

  std::vector<Part> parts_;
  std::vector<Source> sources_;
  std::vector<Words> words_;  // by source
  TaskAbout about_;
  double weights_ = 0;
};

// Whether a section draws from several sources: a mixture, or a task with levels.
bool is_mixture(const std::string& use, const Node* settings);

struct OpenedMixture {
  std::unique_ptr<TaskMixture> code;
  std::vector<ResolvedSetting> resolved;  // from which the same mixture can be opened
  std::vector<OverriddenSetting> overridden;
};
// Opens every source. Throws Error.
OpenedMixture open_mixture(const PluginCatalog& catalog, const std::string& use,
                           const Node& settings);

}  // namespace tinyzero
