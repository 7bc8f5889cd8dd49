// Renders chat templates for tests/peers/jinja_templates.py: a line of standard input is
// {"template", "variables"}, of standard output {"text"} or {"error"}.

#include <cstdio>
#include <ctime>
#include <iostream>

#include "core/base/json.h"
#include "core/text/jinja/context.h"
#include "core/text/jinja/from_json.h"
#include "core/text/jinja/template.h"

using namespace tinyzero;

int main() {
  const std::time_t now = std::time(nullptr);
  jinja::Context context;
  localtime_r(&now, &context.now);
  for (std::string line; std::getline(std::cin, line);) {
    const Json question = Json::parse(line);
    context.variables.clear();
    Json answer;
    try {
      for (const auto& [name, value] : question.at("variables").items())
        context.variables[name] = jinja::from_json(value);
      answer["text"] = jinja::Template(question.at("template").get<std::string>()).render(context);
    } catch (const Error& e) {
      answer["error"] = e.what();
    }
    std::puts(json_line(answer).c_str());
  }
  return 0;
}
