// How a completion with its verdict is shown: by `episodes`, from a file, and by `replay`, sampled
// again.
#pragma once

#include <string>

#include "core/base/json.h"

namespace tinyzero {

// Columns that such texts take on standard output.
std::size_t page_columns();

// A field of a line of episodes/; "" or NaN if it is not there or of another type.
std::string text_field(const Json& record, const char* name);
double number_field(const Json& record, const char* name);

// Verdict, key, prompt and completion of a line of episodes/, each in lines of at most `columns`
// columns; of a long text the begin and the end.
std::string completion_text(const Json& record, std::size_t columns);

}  // namespace tinyzero
