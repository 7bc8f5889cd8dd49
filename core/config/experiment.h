// An experiment: the settings of a run, checked and typed.
//
// The sections `task`, `demonstrations` and `algorithm` hold `use: NAME` and the settings that the
// plugin declares. Their tables come from the plugin, so they stay YAML here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/reader.h"
#include "core/config/sections.h"

namespace tinyzero {

// The value of task.use for a mixture of tasks, which is not a plugin.
inline constexpr const char* kMixture = "mix";

// A plugin by name, and its settings as written in the YAML.
struct PluginChoice {
  std::string use;
  Node settings;  // a map that still holds `use`
};

// Whether `name` is the path of a plugin rather than an id: it contains a '/', ends in ".so", or
// names something in a Python file.
bool is_plugin_path(const std::string& name);

// The plugin that `use: …` names: an id unchanged, the path of a file as an absolute path.
std::string plugin_name(const Node& use);

struct Experiment : Sections {
  PluginChoice task;
  // The task whose demonstrations the warm start imitates; none: `task`, or there is no warm start.
  std::optional<PluginChoice> demonstrations;
  PluginChoice algorithm;
  // The settings of all sections except those of plugins; only those that have an effect.
  std::vector<ResolvedSetting> resolved;
  std::string name;  // the file's name without its extension

  // Where a setting was written; a place without a source for a default.
  Place place(const std::string& path) const;
  // The setting itself; null if it has no effect.
  const ResolvedSetting* find(const std::string& path) const;

  // Reads a file with `overrides` ("key=value") on top, and checks it. Throws Error, or Errors.
  static Experiment load(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides);
  static Experiment from_node(Node root, const std::string& name);
  // The same, but collects what is wrong in `mistakes` and continues without it. Throws only where
  // the rest has no meaning, either. `plugin_keys`: see synonyms.h.
  static Experiment from_node(Node root, const std::string& name, Mistakes& mistakes,
                              const std::vector<std::string>& plugin_keys = {});
};

// The whole experiment as YAML, with every setting written out: config.yaml of a run folder.
std::string resolved_yaml(const std::vector<ResolvedSetting>& settings);

}  // namespace tinyzero
