// A run of a few steps: what it reports and records, and that one which was stopped goes on as if
// it had not been.

#include "core/train/trainer.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/run/episode_file.h"
#include "core/train/records.h"
#include "core/train/rollout_engine.h"
#include "support/recorded_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/trainer");

namespace {

// A record without what a clock says.
Json timeless(Json record) {
  for (const char* name :
       {"seconds", "time/rollout", "time/score", "time/update", "time/eval", "time/spent",
        "time/await", "speed/tokens", "speed/rollout_tokens", "speed/slot_use"})
    record.erase(name);
  return record;
}

std::vector<Json> timeless(const std::vector<Json>& records) {
  std::vector<Json> out;
  for (const Json& record : records) out.push_back(timeless(record));
  return out;
}

}  // namespace

TEST_CASE("a run imitates, evaluates, learns and ends, and writes what it reports") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  CHECK(train_quick(folder / "run", observer));
  CHECK(observer.events == std::vector<std::string>{"preflight", "warm 1", "warm 2", "evaluated 0",
                                                    "preflight", "step 1", "step 2", "evaluated 2",
                                                    "step 3", "evaluated 3", "finished"});
  CHECK(observer.records.size() == 2 + 3 + 3);
  CHECK(observer.records.back()["step"] == 3);
  const auto checkpoints = list_checkpoints(folder / "run/checkpoints");
  REQUIRE_FALSE(checkpoints.empty());
  CHECK(checkpoints.back().filename() == "step-000003");
  CHECK(fs::exists(folder / "run/episodes/step-000003.jsonl.zst"));
}

TEST_CASE("tokens that were spent are those sampled, learned from and read, added up") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, {"algorithm={use: grpo, kl: 0.1}"});
  double spent = 0;
  for (const Json& record : observer.records) {
    if (!record.contains("train/reward")) continue;
    spent += record["tokens/sampled"].get<double>() + record["tokens/trained"].get<double>() +
             record["tokens/read"].get<double>();
    CHECK(record["tokens/spent"] == spent);
    CHECK(record["tokens/read"] == record["tokens/sampled"]);  // by the reference
  }
}

TEST_CASE("a run that is stopped and resumed repeats one that was not") {
  const TemporaryFolder folder;
  RecordingObserver whole;
  train_quick(folder / "whole", whole);
  for (const char* when : {"warm 1", "step 1", "evaluated 2"}) {
    CAPTURE(when);
    const fs::path path = folder / "stopped" / when;
    StopRequest stop = 0;
    RecordingObserver first;
    first.on_event = [&](const std::string& event) {
      if (event == when) stop = 1;
    };
    CHECK_FALSE(train_quick(path, first, {}, &stop));
    CHECK(first.events.back() == "interrupted");
    RecordingObserver second;
    CHECK(resume_quick(path, second));
    std::vector<Json> records = first.records;
    records.insert(records.end(), second.records.begin(), second.records.end());
    CHECK(timeless(records) == timeless(whole.records));
    CHECK(read_file(path / "checkpoints/step-000003/model.safetensors") ==
          read_file(folder / "whole/checkpoints/step-000003/model.safetensors"));
  }
}

TEST_CASE("a run with points is evaluated within its budget, as one that was stopped and resumed") {
  const TemporaryFolder folder;
  RecordingObserver one;
  train_quick(folder / "one", one, {"train.steps=1"});
  double cost = 0;
  for (const Json& record : one.records) cost = record.value("tokens/spent", cost);
  const double budget = 5.5 * cost;
  const std::vector<std::string> overrides = {
      "train.steps=100", "train.budget_tokens=" + fmt::format("{:.0f}", budget), "eval.points=2",
      "checkpoint={every: 0, keep: 100}"};
  RecordingObserver whole;
  train_quick(folder / "whole", whole, overrides);
  double spent = 0;
  std::vector<std::int64_t> points;
  for (const Json& record : whole.records) {
    spent = record.value("tokens/spent", spent);
    if (!record.contains("eval/point")) continue;
    points.push_back(record["eval/point"]);
    CHECK(spent <= budget);
    CHECK(fs::exists(folder / "whole/checkpoints" /
                     checkpoint_name(Phase::reinforce, record["step"].get<std::int64_t>())));
  }
  REQUIRE(points.size() >= 3);
  CHECK(points.front() == 0);
  CHECK(points[1] == 1);
  CHECK(points.back() == 2);
  for (const char* when : {"step 1", "step 4"}) {
    CAPTURE(when);
    const fs::path path = folder / "stopped" / when;
    StopRequest stop = 0;
    RecordingObserver first;
    first.on_event = [&](const std::string& event) {
      if (event == when) stop = 1;
    };
    CHECK_FALSE(train_quick(path, first, overrides, &stop));
    RecordingObserver second;
    CHECK(resume_quick(path, second));
    std::vector<Json> records = first.records;
    records.insert(records.end(), second.records.begin(), second.records.end());
    CHECK(timeless(records) == timeless(whole.records));
  }
}

// Step 1 begins with the start policy; what it samples is there before step 2 is drawn.
TEST_CASE("with rollout.ahead a step is sampled from the weights before the last update") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer,
              {"checkpoint.keep=8", "rollout.ahead=1", "train.importance_cap=2"});
  OpenedRun run = OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  const auto lines_from = [&](const std::string& checkpoint, std::int64_t step) {
    read_checkpoint(folder / "run/checkpoints" / checkpoint, run.model);
    const auto engine = rollout_engine(run, [](const std::string&) {});
    return episode_lines(step, sample_step(*engine, run, nullptr, step), run.task);
  };
  const auto recorded = [&](std::int64_t step) {
    std::string lines;
    EpisodeReader reader(folder / fmt::format("run/episodes/step-{:06}.jsonl.zst", step));
    for (std::string line; reader.next(line);) lines += line + "\n";
    return lines;
  };
  CHECK(recorded(1) == lines_from("step-000000", 1));
  CHECK(recorded(2) == lines_from("step-000000", 2));
  CHECK(recorded(3) == lines_from("step-000001", 3));
  CHECK(recorded(3) != lines_from("step-000002", 3));
  CHECK(observer.records.back()["step"] == 3);
  for (const Json& record : observer.records) {
    if (!record.contains("train/reward")) continue;
    CHECK(record.contains("time/await") == (record["step"] < 3));  // nothing comes after the last
  }
}

TEST_CASE("the best checkpoint is kept beyond checkpoint.keep") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer,
              {"checkpoint={keep: 1, keep_best: true}", "eval.split=validation"});
  CHECK(fs::exists(folder / "run/checkpoints/best"));
  CHECK(list_checkpoints(folder / "run/checkpoints").back().filename() == "step-000003");
}

TEST_CASE("a folder that is gone ends the run with the reason") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  observer.on_event = [&](const std::string& event) {
    if (event == "step 1") fs::remove_all(folder / "run");
  };
  CHECK_THROWS_AS(train_quick(folder / "run", observer), Failure);
}
