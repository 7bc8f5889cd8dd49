#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/doctor");

TEST_CASE(
    "what is missing is told and is the exit code: here tinyzero-train is not beside the program") {
  const CommandResult json = run_command(add_doctor, {"doctor", "--json"});
  CHECK(json.code == 1);
  const Json report = parse_json(json.out, "doctor");
  CHECK(report["ok"] == false);
  CHECK(report["libtorch_ok"] == false);
  CHECK(report["cores"] >= 1);
  CHECK(report["memory_gib"] > 0);
  CHECK(report["tasks"].size() >= 3);
  const CommandResult text = run_command(add_doctor, {"doctor"});
  CHECK(text.out.find("libtorch    cannot be loaded: ") != std::string::npos);
  CHECK(text.out.ends_with("something is missing\n"));
}
