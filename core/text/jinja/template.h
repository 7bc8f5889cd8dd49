// Jinja templates, as transformers renders them for chats.
//
// Supports the subset of Jinja that published chat templates use, with Jinja's values and text;
// anything else in a template is refused by name. docs/architecture.md explains why no existing
// library is used. Templates are untrusted: source, nesting, steps, memory and output are bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tinyzero::jinja {

struct Context;
struct Program;

class Template {
 public:
  // Throws Error, naming the line, for invalid templates and for what is not supported.
  explicit Template(std::string_view source);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // Throws Error, naming the line, if the template raises an exception, fails, uses what is not
  // supported, or exceeds a limit.
  std::string render(const Context& context) const;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace tinyzero::jinja
