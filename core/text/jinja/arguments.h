// The arguments of a call, and how filters and methods read them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

struct CallArguments {
  Items positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Reads parameters in their order, each given by position or by name.
class ArgumentReader {
 public:
  // `what` names the call in errors.
  ArgumentReader(const CallArguments& arguments, std::string what)
      : arguments_(arguments), what_(std::move(what)) {}

  // The next parameter; null if it is not given.
  const Value* optional(const char* name);
  const Value& required(const char* name);
  bool flag(const char* name, bool fallback);
  std::int64_t integer(const char* name, std::int64_t fallback);
  const std::string& text(const char* name);
  // Null if it is not given or None.
  const std::string* optional_text(const char* name);

  // Throws Error if there are arguments that no parameter has read.
  void finish() const;

 private:
  const CallArguments& arguments_;
  std::string what_;
  std::size_t next_ = 0;  // parameters asked for
  std::size_t used_ = 0;  // arguments read
};

}  // namespace tinyzero::jinja
