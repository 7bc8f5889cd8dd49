#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/bench_verify");

TEST_CASE("rates are positive, and no verdict is faster than hashing its bytes") {
  const CommandResult r =
      run_command(add_bench_verify, {"verify", "multiplication", "--seconds", "0.01", "--json"});
  CHECK(r.code == 0);
  const Json rates = parse_json(r.out, "bench verify");
  CHECK(rates["task"] == "multiplication");
  CHECK(rates["bytes"] > 0);
  for (const char* name : {"draws", "worker_verdicts", "ceiling"}) {
    CAPTURE(name);
    CHECK(rates[name]["lowest"] > 0);
    CHECK(rates[name]["lowest"] <= rates[name]["median"]);
    CHECK(rates[name]["median"] <= rates[name]["highest"]);
  }
}
