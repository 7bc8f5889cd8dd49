// Rows that are alike: equal prompts, and prompts of one wording.
#pragma once

#include <string>
#include <vector>

#include "tasks/dataset/rows.h"

namespace tinyzero::dataset {

// Removes rows to train on whose problem is also one to test with.
void drop_tested(std::vector<Row>& rows, std::vector<std::string>& notes);

// Notes on problems that have several rows with different answers.
void note_contradictions(const std::vector<Row>& rows, std::vector<std::string>& notes);

// Notes on problems that differ from another one in digits, case or white space alone: on both
// sides of a split, one gives the other away. `has_test_file`: only pairs of which one is to test
// with.
void note_near_duplicates(const std::vector<Row>& rows, bool has_test_file,
                          std::vector<std::string>& notes);

}  // namespace tinyzero::dataset
