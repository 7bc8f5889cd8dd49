// The rows of data files as problems.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/dataset/columns.h"
#include "tasks/dataset/grade.h"

namespace tinyzero::dataset {

struct Row {
  std::string prompt;                // with the system prompt, the choices and the suffix
  std::string key;                   // the problem with single blanks
  std::vector<std::string> answers;  // reference answers: any of them is right
  std::string demonstration;         // "" if the row has none
  double difficulty = 0;
  std::int64_t line = 0;  // in its file
  bool is_test = false;   // whether it comes from a file of test problems
};

struct RowSettings {
  Columns columns = {};
  std::string system = {};  // before every problem
  std::string suffix = {};  // behind every problem
  bool skip_bad = false;    // leave bad rows out, instead of refusing the file
};

// Reads a file. What is left out becomes a note. Throws std::invalid_argument naming the file, the
// line and what is wrong.
std::vector<Row> read_rows(const std::string& path, const RowSettings& settings, const Grade& grade,
                           std::vector<std::string>& notes);

}  // namespace tinyzero::dataset
