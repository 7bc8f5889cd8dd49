// libFuzzer target: experiment files and overrides. The first byte says which; a finding is a
// crash, a sanitizer's report, a hang, an exception that is no Error, or an error that does not say
// where it is.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/config/document.h"
#include "core/config/experiment.h"
#include "core/config/overrides.h"
#include "core/config/yaml.h"

namespace {

void require(bool holds, const std::string& promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise.c_str());
  std::abort();
}

// Whether `text` holds `source`, a colon, a line from 1, a colon and a column from 1.
bool says_where(const std::string& text, const std::string& source) {
  for (std::size_t at = text.find(source + ":"); at != std::string::npos;
       at = text.find(source + ":", at + 1)) {
    char* end = nullptr;
    const long line = std::strtol(text.c_str() + at + source.size() + 1, &end, 10);
    if (*end != ':') continue;
    if (line >= 1 && std::strtol(end + 1, nullptr, 10) >= 1) return true;
  }
  return false;
}

void read_file(const std::string& text) {
  try {
    tinyzero::Experiment::from_node(tinyzero::parse_yaml(text, "x.yaml"), "x");
  } catch (const tinyzero::Error& e) {
    require(says_where(e.what(), "x.yaml"), std::string("an error says where: ") + e.what());
  }
}

void read_override(const std::string& text) {
  tinyzero::Node root = tinyzero::parse_yaml(
      "task: {use: t, numbers: [1, 2]}\nalgorithm: a\ntrain: {steps: 3}\n", "x.yaml");
  try {
    tinyzero::apply_override(root, text);
    tinyzero::Experiment::from_node(root, "x");
  } catch (const tinyzero::Error& e) {
    const std::string what = e.what();
    const bool where = what.find("command line") != std::string::npos ||
                       what.find("override") != std::string::npos || says_where(what, "x.yaml");
    require(where, "an error says where: " + what);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) read_override(text);
  else read_file(text);
  return 0;
}
