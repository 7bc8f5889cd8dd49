// "Did you mean …": the known name that is nearest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tinyzero {

// The nearest known name, at most a third of the name's length in edits away (but at least one); a
// swap of neighbours is one edit. Empty if there is none.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

// "did you mean \"x\"?", or the list of known names if none is near.
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace tinyzero
