// Which columns of a data file hold what.
#pragma once

#include <string>

#include "tasks/dataset/record.h"

namespace tinyzero::dataset {

// Names of columns; "" where a file has none, or, for prompt and answer, where it is to be found.
struct Columns {
  std::string prompt = {};
  std::string answer = {};
  std::string demonstration = {};
  std::string options = {};  // the choices of a question, as a list of texts
  std::string difficulty = {};
};

// The columns with prompt and answer found, if they are not named. `sample` has the values of a
// file's first rows. Throws std::invalid_argument for a column that is not there, naming those that
// are.
Columns found_columns(Columns named, const Record& sample);

// A conversation in a column: a list of messages {"role", "content"} or {"from", "value"}.
struct Messages {
  std::string system = {};
  std::string user = {};
  std::string assistant = {};
};
bool has_messages(const Record& record, const std::string& column);
// Throws std::invalid_argument for more than one message of a role, and for content that is not a
// text.
Messages messages_of(const Record& record, const std::string& column);

}  // namespace tinyzero::dataset
