#include "core/task/mixture.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "tinyzero/rng.h"
#include "tinyzero/traits.h"
#include "tinyzero/traits_abi.h"

namespace tinyzero {
namespace {

// The name of the random stream that chooses a draw's source. The source itself draws with the same
// seed and index.
constexpr std::uint64_t kSourceStream = 0x736f75726365;

// The index of `text` in `texts`, which gains it if it is new.
std::size_t index_of(std::vector<std::string>& texts, const std::string& text) {
  const std::size_t index = std::find(texts.begin(), texts.end(), text) - texts.begin();
  if (index == texts.size()) texts.push_back(text);
  return index;
}

}  // namespace

TaskMixture::TaskMixture(std::vector<Part> parts, std::vector<Source> sources)
    : parts_(std::move(parts)), sources_(std::move(sources)) {
  for (const Part& part : parts_) total_weight_ += part.weight;
  merge_about();
}

void TaskMixture::merge_about() {
  const TaskAbout& first = sources_.front().task.about();
  std::vector<std::string> ids;
  for (const Source& source : sources_) index_of(ids, source.task.about().id);
  about_ = {.id = fmt::format("{}", fmt::join(ids, "+")),
            .title = "problems of several tasks or levels",
            .version = "",
            .doc = "",
            .reward_full = first.reward_full,
            .reward_min = first.reward_min,
            .reward_max = first.reward_max,
            .components = {},
            .reasons = {},
            .params = {},
            .traits = {},
            .can_solve = true,
            .can_demonstrate = true,
            .is_reentrant = false};
  for (const Source& source : sources_) index_maps_.push_back(merge(source.task.about()));
  if (about_.components.size() > TINYZERO_TASK_MAX_PARTS)
    throw Error(
        fmt::format("the tasks of a mixture together have {} different reward components; "
                    "a verdict holds {}",
                    about_.components.size(), TINYZERO_TASK_MAX_PARTS));
  if (about_.traits.size() > TINYZERO_TASK_MAX_TRAITS)
    throw Error(
        fmt::format("the tasks of a mixture together have {} different traits; at most {} "
                    "are possible",
                    about_.traits.size(), TINYZERO_TASK_MAX_TRAITS));
}

TaskMixture::IndexMap TaskMixture::merge(const TaskAbout& about) {
  if (about.reward_full != about_.reward_full) {
    const TaskAbout& first = sources_.front().task.about();
    throw Error(
        fmt::format("tasks of a mixture have different full rewards: {} of \"{}\", {} of \"{}\"",
                    real_text(first.reward_full), first.id, real_text(about.reward_full), about.id),
        "one would count for more than its weight");
  }
  about_.reward_min = std::min(about_.reward_min, about.reward_min);
  about_.reward_max = std::max(about_.reward_max, about.reward_max);
  about_.can_solve = about_.can_solve && about.can_solve;
  about_.can_demonstrate = about_.can_demonstrate && about.can_demonstrate;
  IndexMap map;
  for (const std::string& reason : about.reasons)
    map.reasons.push_back(index_of(about_.reasons, reason));
  for (const std::string& component : about.components)
    map.components.push_back(index_of(about_.components, component));
  for (const TaskTrait& trait : about.traits) map.traits.push_back(merge_trait(trait));
  return map;
}

// Tasks that both have a trait of this name count the same thing.
std::size_t TaskMixture::merge_trait(const TaskTrait& trait) {
  const auto found = std::ranges::find(about_.traits, trait.name, &TaskTrait::name);
  const std::size_t index = found - about_.traits.begin();
  if (found == about_.traits.end()) {
    about_.traits.push_back(trait);
  } else if (found->per != trait.per) {
    throw Error(fmt::format("two tasks of a mixture count the trait \"{}\" in different ways: per "
                            "\"{}\" and per \"{}\"",
                            trait.name, found->per, trait.per),
                "their means would not be comparable; rename one of them");
  }
  return index;
}

std::size_t TaskMixture::source_of(std::string_view state) const {
  const std::string_view name = state.substr(0, state.find(' '));
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (sources_[s].name == name) return s;
  }
  throw Error("a state of a mixture begins with the name of its source, for example \"" +
                  sources_.front().name + " \"",
              "states come from `draw` with the same settings");
}

std::vector<std::filesystem::path> TaskMixture::libraries() const {
  std::vector<std::filesystem::path> all;
  for (const Source& source : sources_) {
    for (const std::filesystem::path& library : source.task.libraries()) {
      if (std::find(all.begin(), all.end(), library) == all.end()) all.push_back(library);
    }
  }
  return all;
}

std::string_view TaskMixture::own_state(std::size_t source, std::string_view state) const {
  return state.substr(std::min(state.size(), sources_[source].name.size() + 1));
}

std::size_t TaskMixture::draw_source(std::uint64_t seed, std::uint64_t index,
                                     const Stage* stage) const {
  Rng rng(seed, {kSourceStream, index});
  double rest = rng.uniform() * total_weight_;
  std::size_t p = 0;
  for (; p + 1 < parts_.size() && rest >= parts_[p].weight; ++p) rest -= parts_[p].weight;
  const Part& part = parts_[p];
  if (stage == nullptr) return part.first + rng.below(part.levels);
  const std::size_t level = stage->levels[p];
  const bool reviews = level > 0 && rng.chance(stage->review);
  return part.first + (reviews ? rng.below(level) : level);
}

std::vector<Item> TaskMixture::draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices,
                                    const Stage* stage) const {
  std::vector<std::size_t> source_of_draw;
  std::vector<std::vector<std::uint64_t>> wanted(sources_.size());  // by source
  for (const std::uint64_t index : indices) {
    source_of_draw.push_back(draw_source(seed, index, stage));
    wanted[source_of_draw.back()].push_back(index);
  }
  std::vector<std::vector<Item>> drawn(sources_.size());
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (!wanted[s].empty()) drawn[s] = sources_[s].task.draw(seed, wanted[s]);
  }
  std::vector<std::size_t> next(sources_.size());
  std::vector<Item> items;
  for (const std::size_t s : source_of_draw) {
    items.push_back(std::move(drawn[s][next[s]++]));
    items.back().state = sources_[s].name + " " + items.back().state;
  }
  return items;
}

// The indices of the answers, by source.
std::vector<std::vector<std::size_t>> TaskMixture::rows_of(
    const std::vector<Answer>& answers) const {
  std::vector<std::vector<std::size_t>> rows(sources_.size());
  for (std::size_t i = 0; i < answers.size(); ++i) rows[source_of(answers[i].state)].push_back(i);
  return rows;
}

// Some of the answers, with the states that their source wrote.
std::vector<Answer> TaskMixture::own_answers(std::size_t source, const std::vector<Answer>& answers,
                                             const std::vector<std::size_t>& rows) const {
  std::vector<Answer> own;
  for (const std::size_t i : rows)
    own.push_back({own_state(source, answers[i].state), answers[i].completion});
  return own;
}

std::vector<TraitRow> TaskMixture::count_traits(const std::vector<Answer>& answers) {
  const auto rows = rows_of(answers);
  std::vector<TraitRow> out(answers.size(), TraitRow(about_.traits.size(), kNoTrait));
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (rows[s].empty()) continue;
    const auto counted = sources_[s].task.count_traits(own_answers(s, answers, rows[s]));
    for (std::size_t k = 0; k < counted.size(); ++k) {
      for (std::size_t t = 0; t < counted[k].size(); ++t)
        out[rows[s][k]][index_maps_[s].traits[t]] = counted[k][t];
    }
  }
  return out;
}

std::vector<std::string> TaskMixture::notes() const {
  std::vector<std::string> out;
  for (const Source& source : sources_) {
    for (const std::string& note : source.task.notes()) out.push_back(source.name + ": " + note);
  }
  return out;
}

std::string TaskMixture::traits_fault() const {
  for (const Source& source : sources_) {
    if (const std::string fault = source.task.traits_fault(); !fault.empty()) return fault;
  }
  return "";
}

std::vector<Verdict> TaskMixture::verify(const std::vector<Answer>& answers) {
  const auto rows = rows_of(answers);
  std::vector<Verdict> out(answers.size());
  std::optional<TaskStopped> stopped;  // the others judge their answers all the same
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (rows[s].empty()) continue;
    std::vector<Verdict> verdicts;
    try {
      verdicts = sources_[s].task.verify(own_answers(s, answers, rows[s]));
    } catch (TaskStopped& e) {
      verdicts = std::move(e.verdicts);
      stopped.emplace(e.what(), e.hint(), std::vector<Verdict>());
    }
    for (std::size_t k = 0; k < verdicts.size(); ++k)
      out[rows[s][k]] = translated(s, std::move(verdicts[k]));
  }
  if (!stopped) return out;
  stopped->verdicts = std::move(out);
  throw *stopped;
}

// A source's verdict with the mixture's indices of reasons and reward components. A reason that the
// source does not name stays without a name.
Verdict TaskMixture::translated(std::size_t source, Verdict verdict) const {
  const IndexMap& map = index_maps_[source];
  const auto values = verdict.parts;
  verdict.parts = {};
  for (std::size_t c = 0; c < map.components.size(); ++c)
    verdict.parts[map.components[c]] = values[c];
  verdict.reason =
      verdict.reason < map.reasons.size() ? map.reasons[verdict.reason] : about_.reasons.size();
  return verdict;
}

std::optional<std::string> TaskMixture::solve(std::string_view state) {
  const std::size_t s = source_of(state);
  return sources_[s].task.solve(own_state(s, state));
}

std::string TaskMixture::demonstrate(std::string_view state, std::uint64_t seed,
                                     std::uint64_t index) {
  const std::size_t s = source_of(state);
  return sources_[s].task.demonstrate(own_state(s, state), seed, index);
}

const TaskMixture* mixture_of(const Task& task) {
  return dynamic_cast<const TaskMixture*>(&task.code());
}

std::string source_of(const Task& task, std::string_view state) {
  const TaskMixture* mixture = mixture_of(task);
  return mixture == nullptr ? "" : mixture->sources()[mixture->source_of(state)].name;
}

}  // namespace tinyzero
