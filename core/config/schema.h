// What an experiment may say, for editors and for readers: a JSON schema and the reference of
// docs/experiments.md, both made from the tables that parse experiments.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/experiment.h"

namespace tinyzero {

// A task or an algorithm that can be used, with its settings.
struct PluginTable {
  std::string id, title, doc;
  SettingsTable table;  // over fields that outlive it
  struct Variant {
    std::string name, doc;
  };
  std::vector<Variant> variants;
};

struct ExperimentTables {
  std::vector<SectionTable> sections;
  std::vector<PluginTable> tasks, algorithms;
};

// A JSON schema (draft-07) that takes what the reader takes: names, types, ranges, choices;
// settings that need others, as long as no other file is extended. The settings of plugins depend
// on `use`; those of a library given by its path are not checked.
Json experiment_schema(const ExperimentTables& tables);

// The same as tables in Markdown, sections first, then tasks and algorithms.
std::string experiment_reference(const ExperimentTables& tables);

}  // namespace tinyzero
