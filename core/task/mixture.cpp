#include "core/task/mixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/task/settings.h"
#include "tinyzero/ascii.h"
#include "tinyzero/note.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kSourceStream =
    0x736f75726365;  // of a draw's source, beside what the source draws with the same seed and
                     // index
constexpr std::size_t kMostSources = 256;
constexpr const char *kTasks = "tasks", *kLevels = "levels", *kWeight = "weight", *kUse = "use";

// The place of `text` in `words`, where it is added if it is new.
std::size_t place_of(std::vector<std::string>& words, const std::string& text) {
  const std::size_t place = std::find(words.begin(), words.end(), text) - words.begin();
  if (place == words.size()) words.push_back(text);
  return place;
}

// A map without these entries.
Node without(Node map, std::initializer_list<const char*> names) {
  std::erase_if(map.entries, [&](const Entry& e) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return e.name == name; });
  });
  return map;
}

// A map on top of all layers of `base`: what a level takes the effect of is no mistake in the task.
Node over_all(Node level) {
  constexpr int kOverCommandLine = 2;
  level.origin.layer = kOverCommandLine;
  for (Entry& entry : level.entries)
    entry.origin.layer = entry.value.origin.layer = kOverCommandLine;
  return level;
}

const Node* levels_of(const Node& settings) {
  return settings.kind == Node::Kind::map ? settings.find(kLevels) : nullptr;
}

double weight_of(const Node& settings, const std::string& section) {
  double weight = 1;
  SettingsTable table;
  const Setting& row =
      table
          .add(kWeight, weight,
               "how often problems are of this task, beside the weights of the others")
          .between(1e-6, 1e6);
  if (const Node* node = settings.find(kWeight))
    row.assign(parse_setting(*node, row, section + "." + kWeight));
  return weight;
}

void check_part_name(const Entry& entry) {
  const auto plain = [](char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '-'; };
  if (entry.name.size() <= 64 && std::all_of(entry.name.begin(), entry.name.end(), plain)) return;
  throw Error(
      entry.origin,
      "\"" + entry.name + "\" cannot name a task of a mixture: it is a part of metrics' names",
      "use up to 64 letters, digits, _ and -, and `use` for the task");
}

class Opener {
 public:
  explicit Opener(const PluginCatalog& catalog) : catalog_(catalog) {}

  void add_mixture(const Node& settings) {
    const Node* tasks = settings.find(kTasks);
    if (tasks == nullptr || tasks->kind != Node::Kind::map || tasks->entries.empty())
      throw Error((tasks != nullptr ? tasks : &settings)->origin, "a mixture names no tasks",
                  "for example task: {use: mix, tasks: {countdown: {weight: 3}, arithmetic: {}}}");
    for (const Entry& entry : settings.entries) {
      if (entry.name == kUse || entry.name == kTasks) continue;
      throw Error(entry.origin, "unknown setting \"task." + entry.name + "\"",
                  "a mixture has only `tasks`: settings belong to one of them, and levels too");
    }
    Mistakes mistakes;
    for (const Entry& entry : tasks->entries) mistakes.collect([&] { add_entry(entry); });
    mistakes.refuse();
  }

  // `use` with the settings of a map, which may hold levels.
  void add_part(const std::string& name, const std::string& use, const Node& settings,
                const std::string& section) {
    check_found(use, settings);
    parts_.push_back({name, weight_of(settings, section), sources_.size(), 1});
    const Node base = without(settings, {kLevels, kWeight});
    if (!name.empty()) {
      const Node *weight = settings.find(kWeight), *named = settings.find(kUse);
      resolved_.push_back(
          {section + ".use", yaml_text(use), (named != nullptr ? named : &settings)->origin});
      resolved_.push_back({section + ".weight", real_text(parts_.back().weight),
                           weight != nullptr ? weight->origin : default_origin()});
    }
    if (const Node* levels = levels_of(settings)) add_levels(use, base, *levels, section);
    else {
      add_source(name, use, base, section);
      for (const ResolvedSetting& row : sources_.back().task.resolved()) resolved_.push_back(row);
    }
  }

  OpenedMixture take() {
    return {std::make_unique<TaskMixture>(std::move(parts_), std::move(sources_)),
            std::move(resolved_), std::move(overridden_)};
  }

 private:
  void check_found(const std::string& use, const Node& settings) const {
    try {
      catalog_.find(TINYZERO_NOTE_TASK, use);
    } catch (const Error& e) {
      const Node* named = settings.find(kUse);
      throw Error((named != nullptr ? named : &settings)->origin, e.what(), e.hint());
    }
  }

  void add_entry(const Entry& entry) {
    check_part_name(entry);
    Node settings = entry.value;
    if (settings.kind == Node::Kind::null) settings.kind = Node::Kind::map;
    std::string use = entry.name;
    if (settings.kind == Node::Kind::scalar) {  // NAME: TASK
      use = plugin_name(settings);
      settings = Node();
      settings.kind = Node::Kind::map;
      settings.origin = entry.value.origin;
    }
    if (settings.kind != Node::Kind::map)
      throw Error(settings.origin, "task.tasks." + entry.name + " is " + settings.describe() +
                                       ", expected a task's settings");
    if (const Node* named = settings.find(kUse)) {
      if (named->kind != Node::Kind::scalar)
        throw Error(named->origin, "task.tasks." + entry.name + ".use is " + named->describe() +
                                       ", expected a task's name");
      use = plugin_name(*named);
    }
    if (use == kMixture)
      throw Error(entry.origin, "a mixture cannot hold another one",
                  "write its tasks beside the others");
    add_part(entry.name, use, settings, "task.tasks." + entry.name);
  }

  void add_levels(const std::string& use, const Node& base, const Node& levels,
                  const std::string& section) {
    if (levels.kind != Node::Kind::list || levels.items.empty())
      throw Error(
          levels.origin,
          section + ".levels is " + levels.describe() + ", expected a list of maps of settings",
          "for example levels: [{level: 1}, {level: 2}]");
    TaskMixture::Part& part = parts_.back();
    part.levels = levels.items.size();
    for (std::size_t l = 0; l < part.levels; ++l) {
      const Node& level = levels.items[l];
      const std::string path = fmt::format("{}.levels.{}", section, l + 1);
      if (level.kind != Node::Kind::map && level.kind != Node::Kind::null)
        throw Error(level.origin,
                    path + " is " + level.describe() + ", expected a map of settings");
      for (const char* name : {kUse, kWeight, kLevels, "in_process"}) {
        if (const Node* node = level.find(name))
          throw Error(node->origin, std::string("a level cannot set ") + name,
                      "a level is what differs in the task's own settings");
      }
      Node settings = base;
      overlay(settings, over_all(level));
      add_source((part.name.empty() ? "" : part.name + "/") + fmt::format("level_{}", l + 1), use,
                 settings, path);
    }
    resolve(base, levels, section);
  }

  // What all levels share: what the section says, and the task's defaults that it and the first
  // level leave; then the levels.
  void resolve(const Node& base, Node levels, const std::string& section) {
    const std::size_t first = parts_.back().first;
    const TaskSettings settings(sources_[first].task.about());
    for (const Entry& entry : with_whole_paths(base, settings.table()).entries) {
      if (entry.name == kUse) continue;
      const auto sets = [&](const Node& level) { return level.find(entry.name) != nullptr; };
      const bool idle =
          entry.name != "in_process" && std::all_of(levels.items.begin(), levels.items.end(), sets);
      if (idle)
        overridden_.push_back({section + "." + entry.name, entry.value.origin, levels.origin,
                               "every level sets it anew"});
      else
        resolved_.push_back(
            {section + "." + entry.name, flow_text(entry.value), entry.value.origin});
    }
    for (const ResolvedSetting& row : sources_[first].task.resolved()) {
      const std::string name = row.path.substr(row.path.rfind('.') + 1);
      if (base.find(name) == nullptr && levels.items.front().find(name) == nullptr)
        resolved_.push_back({section + "." + name, row.value, row.origin, row.files});
    }
    for (Node& level : levels.items) level = with_whole_paths(std::move(level), settings.table());
    resolved_.push_back({section + ".levels", flow_text(levels), levels.origin, files_of_part()});
  }

  // The files that any level of the last part reads, each once.
  std::vector<std::string> files_of_part() const {
    std::vector<std::string> files;
    for (std::size_t s = parts_.back().first; s < sources_.size(); ++s) {
      for (const ResolvedSetting& row : sources_[s].task.resolved()) {
        for (const std::string& file : row.files) place_of(files, file);
      }
    }
    return files;
  }

  void add_source(const std::string& name, const std::string& use, const Node& settings,
                  const std::string& section) {
    if (sources_.size() == kMostSources)
      throw Error(settings.origin,
                  fmt::format("the task has more than {} tasks and levels", kMostSources));
    sources_.push_back({name, Task::open(catalog_, use, &settings, section)});
  }

  const PluginCatalog& catalog_;
  std::vector<TaskMixture::Part> parts_;
  std::vector<TaskMixture::Source> sources_;
  std::vector<ResolvedSetting> resolved_;
  std::vector<OverriddenSetting> overridden_;
};

}  // namespace

TaskMixture::TaskMixture(std::vector<Part> parts, std::vector<Source> sources)
    : parts_(std::move(parts)), sources_(std::move(sources)) {
  for (const Part& part : parts_) weights_ += part.weight;
  merge_about();
}

void TaskMixture::merge_about() {
  std::vector<std::string> ids;
  for (const Source& source : sources_) place_of(ids, source.task.about().id);
  about_ = {fmt::format("{}", fmt::join(ids, "+")),
            "problems of several tasks or levels",
            "",
            "",
            0,
            0,
            0,
            {},
            {},
            {},
            true,
            true,
            false};
  const TaskAbout& first = sources_.front().task.about();
  about_.reward_full = first.reward_full;
  about_.reward_min = first.reward_min;
  about_.reward_max = first.reward_max;
  for (const Source& source : sources_) {
    const TaskAbout& about = source.task.about();
    if (about.reward_full != first.reward_full)
      throw Error(
          fmt::format("tasks of a mixture have different full rewards: {} of \"{}\", {} of \"{}\"",
                      real_text(first.reward_full), first.id, real_text(about.reward_full),
                      about.id),
          "one would count for more than its weight");
    about_.reward_min = std::min(about_.reward_min, about.reward_min);
    about_.reward_max = std::max(about_.reward_max, about.reward_max);
    about_.can_solve = about_.can_solve && about.can_solve;
    about_.can_demonstrate = about_.can_demonstrate && about.can_demonstrate;
    Words words;
    for (const std::string& reason : about.reasons)
      words.reasons.push_back(static_cast<std::uint32_t>(place_of(about_.reasons, reason)));
    for (const std::string& part : about.parts) words.parts.push_back(place_of(about_.parts, part));
    words_.push_back(std::move(words));
  }
  if (about_.parts.size() > TINYZERO_TASK_MAX_PARTS)
    throw Error(fmt::format(
        "the tasks of a mixture have {} different parts of a reward together, a verdict holds {}",
        about_.parts.size(), TINYZERO_TASK_MAX_PARTS));
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

std::string_view TaskMixture::own_state(std::size_t source, std::string_view state) const {
  return state.substr(std::min(state.size(), sources_[source].name.size() + 1));
}

std::size_t TaskMixture::draw_source(std::uint64_t seed, std::uint64_t index,
                                     const Stage* stage) const {
  Rng rng(seed, {kSourceStream, index});
  double left = rng.uniform() * weights_;
  std::size_t p = 0;
  while (p + 1 < parts_.size() && left >= parts_[p].weight) left -= parts_[p++].weight;
  const Part& part = parts_[p];
  if (stage == nullptr) return part.first + rng.below(part.levels);
  const std::size_t level = stage->levels[p];
  const bool back = level > 0 && rng.chance(stage->review);
  return part.first + (back ? rng.below(level) : level);
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

std::vector<Verdict> TaskMixture::verify(const std::vector<Answer>& answers) {
  std::vector<std::vector<std::size_t>> rows(sources_.size());  // by source
  for (std::size_t i = 0; i < answers.size(); ++i) rows[source_of(answers[i].state)].push_back(i);
  std::vector<Verdict> out(answers.size());
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    if (rows[s].empty()) continue;
    std::vector<Answer> own;
    for (const std::size_t i : rows[s])
      own.push_back({own_state(s, answers[i].state), answers[i].completion});
    std::vector<Verdict> verdicts = sources_[s].task.verify(own);
    for (std::size_t k = 0; k < verdicts.size(); ++k) {
      Verdict& verdict = out[rows[s][k]];
      verdict = std::move(verdicts[k]);
      const auto parts = verdict.parts;
      verdict.parts = {};
      for (std::size_t p = 0; p < words_[s].parts.size(); ++p)
        verdict.parts[words_[s].parts[p]] = parts[p];
      const auto& reasons = words_[s].reasons;
      verdict.reason = verdict.reason < reasons.size()
                           ? reasons[verdict.reason]
                           : static_cast<std::uint32_t>(about_.reasons.size());
    }
  }
  return out;
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

bool is_mixture(const std::string& use, const Node* settings) {
  return use == kMixture || (settings != nullptr && levels_of(*settings) != nullptr);
}

OpenedMixture open_mixture(const PluginCatalog& catalog, const std::string& use,
                           const Node& settings) {
  Opener opener(catalog);
  if (use == kMixture) opener.add_mixture(settings);
  else opener.add_part("", use, settings, "task");
  return opener.take();
}

}  // namespace tinyzero
