// An algorithm's numbers on a batch file, one by one.

#include "core/algorithm/explain.h"

#include <doctest/doctest.h>

#include "support/judged_batch.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/explain");

namespace {

BatchFile judged_file() {
  BatchFile file;
  file.batch = judged_batch();
  file.batch.mask = file.batch.mask.to(at::kDouble);
  file.batch.logp_old = file.batch.logp_old.to(at::kDouble);
  file.logp = file.batch.logp_old.clone();
  file.entropy = at::zeros_like(file.logp);
  return file;
}

}  // namespace

TEST_CASE("advantages, the loss, its terms by episode and its gradient by token") {
  const auto grpo = built_in_algorithm("grpo", "{scale: none}");
  const Json out = explain(*grpo.algorithm, judged_file());
  CHECK(out["advantages"] == Json{{0.5, 0.5}, {-0.5, -0.5}, {0.0, 0.0}, {0.0, 0.0}});
  CHECK(out["loss"].get<double>() == doctest::Approx(0));
  CHECK(out["terms"][0].get<double>() == doctest::Approx(-1.0 / 8));
  CHECK(out["terms"][1].get<double>() == doctest::Approx(1.0 / 8));
  CHECK(out["gradient"][0][0].get<double>() == doctest::Approx(-0.5 / 8));
  CHECK(out["counts"]["tokens"] == 8);
  CHECK(out["not_finite"].empty());
  CHECK_FALSE(out.contains("models"));
  CHECK_FALSE(out.contains("entropy_gradient"));
  CHECK(out["metrics"]["clipped"] == 0);
}

TEST_CASE("an update's episodes alone make the loss, with their own counts") {
  const auto grpo = built_in_algorithm("grpo", "{scale: none}");
  BatchFile file = judged_file();
  file.update = {0};
  const Json out = explain(*grpo.algorithm, file);
  CHECK(out["loss"].get<double>() == doctest::Approx(-0.5));
  CHECK(out["terms"].size() == 1);
  CHECK(out["counts"]["tokens"] == 2);
  CHECK(out["gradient"][1][0] == 0);
}

TEST_CASE("models say what the file recorded, or what they begin with, and that is said") {
  const auto ppo = built_in_algorithm("ppo", "{whiten: false, kl: 0.1}");
  BatchFile file = judged_file();
  file.outputs["critic"] = at::full({8}, 0.5, at::kDouble);
  const Json out = explain(*ppo.algorithm, file);
  CHECK(out["assumed"] == Json{"reference"});
  CHECK(out["models"]["critic"]["loss"].get<double>() == doctest::Approx(0.125));
  CHECK(out["added"]["value_old"][0][0] == 0.5);
  CHECK(out["advantages"][0][0].get<double>() == doctest::Approx(0.5));
}

TEST_CASE("numbers that are not finite are named") {
  const auto grpo = built_in_algorithm("grpo");
  BatchFile file = judged_file();
  file.logp[3] = NAN;
  const Json out = explain(*grpo.algorithm, file);
  CHECK(out["loss"].is_null());
  CHECK(out["not_finite"][0] == "logp: 1 of 8 tokens, first token 1 of episode 1");
}

TEST_CASE("a bonus for entropy shows its gradient") {
  const auto grpo = built_in_algorithm("grpo", "{entropy: 0.8}");
  const Json out = explain(*grpo.algorithm, judged_file());
  CHECK(out["entropy_gradient"][0][0].get<double>() == doctest::Approx(-0.1));
}
