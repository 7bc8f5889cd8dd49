#include "core/text/jinja/line_error.h"

#include "core/base/error.h"

namespace tinyzero::jinja {

void fail_at(int line, const std::string& what) {
  throw Error("line " + std::to_string(line) + " of the chat template: " + what);
}

}  // namespace tinyzero::jinja
