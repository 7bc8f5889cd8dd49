// Rows from JSON: one object a line, or one array of objects.
#pragma once

#include <string_view>

#include "tasks/dataset/record.h"

namespace tinyzero::dataset {

// Calls `take` for every line that is not blank; a line that is no object has a fault. A row has at
// most 4096 values and 32 levels.
void read_json_lines(std::string_view content, const TakeRecord& take);
// Calls `take` for every element of the array, as far as it can be read; then for one with the
// fault, if there is one.
void read_json_array(std::string_view content, const TakeRecord& take);

}  // namespace tinyzero::dataset
