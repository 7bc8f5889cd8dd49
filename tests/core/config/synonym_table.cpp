#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/config/sections.h"
#include "core/config/synonyms.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/synonym_table");

TEST_CASE("the table answers with settings that exist, and has no name twice") {
  const std::set<std::string> general(general_keys().begin(), general_keys().end());
  std::set<std::string> names;
  for (const Synonym& s : kSynonyms) {
    for (const std::string_view view : split_keys(s.theirs)) {
      const std::string name(view);
      CAPTURE(name);
      CHECK_FALSE(name.empty());
      CHECK(names.insert(name).second);
      CHECK(general.count(name) == 0);
    }
    for (const std::string_view view : split_keys(s.ours)) {
      const std::string ours(view);
      CAPTURE(ours);
      CHECK((general.count(ours) == 1 || ours.starts_with("algorithm.") || ours == "task.use"));
    }
    CHECK((!s.ours.empty() || !s.note.empty()));
  }
  CHECK(names.size() > 200);
}

TEST_CASE("names are in the form in which keys are looked up") {
  for (const Synonym& s : kSynonyms) {
    for (const std::string_view name : split_keys(s.theirs)) {
      CAPTURE(std::string(name));
      CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") ==
            std::string_view::npos);
    }
    CHECK_FALSE(s.note.ends_with("."));
  }
}
