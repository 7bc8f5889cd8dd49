// "Did you mean …": the known name nearest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tinyzero {

// The nearest of `known` within a third of the name's length (at least one edit; a swap of
// neighbours is one edit), else "".
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

// "did you mean \"x\"?", or the list of known names when none is near.
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace tinyzero
