// Judging answers with a grade of data files, as tables of tests.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tasks/dataset/grade.h"

namespace tinyzero::dataset {

inline const char* name_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::right: return "right";
    case Judgement::wrong: return "wrong";
    case Judgement::unreadable: return "unreadable";
    case Judgement::several: return "several";
    default: return "undecided";
  }
}

struct GradeCase {
  std::string reference, answer, judgement;
};

inline void check_cases(const Grade& grade, const std::vector<GradeCase>& cases) {
  for (const GradeCase& c : cases) {
    CAPTURE(c.reference);
    CAPTURE(c.answer);
    CHECK(name_of(grade.judge(grade.reference(c.reference), c.answer)) == c.judgement);
  }
}

// The cells that are no reference answers, and a part of what the error says.
inline void check_refused(const Grade& grade,
                          const std::vector<std::pair<std::string, std::string>>& cells) {
  for (const auto& [cell, what] : cells) {
    CAPTURE(cell);
    CHECK_THROWS_WITH_AS(grade.reference(cell), doctest::Contains(what.c_str()),
                         std::invalid_argument);
  }
}

}  // namespace tinyzero::dataset
