#include "core/task/open_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/config/python_name.h"
#include "core/plugin/python/settings.h"
#include "core/task/mixture.h"
#include "core/task/settings.h"
#include "tinyzero/ascii.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::size_t kMostSources = 256;
constexpr const char* kTasks = "tasks";
constexpr const char* kLevels = "levels";
constexpr const char* kWeight = "weight";
constexpr const char* kUse = "use";
constexpr const char* kInProcess = "in_process";

// A map without these entries.
Node without(Node map, std::initializer_list<const char*> names) {
  std::erase_if(map.entries, [&](const Entry& e) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return e.name == name; });
  });
  return map;
}

// A map above all other layers: it is no mistake in the section when a level takes away the effect
// of one of its settings.
Node above_all_layers(Node level) {
  constexpr int kAboveCommandLine = 2;
  level.origin.layer = kAboveCommandLine;
  for (Entry& entry : level.entries)
    entry.origin.layer = entry.value.origin.layer = kAboveCommandLine;
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
               "how often problems come from this task, relative to the other tasks' weights")
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

void check_is_settings_map(const Node& node, const std::string& path, const char* expected) {
  if (node.kind != Node::Kind::map)
    throw Error(node.origin, path + " is " + node.describe() + ", expected " + expected);
}

// What plugins hold out for the test, by their id.
class HeldOut {
 public:
  // Throws Error if the plugin holds out something else than before: what one source keeps for the
  // test, another one would train on.
  void add(const Task& source) {
    for (const ResolvedSetting& row : source.resolved()) {
      if (!row.path.ends_with(".hold_out")) continue;
      const ResolvedSetting& first = first_.try_emplace(source.about().id, row).first->second;
      if (row.value == first.value) continue;
      throw Error(row.origin,
                  fmt::format("hold_out is {} here, and {} is {}: training would see problems of "
                              "the test",
                              row.value, first.path, first.value),
                  "give all of them the same hold_out");
    }
  }

 private:
  std::map<std::string, ResolvedSetting> first_;
};

// A section in which the paths among the host's settings are absolute.
Node hosted(const std::string& use, const Node& section) {
  if (!python_name(use)) return section;
  PythonSettings python;
  SettingsTable table;
  python.describe(table);
  return with_whole_paths(section, table);
}

// Collects the sources of a mixture, and the resolved settings from which the same mixture can be
// opened again.
class MixtureOpener {
 public:
  MixtureOpener(const PluginCatalog& catalog, std::string section)
      : catalog_(catalog), section_(std::move(section)) {}

  void add_mixture(const Node& settings) {
    const Node* tasks = settings.find(kTasks);
    if (tasks == nullptr || tasks->kind != Node::Kind::map || tasks->entries.empty())
      throw Error((tasks != nullptr ? tasks : &settings)->origin, "a mixture names no tasks",
                  fmt::format("for example {}: {{use: mix, tasks: {{countdown: {{weight: 3}}}}}}",
                              section_));
    for (const Entry& entry : settings.entries) {
      if (entry.name == kUse || entry.name == kTasks) continue;
      throw Error(entry.origin, "unknown setting \"" + section_ + "." + entry.name + "\"",
                  "a mixture has only `tasks`: settings and levels belong to one of them");
    }
    Mistakes mistakes;
    for (const Entry& entry : tasks->entries) mistakes.collect([&] { add_entry(entry); });
    mistakes.refuse();
  }

  // The part that draws from `use` with the settings of a map, which may hold levels.
  void add_part(const std::string& name, const std::string& use, const Node& settings,
                const std::string& section) {
    check_found(use, settings);
    parts_.push_back({.name = name,
                      .weight = weight_of(settings, section),
                      .first = sources_.size(),
                      .levels = 1});
    const Node base = without(settings, {kLevels, kWeight});
    if (!name.empty()) resolve_entry(use, settings, section);
    if (const Node* levels = levels_of(settings)) {
      add_levels(use, base, *levels, section);
      return;
    }
    add_source(name, use, base, section);
    for (const ResolvedSetting& row : sources_.back().task.resolved()) resolved_.push_back(row);
  }

  Task take() {
    HeldOut held_out;
    for (const auto& source : sources_) held_out.add(source.task);
    auto mixture = std::make_unique<TaskMixture>(std::move(parts_), std::move(sources_));
    std::vector<std::filesystem::path> libraries = mixture->libraries();
    return {std::move(mixture), std::move(libraries), std::move(resolved_), std::move(overridden_)};
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

  // An entry of `tasks`: NAME: {settings}, NAME: {use: TASK, settings} or NAME: TASK.
  void add_entry(const Entry& entry) {
    check_part_name(entry);
    const std::string path = section_ + ".tasks." + entry.name;
    Node settings = entry.value;
    if (settings.kind == Node::Kind::null) settings.kind = Node::Kind::map;
    std::string use = entry.name;
    if (settings.kind == Node::Kind::scalar) {
      use = plugin_name(settings);
      settings = Node();
      settings.kind = Node::Kind::map;
      settings.origin = entry.value.origin;
    }
    check_is_settings_map(settings, path, "a task's settings");
    if (const Node* named = settings.find(kUse)) {
      if (named->kind != Node::Kind::scalar)
        throw Error(named->origin,
                    path + ".use is " + named->describe() + ", expected a task's name");
      use = plugin_name(*named);
    }
    if (use == kMixture)
      throw Error(entry.origin, "a mixture cannot hold another one",
                  "write its tasks next to the others");
    add_part(entry.name, use, settings, path);
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
      const std::string path = fmt::format("{}.levels.{}", section, l + 1);
      check_level(levels.items[l], path);
      Node settings = base;
      overlay(settings, above_all_layers(levels.items[l]));
      add_source((part.name.empty() ? "" : part.name + "/") + fmt::format("level_{}", l + 1), use,
                 settings, path);
    }
    resolve_levels(use, base, levels, section);
  }

  static void check_level(const Node& level, const std::string& path) {
    if (level.kind != Node::Kind::null) check_is_settings_map(level, path, "a map of settings");
    for (const char* name : {kUse, kWeight, kLevels, kInProcess}) {
      if (const Node* node = level.find(name))
        throw Error(node->origin, std::string("a level cannot set ") + name,
                    "a level holds the settings of the task that differ from other levels");
    }
  }

  // `use` and `weight` of an entry of `tasks`.
  void resolve_entry(const std::string& use, const Node& settings, const std::string& section) {
    const Node* named = settings.find(kUse);
    const Node* weight = settings.find(kWeight);
    resolved_.push_back(
        {section + ".use", yaml_text(use), (named != nullptr ? named : &settings)->origin});
    resolved_.push_back({section + ".weight", real_text(parts_.back().weight),
                         weight != nullptr ? weight->origin : default_origin()});
  }

  // The settings that all levels share: the section's own, and the task's defaults that neither the
  // section nor the first level overrides. Then the levels.
  void resolve_levels(const std::string& use, const Node& base, Node levels,
                      const std::string& section) {
    const Task& first = sources_[parts_.back().first].task;
    const TaskSettings settings(first.about());
    for (const Entry& entry : with_whole_paths(hosted(use, base), settings.table()).entries) {
      if (entry.name == kUse) continue;
      const std::string path = section + "." + entry.name;
      if (is_set_by_every_level(entry.name, levels))
        overridden_.push_back(
            {path, entry.value.origin, levels.origin, "every level sets it anew"});
      else resolved_.push_back({path, flow_text(entry.value), entry.value.origin});
    }
    for (const ResolvedSetting& row : first.resolved()) {
      const std::string name = row.path.substr(row.path.rfind('.') + 1);
      if (base.find(name) == nullptr && levels.items.front().find(name) == nullptr)
        resolved_.push_back({section + "." + name, row.value, row.origin, row.files});
    }
    for (Node& level : levels.items) level = with_whole_paths(std::move(level), settings.table());
    resolved_.push_back({section + ".levels", flow_text(levels), levels.origin, files_of_part()});
  }

  static bool is_set_by_every_level(const std::string& name, const Node& levels) {
    return name != kInProcess &&
           std::all_of(levels.items.begin(), levels.items.end(),
                       [&](const Node& level) { return level.find(name) != nullptr; });
  }

  // The files that any level of the last part reads, each once.
  std::vector<std::string> files_of_part() const {
    std::vector<std::string> files;
    for (std::size_t s = parts_.back().first; s < sources_.size(); ++s) {
      for (const ResolvedSetting& row : sources_[s].task.resolved()) {
        for (const std::string& file : row.files) {
          if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
        }
      }
    }
    return files;
  }

  void add_source(const std::string& name, const std::string& use, const Node& settings,
                  const std::string& section) {
    if (sources_.size() == kMostSources)
      throw Error(settings.origin,
                  fmt::format("the task has more than {} tasks and levels", kMostSources));
    sources_.push_back({name, Task::open_plugin(catalog_, use, &settings, section)});
  }

  const PluginCatalog& catalog_;
  std::string section_;
  std::vector<TaskMixture::Part> parts_;
  std::vector<TaskMixture::Source> sources_;
  std::vector<ResolvedSetting> resolved_;
  std::vector<OverriddenSetting> overridden_;
};

}  // namespace

bool is_mixture(const std::string& use, const Node* settings) {
  return use == kMixture || (settings != nullptr && levels_of(*settings) != nullptr);
}

Task open_task(const PluginCatalog& catalog, const std::string& use, const Node* settings,
               const std::string& section) {
  if (!is_mixture(use, settings)) return Task::open_plugin(catalog, use, settings, section);
  MixtureOpener opener(catalog, section);
  if (use == kMixture) opener.add_mixture(settings != nullptr ? *settings : Node());
  else opener.add_part("", use, *settings, section);
  return opener.take();
}

void check_same_held_out(const Task& task, const Task& demonstrations) {
  HeldOut held_out;
  for (const Task* one : {&task, &demonstrations}) {
    const TaskMixture* mixture = mixture_of(*one);
    if (mixture == nullptr) held_out.add(*one);
    else
      for (const auto& source : mixture->sources()) held_out.add(source.task);
  }
}

}  // namespace tinyzero
