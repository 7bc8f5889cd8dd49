// What an experiment may contain, for editors and for readers: a JSON schema, and the reference in
// docs/experiments.md. Both are made from the tables that parse experiments.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/sections.h"

namespace tinyzero {

// A task or an algorithm that can be used, with its settings.
struct PluginTable {
  std::string id;
  std::string title;
  std::string doc;
  SettingsTable table;  // over fields that outlive it
  struct Variant {
    std::string name;
    std::string doc;
  };
  std::vector<Variant> variants;
};

struct ExperimentTables {
  std::vector<SectionTable> sections;
  std::vector<PluginTable> tasks;
  std::vector<PluginTable> algorithms;
};

// A JSON schema (draft-07) that accepts what the reader accepts: names, types, ranges, choices,
// and, if no other file is extended, settings that need others. The settings of plugins depend on
// `use`; those of a library given by its path are not checked.
Json experiment_schema(const ExperimentTables& tables);

// The same as Markdown tables: sections first, then tasks and algorithms.
std::string experiment_reference(const ExperimentTables& tables);

}  // namespace tinyzero
