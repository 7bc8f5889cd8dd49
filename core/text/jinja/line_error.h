// Errors in the text of a template.
#pragma once

#include <string>

namespace tinyzero::jinja {

// Throws Error about a line of the template.
[[noreturn]] void fail_at(int line, const std::string& what);

}  // namespace tinyzero::jinja
