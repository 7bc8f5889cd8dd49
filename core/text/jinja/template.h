// Jinja templates, as transformers renders them for chats.
//
// The subset of Jinja that published chat templates use, with the values and the text that Jinja
// gives; whatever else stands in a template is refused by name. Why this is not a library of others
// stands in docs/architecture.md. A template comes from strangers: source, nesting, steps, memory
// and output are bounded.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

struct Program;

struct Context {
  std::map<std::string, Value> variables;
  std::map<std::string, std::string> unknown;  // variables that cannot be known, and why
  std::tm now{};                               // of strftime_now
};

class Template {
 public:
  // Throws Error, naming the line, for what is no template and for what is not supported.
  explicit Template(std::string_view source);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // Throws Error where the template raises an exception, fails, uses what is not supported, or
  // takes too much.
  std::string render(const Context& context) const;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace tinyzero::jinja
