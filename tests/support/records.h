// The rows of a text, for tests: "name=value|name=value", or "fault: what".
#pragma once

#include <string>
#include <vector>

#include "tasks/dataset/record.h"

namespace tinyzero::dataset {

inline std::string text_of(const Record& record) {
  if (!record.fault.empty()) return "fault: " + record.fault;
  std::string out;
  for (const Record::Field& field : record.fields)
    out += (out.empty() ? "" : "|") + field.name + "=" + field.text;
  return out;
}

// `read` calls its argument for each row.
template <class Read>
std::vector<std::string> rows_of(const Read& read) {
  std::vector<std::string> out;
  read([&](const Record& record) {
    out.push_back(text_of(record));
    return true;
  });
  return out;
}

}  // namespace tinyzero::dataset
