// Tables of chat templates: what they render to, and what refuses them.
//
// Expected texts are Jinja's own, of version 3.1.6 as transformers 5.24 sets it up;
// tests/peers/jinja_templates.py holds far more templates against it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/text/jinja/context.h"
#include "core/text/jinja/from_json.h"
#include "core/text/jinja/template.h"

namespace tinyzero {

// Three messages, bos_token <s> and eos_token </s>.
inline jinja::Context some_conversation() {
  jinja::Context out;
  out.variables["messages"] = jinja::from_json(
      Json::parse(R"([{"role": "user", "content": " Hi é "},)"
                  R"( {"role": "assistant", "content": "<think>\nx\n</think>\n\nYo"},)"
                  R"( {"role": "user", "content": "Bye"}])"));
  out.variables["add_generation_prompt"] = jinja::Value::boolean(true);
  out.variables["tools"] = out.variables["documents"] = jinja::Value::none();
  out.variables["bos_token"] = jinja::Value::text("<s>");
  out.variables["eos_token"] = jinja::Value::text("</s>");
  return out;
}

inline std::string rendered(const std::string& source) {
  return jinja::Template(source).render(some_conversation());
}

struct RenderCase {
  const char* source;
  const char* expected;  // the text, or words of the error
};

inline void check_rendered(const std::vector<RenderCase>& cases) {
  for (const RenderCase& c : cases) {
    const std::string source = c.source;
    CAPTURE(source);
    CHECK(rendered(source) == c.expected);
  }
}

inline void check_refused(const std::vector<RenderCase>& cases) {
  for (const RenderCase& c : cases) {
    const std::string source = c.source;
    CAPTURE(source);
    CHECK_THROWS_WITH_AS(rendered(source), doctest::Contains(c.expected), Error);
  }
}

}  // namespace tinyzero
