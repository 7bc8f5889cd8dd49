// The rows of a data file, whatever its format.
#pragma once

#include <string>
#include <string_view>

#include "tasks/dataset/record.h"

namespace tinyzero::dataset {

// Content that begins with a brace is JSON lines, with a bracket a JSON array; otherwise the name
// of the file says that it is comma- or tab-separated (.csv, .tsv). Throws std::invalid_argument
// naming the file.
void read_records(const std::string& path, std::string_view content, const TakeRecord& take);

// Where a row stands, for messages: "data.jsonl, line 7".
std::string place_of(const std::string& path, const Record& record);

}  // namespace tinyzero::dataset
