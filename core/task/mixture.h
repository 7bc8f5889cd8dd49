// Problems from several sources as one task. A source is a task, or one level of a task: the task
// with other settings. open_task.h describes the YAML.
//
// A problem's state begins with the name of its source and a blank. Its key is the source's own, so
// that a problem is in the same split whichever mixture draws it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/task/task.h"

namespace tinyzero {

// The state of a curriculum: which levels problems are drawn from.
struct Stage {
  std::vector<std::size_t> levels;  // by part, from 0
  double review = 0;                // share of a part's problems that come from the levels below
};

class TaskMixture : public TaskCode {
 public:
  // One entry of the map `tasks`.
  struct Part {
    std::string name;  // its key; "" where the section is one task with levels
    double weight = 1;
    std::size_t first = 0;   // index of its first source
    std::size_t levels = 1;  // number of its sources
  };
  struct Source {
    std::string name;  // "first", "level_2" or "second/level_2"
    Task task;
  };

  // Throws Error if full rewards differ, or if the tasks together have more reward components than
  // a verdict holds.
  TaskMixture(std::vector<Part> parts, std::vector<Source> sources);

  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Source>& sources() const { return sources_; }
  // Index of the source that drew a problem. Throws Error for a state that no source wrote.
  std::size_t source_of(std::string_view state) const;
  // The libraries of all sources, each once.
  std::vector<std::filesystem::path> libraries() const;

  // Each draw chooses a part with probability proportional to its weight, then a level: by the
  // stage, or uniformly if `stage` is null.
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices,
                         const Stage* stage) const;

  const TaskAbout& about() const override { return about_; }
  void create(const std::vector<SettingValue>& /*values*/) override {}
  std::vector<std::string> notes() const override;
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) override {
    return draw(seed, indices, nullptr);
  }
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override;
  std::vector<TraitRow> count_traits(const std::vector<Answer>& answers) override;
  std::string traits_fault() const override;
  std::optional<std::string> solve(std::string_view state) override;
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) override;

 private:
  // From a source's indices of reasons, reward components and traits to the mixture's.
  struct IndexMap {
    std::vector<std::size_t> reasons;
    std::vector<std::size_t> components;
    std::vector<std::size_t> traits;
  };

  void merge_about();
  IndexMap merge(const TaskAbout& about);
  std::size_t merge_trait(const TaskTrait& trait);
  std::vector<std::vector<std::size_t>> rows_of(const std::vector<Answer>& answers) const;
  std::vector<Answer> own_answers(std::size_t source, const std::vector<Answer>& answers,
                                  const std::vector<std::size_t>& rows) const;
  Verdict translated(std::size_t source, Verdict verdict) const;
  std::size_t draw_source(std::uint64_t seed, std::uint64_t index, const Stage* stage) const;
  std::string_view own_state(std::size_t source, std::string_view state) const;

  std::vector<Part> parts_;
  std::vector<Source> sources_;
  std::vector<IndexMap> index_maps_;  // by source
  TaskAbout about_;
  double total_weight_ = 0;
};

// The mixture behind a task; null if its problems have a single source.
const TaskMixture* mixture_of(const Task& task);

// Name of the source of a problem; "" if the task has a single source.
std::string source_of(const Task& task, std::string_view state);

}  // namespace tinyzero
