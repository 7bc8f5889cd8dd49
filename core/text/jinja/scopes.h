// Which variable a name stands for, by Jinja's rules.
//
// Jinja decides this before a template runs. A frame (the template, the body of a loop, of a macro,
// of a set or filter block, of with) owns the names that are assigned in it; where it is entered
// they begin with the value of the frame around it, or with nothing. A name that is only read and
// that no frame around owns is looked up in the context. Branches of an if share their frame: what
// only one of them assigns begins with what the frame around or the context has.
#pragma once

#include <string>
#include <vector>

#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// Gives every name of `program` its slot. Throws Error for what Jinja refuses to compile.
void resolve_names(Program& program);

// Whether the names that `wanted` lists are read in `body` before they are assigned there.
std::vector<bool> reads_names(const Body& body, const std::vector<std::string>& wanted);

}  // namespace tinyzero::jinja
