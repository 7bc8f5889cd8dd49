// Rows from comma-separated values (RFC 4180).
#pragma once

#include <string_view>

#include "tasks/dataset/record.h"

namespace tinyzero::dataset {

// The first row names the columns. Cells in quotes may hold separators, line ends and doubled
// quotes; line ends are CRLF or LF; blank lines are left out. Calls `take` for every row; one whose
// number of cells is not that of the columns has a fault. A quote that never closes is the last
// row's fault. Throws std::invalid_argument for a first row that does not name columns.
void read_csv(std::string_view content, char separator, const TakeRecord& take);

}  // namespace tinyzero::dataset
