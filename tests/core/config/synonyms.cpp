// Names of other trainers, and names in the wrong section.

#include "core/config/synonyms.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/config/document.h"
#include "core/config/experiment.h"
#include "core/config/overrides.h"
#include "core/config/yaml.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/synonyms");

namespace {

// What is told of a setting that does not exist.
std::string hint_of(const std::string& path, const std::vector<std::string>& plugin_keys = {}) {
  Node root = parse_yaml("task: countdown\nalgorithm: grpo\n", "x.yaml");
  apply_override(root, path + "=1");
  expand_short_forms(root);
  Mistakes mistakes;
  Experiment::from_node(root, "x", mistakes, plugin_keys);
  try {
    mistakes.refuse();
  } catch (const Error& e) {
    return e.hint();
  }
  return "nothing is wrong";
}

}  // namespace

TEST_CASE("names that people bring are answered with ours, wherever they stand") {
  const struct {
    const char *theirs, *ours;
  } cases[] = {{"lr", "train.learning_rate"},
               {"train.lr", "train.learning_rate"},
               {"rollout.lr", "train.learning_rate"},
               {"learning_rate", "train.learning_rate"},
               {"rollout.learning_rate", "train.learning_rate"},
               {"beta", "algorithm.kl"},
               {"train.beta", "algorithm.kl"},
               {"kl_coef", "algorithm.kl"},
               {"init_kl_coef", "algorithm.kl"},
               {"num_generations", "rollout.samples"},
               {"n", "rollout.samples"},
               {"rollout.n", "rollout.samples"},
               {"actor_rollout_ref.rollout.n", "rollout.samples"},
               {"group_size", "rollout.samples"},
               {"max_completion_length", "rollout.max_tokens"},
               {"data.max_response_length", "rollout.max_tokens"},
               {"response_length", "rollout.max_tokens"},
               {"max_new_tokens", "rollout.max_tokens"},
               {"adv_estimator", "algorithm.use"},
               {"num_train_epochs", "train.steps"},
               {"trainer.total_epochs", "train.steps"},
               {"max_steps", "train.steps"},
               {"epsilon", "algorithm.clip"},
               {"clip_ratio", "algorithm.clip"},
               {"cliprange", "algorithm.clip"},
               {"gae_lambda", "algorithm.lambda"},
               {"lam", "algorithm.lambda"},
               {"ppo_epochs", "train.epochs"},
               {"per_device_train_batch_size", "rollout.prompts"},
               {"data.train_batch_size", "rollout.prompts"},
               {"gradient_accumulation_steps", "train.micro_batch"},
               {"ppo_mini_batch_size", "train.updates"},
               {"temperature", "rollout.temperature"},
               {"train.temperature", "rollout.temperature"},
               {"train.seed", "seed (at the top of the file)"},
               {"eval.threads", "threads (at the top of the file)"},
               {"bf16", "precision"},
               {"fp16", "precision"},
               {"model_name_or_path", "model.path"},
               {"dataset", "task.use"},
               {"reward_funcs", "task.use"},
               {"save_steps", "checkpoint.every"},
               {"eval_steps", "eval.every"},
               {"trainer.test_freq", "eval.every"},
               {"logging_steps", "metrics.jsonl"},
               {"report_to", "TensorBoard"},
               {"warmup_ratio", "train.warmup"},
               {"warmup_steps", "train.warmup"},
               {"weight_decay", "train.weight_decay"},
               {"max_grad_norm", "train.clip_norm"},
               {"entropy_coeff", "algorithm.entropy"},
               {"gradient_checkpointing", "train.recompute"},
               {"lora_rank", "lora.rank"},
               {"num_hidden_layers", "model.layers"},
               {"resume_from_checkpoint", "--resume"},
               {"output_dir", "--run FOLDER"},
               {"top_p", "--top-p"},
               {"max-new-tokens", "rollout.max_tokens"},
               {"Learning_Rate", "train.learning_rate"},
               {"train.STEPS", "did you mean \"steps\"?"}};
  for (const auto& c : cases) {
    CAPTURE(c.theirs);
    const std::string hint = hint_of(c.theirs);
    CAPTURE(hint);
    CHECK(hint.find(c.ours) != std::string::npos);
  }
}

TEST_CASE("a section of another trainer is answered by what stands in it") {
  Node root = parse_yaml(
      "task: countdown\nalgorithm: grpo\nactor_rollout_ref: {actor: {optim: {lr: 1e-6}, "
      "ppo_epochs: 2}, rollout: {n: 8, tensor: 1}}\n",
      "x.yaml");
  try {
    Experiment::from_node(root, "x");
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(std::string(e.what()) == "x.yaml:3:1: unknown setting \"actor_rollout_ref\"");
    CHECK(e.hint().find("actor_rollout_ref.actor.optim.lr: that is train.learning_rate here") !=
          std::string::npos);
    CHECK(e.hint().find("actor_rollout_ref.rollout.n: that is rollout.samples here") !=
          std::string::npos);
    CHECK(e.hint().find("ppo_epochs: that is train.epochs here") != std::string::npos);
  }
}

TEST_CASE("settings of the task and the algorithm are found at a wrong place, too") {
  const std::vector<std::string> keys = {"task.numbers", "task.target", "algorithm.clip",
                                         "algorithm.kl"};
  CHECK(hint_of("numbers", keys) == "it belongs elsewhere: task.numbers");
  CHECK(hint_of("train.clip", keys) == "it belongs elsewhere: algorithm.clip");
  CHECK(hint_of("rollout.kl", keys) == "it belongs elsewhere: algorithm.kl");
  CHECK(hint_of("train.clpi", keys).find("algorithm.clip") != std::string::npos);
  CHECK(hint_of("samples", keys) == "it belongs elsewhere: rollout.samples or eval.samples");
}

TEST_CASE("what is near in the same section is meant, unless the name has a meaning of its own") {
  CHECK(hint_of("train.stesp") == "did you mean \"steps\"?");
  CHECK(hint_of("train.epoch") == "did you mean \"epochs\"?");
  CHECK(hint_of("rolout") == "did you mean \"rollout\"?");
  CHECK(hint_of("train.max_token").find("rollout.max_tokens") != std::string::npos);
  CHECK(hint_of("checkpoint.xyz").find("known: every, keep, keep_best") == 0);
}

TEST_CASE("choices in other words") {
  CHECK(choice_meant("gpu", {"cpu", "cuda"}) == "cuda");
  CHECK(choice_meant("CUDA", {"cpu", "cuda"}) == "cuda");
  CHECK(choice_meant("float16", {"auto", "f32", "bf16"}) == "bf16");
  CHECK(choice_meant("float16", {"f32", "bf16", "f16"}) == "f16");
  CHECK(choice_meant("tpu", {"cpu", "cuda"}).empty());
  CHECK(choice_hint("tpu", {"cpu", "cuda"}) == "did you mean \"cpu\"?");
}

TEST_CASE("keys with a dot are for the command line") {
  try {
    Experiment::from_node(parse_yaml("task: a\nalgorithm: b\ntrain.steps: 5\n", "x.yaml"), "x");
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(e.hint() ==
          "in a file write train: {steps: …}; keys with a dot are for the command line");
  }
}

TEST_CASE("a dotted key of another trainer counts by its longest end") {
  CHECK(synonym_hint("lr") == "that is train.learning_rate here");
  CHECK(synonym_hint("a.b.lr") == "that is train.learning_rate here");
  CHECK(synonym_hint("critic.optim.lr") ==
        "that is algorithm.critic_learning_rate here: a setting of ppo");
  CHECK(synonym_hint("x.critic.optim.lr") ==
        "that is algorithm.critic_learning_rate here: a setting of ppo");
  CHECK(synonym_hint("betas") == "that is train.beta1 or train.beta2 here");
  CHECK(synonym_hint("Max-New-Tokens") == "that is rollout.max_tokens here");
  CHECK(synonym_hint("lora_dropout") == "adapters have no dropout");
  CHECK(synonym_hint("warmup_steps") == "that is train.warmup here: in steps");
  CHECK(synonym_hint("train.steps").empty());
  CHECK(synonym_hint("").empty());
}

TEST_CASE("keys in a text are separated by spaces") {
  CHECK(split_keys("").empty());
  CHECK(split_keys("a") == std::vector<std::string_view>{"a"});
  CHECK(split_keys("a b.c d") == std::vector<std::string_view>{"a", "b.c", "d"});
}
