// Which variable a name refers to, by Jinja's rules.
//
// Jinja decides this before a template runs. A frame (the template, the body of a loop, of a macro,
// of a set or filter block, of with) owns the names that are assigned in it. When it is entered,
// they start with the value in the frame around it, or with none. A name that is only read, and
// that no surrounding frame owns, is looked up in the context. Branches of an if share their frame:
// a name assigned in only one of them starts with the value in the surrounding frame or the
// context.
#pragma once

#include <string>

#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// Assigns a slot to every name of `program`. Throws Error for what Jinja refuses to compile.
void resolve_names(Program& program);

// Whether `body` reads a name before assigning it (free_names.cpp).
bool reads_name(const Body& body, const std::string& name);

}  // namespace tinyzero::jinja
