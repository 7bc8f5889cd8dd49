#include "core/text/jinja/template.h"

#include "core/text/jinja/interpreter.h"
#include "core/text/jinja/parser.h"
#include "core/text/jinja/scopes.h"

namespace tinyzero::jinja {

Template::Template(std::string_view source) {
  auto program = std::make_shared<Program>();
  program->body = parse(source);
  resolve_names(*program);
  program_ = std::move(program);
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const Context& context) const {
  Interpreter interpreter(context);
  try {
    return interpreter.run(*program_);
  } catch (const Error& e) {
    throw Error("line " + std::to_string(interpreter.line()) +
                " of the chat template: " + e.what());
  }
}

}  // namespace tinyzero::jinja
