#include "core/task/open_task.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/config/experiment.h"
#include "core/config/yaml.h"
#include "core/task/stream.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/task/open_task");

namespace {

const char* const kMixed =
    "{use: mix, tasks: {countdown: {weight: 3, numbers: 3}, products: {use: multiplication, "
    "levels: [{digits: [1, 1]}, {digits: [2, 2]}]}}}";

bool mixes(const char* use, const char* text) {
  const Node settings = parse_yaml(text, "settings");
  return is_mixture(use, &settings);
}

}  // namespace

TEST_CASE("a section is a mixture if it says so or has levels") {
  CHECK(is_mixture("mix", nullptr));
  CHECK_FALSE(is_mixture("countdown", nullptr));
  CHECK_FALSE(mixes("countdown", "{numbers: 3}"));
  CHECK(mixes("countdown", "{levels: [{numbers: 3}]}"));
}

TEST_CASE("settings that every level sets anew are reported, and others are shared") {
  const Task task =
      open_task("multiplication", "{digits: 3, wording: long, levels: [{digits: 1}, {digits: 2}]}");
  REQUIRE(task.overridden().size() == 1);
  CHECK(task.overridden()[0].path == "task.digits");
  CHECK(task.overridden()[0].why == "every level sets it anew");
  const auto items = task.draw(1, 0, 20);
  for (const Item& item : items) CHECK(item.prompt.starts_with("Multiply "));
}

TEST_CASE("levels and tasks of a mixture must hold out the same") {
  for (const char* settings :
       {"{levels: [{hold_out: numbers}, {hold_out: problems}]}",
        "{levels: [{hold_out: numbers}, {}]}",
        "{use: mix, tasks: {a: {use: countdown, hold_out: numbers}, b: {use: countdown}}}"}) {
    CAPTURE(settings);
    const char* use = std::string(settings).find("mix") == std::string::npos ? "countdown" : "mix";
    CHECK_THROWS_WITH_AS(open_task(use, settings), doctest::Contains("hold_out is "), Error);
  }
  CHECK_NOTHROW(open_task("countdown", "{hold_out: numbers, levels: [{level: 1}, {level: 2}]}"));
  CHECK_NOTHROW(open_task("mix", "{tasks: {countdown: {hold_out: numbers}, multiplication: {}}}"));
}

// What config.yaml of a run says must open the same task again.
TEST_CASE("resolved settings open the same mixture") {
  for (const char* text :
       {kMixed, "{use: multiplication, level: 1, levels: [{level: 2}, {digits: 2, level: 0}]}"}) {
    const Node map = parse_yaml(text, "settings");
    const std::string use = map.find("use")->scalar;
    const PluginCatalog catalog({TINYZERO_PLUGINS});
    const Task task = open_task(catalog, use, &map);
    std::vector<ResolvedSetting> rows = {{"task.use", use, ""}};
    rows.insert(rows.end(), task.resolved().begin(), task.resolved().end());
    CAPTURE(resolved_yaml(rows));
    const Node again = parse_yaml(resolved_yaml(rows), "config.yaml");
    const Task reopened = open_task(catalog, use, again.find("task"));
    CHECK(draw_eval_set(reopened, Split::test, 100).fingerprint ==
          draw_eval_set(task, Split::test, 100).fingerprint);
  }
}

TEST_CASE("mistakes in a mixture are named where they stand") {
  const auto refused = [](const char* use, const char* text, const char* words) {
    CAPTURE(text);
    std::string what;
    try {
      open_task(use, text);
    } catch (const Error& e) {
      what = e.what();
    }
    CAPTURE(what);
    CHECK(what.find(words) != std::string::npos);
  };
  refused("mix", "{use: mix}", "settings:1:1: a mixture names no tasks");
  refused("mix", "{tasks: {}}", "settings:1:9: a mixture names no tasks");
  refused("mix", "{numbers: 3, tasks: {countdown: }}",
          "settings:1:2: unknown setting \"task.numbers\"");
  refused("mix", "{tasks: {count: {numbers: 3}}}", "settings:1:17: no task \"count\"");
  refused("mix", "{tasks: {a: {use: countdwn}}}", "settings:1:19: no task \"countdwn\"");
  refused("mix", "{tasks: {a: [1]}}", "settings:1:13: task.tasks.a is a list");
  refused("mix", "{tasks: {countdown: {weight: 0}}}",
          "settings:1:30: task.tasks.countdown.weight is 0");
  refused("mix", "{tasks: {countdown: {numbers: 99}}}",
          "settings:1:31: task.tasks.countdown.numbers is 99");
  refused("mix", "{tasks: {a/b: countdown}}",
          "settings:1:10: \"a/b\" cannot name a task of a mixture");
  refused("mix", "{tasks: {a: mix}}", "a mixture cannot hold another one");
  refused("countdown", "{levels: 3}", "settings:1:10: task.levels is 3, expected a list");
  refused("countdown", "{levels: []}", "settings:1:10: task.levels is a list");
  refused("countdown", "{levels: [{numbers: 3}, 4]}", "settings:1:25: task.levels.2 is 4");
  refused("countdown", "{levels: [{use: arithmetic}]}", "a level cannot set use");
  refused("countdown", "{levels: [{numbers: 3}, {number: 4}]}",
          "settings:1:26: unknown setting \"task.levels.2.number\"");
  refused("countdown", "{weight: 2}", "unknown setting \"task.weight\"");
}
