// Small tables of settings: one section, one task, and one algorithm with a variant.
#pragma once

#include <string>
#include <vector>

#include "core/config/schema.h"

namespace tinyzero {

struct SmallFields {
  std::int64_t level = 1;
  std::string kind = "soft";
  double hardness = 0.5;
  bool on = false;
  std::vector<std::string> words = {"a"};

  SettingsTable table() {
    SettingsTable t;
    t.add("level", level, "how hard | easy").between(1, 9);
    t.add("kind", kind, "kind of problem").one_of({"soft", "hard"});
    t.add("hardness", hardness, "for hard ones").only_when("kind", "hard");
    t.add("on", on, "switch").unless("level", "1");
    t.add("words", words, "words").up_to(3);
    return t;
  }
};

struct SmallTables {
  SmallFields section, task, algorithm;
  ExperimentTables tables;

  SmallTables() {
    tables.sections.push_back({"", {}});
    tables.sections.push_back({"part", section.table()});
    tables.tasks.push_back({.id = "count",
                            .title = "Counting",
                            .doc = "Counts.",
                            .table = task.table(),
                            .variants = {}});
    tables.algorithms.push_back({.id = "grpo",
                                 .title = "GRPO",
                                 .doc = "Groups.",
                                 .table = algorithm.table(),
                                 .variants = {{"dapo", "as DAPO"}}});
  }
};

}  // namespace tinyzero
