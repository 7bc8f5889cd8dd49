// libFuzzer target: chat templates. A finding is a crash, a sanitizer's report, a hang, too much
// memory, an exception that is no Error, or a text that is no UTF-8.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/jinja/context.h"
#include "core/text/jinja/template.h"

namespace {

using namespace tinyzero;

jinja::Value message(const char* role, const std::string& content) {
  jinja::Budget budget;
  const auto text = [](std::string t) { return jinja::Value::text(std::move(t)); };
  return jinja::Value::dict({{text("role"), text(role)}, {text("content"), text(content)}}, budget);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string text = replace_invalid(input.substr(0, 200));
  jinja::Context context;
  context.variables["bos_token"] = jinja::Value::text("<s>");
  context.variables["messages"] =
      jinja::Value::list({message("system", text), message("user", " a "), message("user", "b")});
  try {
    if (!is_utf8(jinja::Template(input).render(context))) {
      std::fprintf(stderr, "broken promise: a rendered text is UTF-8\n");
      std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
