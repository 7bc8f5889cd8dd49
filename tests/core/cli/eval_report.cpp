#include "core/cli/eval_report.h"

#include <doctest/doctest.h>

#include "core/base/json.h"
#include "core/eval/evaluation.h"
#include "core/task/stream.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/eval_report");

namespace {

// Two samples of each of two problems; `right` of them are right, in order.
EvaluatedModel model(const std::string& name, std::size_t right) {
  std::vector<EvalAnswer> answers;
  EvalSet set;
  set.items.resize(2);
  set.keys = 2;
  for (std::size_t i = 0; i < 4; ++i) {
    EvalAnswer a;
    a.problem = i / 2;
    a.sample = static_cast<std::int64_t>(i % 2);
    a.outcome = Outcome::scored;
    a.right = i < right;
    a.reason = a.right ? "correct" : "wrong value";
    a.tokens = 10;
    a.traits = {static_cast<double>(i), 0.25};
    answers.push_back(a);
  }
  const std::vector<TaskTrait> traits = {{"attempts", "tries", ""},
                                         {"slips", "wrong ones", "attempts"}};
  return {
      .name = name, .endpoint = {}, .max_tokens = 64, .report = summarize(set, answers, 2, traits)};
}

Evaluation evaluation(std::vector<EvaluatedModel> models) {
  Evaluation e;
  e.task = "order";
  e.split = "test";
  e.set.fingerprint = "0123";
  e.models = std::move(models);
  return e;
}

std::string text_of(const Evaluation& e) {
  return capture([&] {
           print_evaluation(e);
           return 0;
         })
      .out;
}

Json json_of(const Evaluation& e, std::size_t line) {
  std::string text = capture([&] {
                       print_evaluation_json(e);
                       return 0;
                     }).out;
  for (; line > 0; --line) text.erase(0, text.find('\n') + 1);
  return parse_json(text.substr(0, text.find('\n')), "evaluation");
}

}  // namespace

TEST_CASE("one model: its accuracy with interval, pass@k and reasons") {
  const std::string text = text_of(evaluation({model("m", 3)}));
  CHECK(
      text.starts_with("order · test split · 2 problems (2 different) · set 0123\n"
                       "2 samples per problem at temperature 1\n"));
  CHECK(text.find(" 75.0 % [") != std::string::npos);
  CHECK(text.find("pass@2") != std::string::npos);
  CHECK(text.find("wrong value") != std::string::npos);
  CHECK(text.find("compared with") == std::string::npos);
}

TEST_CASE("several models are compared with the first") {
  const Evaluation e = evaluation({model("a", 4), model("b", 0)});
  const std::string text = text_of(e);
  CHECK(text.find("compared with 1 on the same problems, in points\n2   accuracy -100.0") !=
        std::string::npos);
  CHECK(text.find("worse") != std::string::npos);
  CHECK_FALSE(json_of(e, 0).contains("difference"));
  CHECK(json_of(e, 1)["difference"]["to"] == "a");
  CHECK(json_of(e, 1)["difference"]["accuracy"]["mean"] == -1.0);
}

TEST_CASE("for machines every number is there, and what was not judged is null") {
  const Json json = json_of(evaluation({model("m", 3)}), 0);
  CHECK(json["model"] == "m");
  CHECK(json["accuracy"] == 0.75);
  CHECK(json["pass_at"]["1"] == 0.75);
  CHECK(json["pass_at"]["2"] == 1.0);
  CHECK(json["reasons"]["correct"] == 0.75);
  CHECK_FALSE(json.contains("greedy"));
  Evaluation nothing = evaluation({model("m", 3)});
  nothing.models[0].report = EvalReport();
  CHECK(json_of(nothing, 0)["accuracy"].is_null());
}
