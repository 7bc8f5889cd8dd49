#include "core/eval/evaluation.h"

#include <doctest/doctest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/eval/answer_file.h"
#include "core/model/parameters.h"
#include "support/golden.h"
#include "support/stub_engine.h"
#include "support/task.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/evaluation");

namespace {

// Completes every prompt with the same tokens, and counts.
class FixedEngine : public StubEngine {
 public:
  explicit FixedEngine(std::int64_t& sampled, StopRequest* interrupt = nullptr)
      : sampled_(sampled), interrupt_(interrupt) {}

  std::vector<Episode> generate(const std::vector<Prompt>& prompts, const Sampling&,
                                const GenerateHooks& hooks) override {
    std::vector<Episode> out;
    for (std::size_t p = 0; p < prompts.size(); ++p) {
      for (std::int64_t s = 0; s < prompts[p].samples; ++s) {
        Episode e;
        e.prompt = static_cast<std::int64_t>(p);
        e.sample = prompts[p].first_sample + s;
        e.tokens = {1, 2};
        e.logp = {-1, -1};
        if (hooks.on_episode) hooks.on_episode(e);
        out.push_back(std::move(e));
        ++sampled_;
        if (interrupt_ != nullptr) ++*interrupt_;
        stop_if_asked(hooks.stop);
      }
    }
    return out;
  }

 private:
  std::int64_t& sampled_;
  StopRequest* interrupt_;
};

struct Fixture {
  TemporaryFolder folder;
  std::int64_t sampled = 0;
  StopRequest stop{0};
  FolderModel model;
  EvaluationOptions options;

  Fixture() {
    model.folder = golden_folder() / "hf/qwen2_tied";
    options.problems = 3;
    options.samples = 2;
    options.save = folder / "answers.jsonl";
  }
  Evaluator evaluator() { return {options, open_task("multiplication"), &stop}; }
  // Completions that were sampled, and not read from the file.
  std::int64_t evaluate(Evaluator& evaluator, StopRequest* interrupt = nullptr) {
    sampled = 0;
    evaluator.evaluate_folder(
        model, [&](const Model&) { return std::make_unique<FixedEngine>(sampled, interrupt); });
    return sampled;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a folder answers each problem by samples and greedily") {
  Evaluator e = evaluator();
  CHECK(evaluate(e) == 3 * 2 + 3);
  REQUIRE(e.evaluation().models.size() == 1);
  const EvaluatedModel& m = e.evaluation().models.front();
  CHECK(m.name == model.folder.string());
  CHECK(m.report.total == 6);
  CHECK(m.report.greedy_tallies.size() == 3);
  CHECK(e.count().there == 9);
  CHECK(e.count().wanted == 9);
}

TEST_CASE_FIXTURE(Fixture, "greedy answers are wanted by default, never, or are the samples") {
  options.save.clear();
  options.greedy = GreedyAnswers::never;
  Evaluator without = evaluator();
  CHECK(evaluate(without) == 6);
  options.greedy = GreedyAnswers::always;
  options.temperature = 0;
  Evaluator at_zero = evaluator();
  CHECK(evaluate(at_zero) == 6);
}

TEST_CASE_FIXTURE(Fixture, "what is in the file is not sampled again, and counts the same") {
  {
    Evaluator first = evaluator();
    evaluate(first);
    first.sync();
  }
  Evaluator again = evaluator();
  CHECK(evaluate(again) == 0);
  CHECK(again.evaluation().models.front().report.total == 6);
}

TEST_CASE_FIXTURE(Fixture, "an interrupted evaluation goes on with what it does not have") {
  {
    Evaluator interrupted = evaluator();
    CHECK_THROWS_AS(evaluate(interrupted, &stop), Interrupted);
    CHECK(interrupted.count().there == 1);
    CHECK(interrupted.count().wanted == 9);
    CHECK(interrupted.evaluation().models.empty());
  }
  stop = 0;
  Evaluator again = evaluator();
  CHECK(evaluate(again) == 8);
  CHECK(again.evaluation().models.front().report.total == 6);
}

TEST_CASE_FIXTURE(Fixture, "answers of other settings are refused, not mixed") {
  {
    Evaluator first = evaluator();
    evaluate(first);
  }
  options.seed = 2;
  Evaluator other = evaluator();
  CHECK_THROWS_WITH_AS(evaluate(other), doctest::Contains("seed 1, this evaluation has 2"), Error);
}

TEST_CASE_FIXTURE(Fixture, "a set of problems that is not the one that is asked for is an error") {
  options.set = "0123456789abcdef";
  CHECK_THROWS_WITH_AS(evaluator(), doctest::Contains("--set asks for 0123456789abcdef"), Error);
  options.set.clear();
  const std::string hash = evaluator().evaluation().set.fingerprint;
  options.set = hash;
  CHECK_NOTHROW(evaluator());
}

TEST_CASE("the settings of a task are compared by name and value") {
  const Json four = task_settings(open_countdown("{numbers: 4}"));
  CHECK(four == task_settings(open_countdown("{numbers: 4}")));
  CHECK(four != task_settings(open_countdown("{numbers: 3}")));
}
