// Settings that can never act: what is refused, what is told, and what is left in peace.

#include "core/train/idle_settings.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/train/opened_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/idle_settings");

namespace {

const std::string kPlain =
    "rollout: {prompts: 8, max_tokens: 24}\neval: {problems: 8}\nmodel: {layers: 1, width: 16, "
    "heads: 2, kv_heads: 1, mlp: 32}\n";

struct Told {
  std::vector<std::string> notes;
  std::string error, hint;
};

// What is said of an experiment in x.yaml on top of base.yaml, with overrides.
Told told(const std::string& yaml, const std::vector<std::string>& overrides = {},
          const std::string& base = kPlain) {
  const TemporaryFolder folder;
  write_file_synced(folder / "base.yaml", base);
  write_file_synced(
      folder / "x.yaml",
      "extends: base.yaml\n" +
          (yaml.find("task:") == std::string::npos ? "task: countdown\n" : std::string()) +
          (yaml.find("algorithm:") == std::string::npos ? "algorithm: grpo\n" : "") + yaml);
  Told out;
  try {
    out.notes = OpenedRun::load(folder / "x.yaml", overrides, PluginCatalog({TINYZERO_PLUGINS}),
                                {.weights = false})
                    .notes;
  } catch (const Error& e) {
    out.error = e.what();
    out.hint = e.hint();
  }
  return out;
}

bool has_note(const Told& t, const std::string& words) {
  return std::any_of(t.notes.begin(), t.notes.end(), [&](const std::string& note) {
    return note.find(words) != std::string::npos;
  });
}

void refused(const Told& t, const std::string& words) {
  CAPTURE(t.error);
  CAPTURE(words);
  CHECK(t.error.find(words) != std::string::npos);
  CHECK_FALSE(t.hint.empty());
}

void noted(const Told& t, const std::string& words) {
  std::string all = t.error;
  for (const std::string& note : t.notes) all += "\n" + note;
  CAPTURE(all);
  CAPTURE(words);
  CHECK(t.error.empty());
  CHECK(has_note(t, words));
}

void clean(const Told& t) {
  std::string all = t.error;
  for (const std::string& note : t.notes) all += "\n" + note;
  CAPTURE(all);
  CHECK(t.error.empty());
  CHECK(t.notes.empty());
}

}  // namespace

TEST_CASE("one sample of a problem teaches nothing where samples are compared") {
  for (const char* algorithm :
       {"grpo", "prime", "{use: grpo, variant: grpo}", "{use: grpo, variant: dr_grpo}",
        "{use: grpo, variant: rloo}", "{use: grpo, variant: reinforce_pp_baseline}",
        "{use: grpo, variant: dapo}", "{use: grpo, variant: gspo}", "{use: grpo, variant: cispo}",
        "{use: grpo, baseline: others, scale: none}",
        "{use: grpo, baseline: none, scale: batch, dynamic_sampling: true}",
        "{use: prime, accuracy: [0, 1]}"}) {
    CAPTURE(algorithm);
    const Told t = told(std::string("algorithm: ") + algorithm + "\nrollout: {samples: 1}\n");
    refused(t, "x.yaml:4:20: ");
    refused(t, "would learn nothing: rollout.samples is 1");
  }
  for (const char* algorithm :
       {"ppo", "{use: grpo, variant: reinforce_pp}", "{use: grpo, baseline: none, scale: none}"})
    clean(told(std::string("algorithm: ") + algorithm + "\nrollout: {samples: 1}\n"));
  clean(told("algorithm: grpo\nrollout: {samples: 2}\n"));
  CHECK(told("rollout: {samples: 1}\ntrain: {steps: 0}\n")
            .error.empty());  // nothing is sampled for RL
  refused(told("algorithm: ppo\nrollout: {samples: 1, mixed_rounds: 2}\n"),
          "rollout.mixed_rounds is 2, and rollout.samples 1");
  refused(told("", {"rollout.samples=1"}), "command line: grpo would learn nothing");
  refused(told("algorithm: {use: prime, accuracy: [0.6, 0.7]}\nrollout: {samples: 4}\n"),
          "no share of 4 samples lies in it");
  clean(told("algorithm: {use: prime, accuracy: [0.6, 0.8]}\nrollout: {samples: 4}\n"));
}

TEST_CASE("a limit of completions that does not grow, or not to its end") {
  refused(
      told("rollout: {max_tokens: 50, first_tokens: 60}\n"),
      "rollout.first_tokens is 60, and rollout.max_tokens 50: the limit of completions does not");
  noted(told("rollout: {max_tokens: 80, first_tokens: 60}\n", {"rollout.max_tokens=20"}),
        "rollout.first_tokens is 60, and rollout.max_tokens 20");
  noted(told("train: {steps: 20}\nrollout: {max_tokens: 80, first_tokens: 20, growth_steps: 40}\n"),
        "the limit of completions ends at 39 tokens, below rollout.max_tokens 80: "
        "rollout.growth_steps is 40, and train.steps 20");
  clean(
      told("train: {steps: 40}\nrollout: {max_tokens: 80, first_tokens: 20, growth_steps: 40}\n"));
}

TEST_CASE("a warm-up that is longer than the run") {
  refused(told("train: {steps: 20, warmup: 50}\n"),
          "x.yaml:4:28: train.warmup is 50, and train.steps 20: the learning rate ends at 0.4 of "
          "its peak");
  refused(told("train: {warmup: 500}\n"), "train.warmup is 500, and train.steps 200");
  refused(told("train: {steps: 20}\n", {"train.warmup=50"}), "command line: train.warmup is 50");
  noted(told("train: {warmup: 50}\n", {"train.steps=2"}),
        "train.warmup is 50, and train.steps 2");  // somebody tries something
  clean(told("train: {steps: 20, warmup: 20}\n"));
  noted(told("train: {steps: 20, warmup: 20, schedule: cosine}\n"),
        "train.schedule cosine never begins");
  clean(told("train: {steps: 20, warmup: 5, schedule: cosine}\n"));
}

TEST_CASE("problems that the split does not have") {
  const std::string few = "task: {use: multiplication, digits: 1}\n";
  noted(told(few + "eval: {problems: 5000}\n"), "eval.problems is 5000, and the test split has ");
  noted(told(few + "eval: {problems: 5000}\n"), "x.yaml:4:18: ");
  clean(told(few + "eval: {problems: 8}\n"));
}

TEST_CASE("settings beside levels that every level sets anew") {
  const std::string levels = "levels: [{digits: 1}, {digits: 2}]";
  refused(told("task: {use: multiplication, digits: 3, " + levels + "}\n"),
          "x.yaml:3:37: task.digits has no effect: every level sets it anew");
  clean(told("task: {use: multiplication, digits: 3, levels: [{}, {digits: 2}]}\n"));  // the first
      // level has it
  noted(told("task: {" + levels + "}\n", {}, "task: {use: multiplication, digits: 3}\n" + kPlain),
        "task.digits has no effect");
  refused(told("task: {use: mix, tasks: {m: {use: multiplication, digits: 3, " + levels + "}}}\n"),
          "task.tasks.m.digits has no effect");
  noted(told("task: {use: mix, tasks: {multiplication: {weight: 3}}}\n"),
        "task.tasks.multiplication.weight has no effect");
  clean(told("task: {use: mix, tasks: {multiplication: {weight: 3}, countdown: }}\n"));
}

TEST_CASE("a curriculum that has nowhere to go") {
  const std::string task =
      "task: {use: multiplication, levels: [{digits: 1}, {digits: 2}, {digits: 3}]}\n";
  clean(told(task + "train: {steps: 40}\ncurriculum: {window: 4}\n"));
  noted(told(task + "train: {steps: 8}\ncurriculum: {window: 4}\n"),
        "of 3 levels only 2 can be reached: train.steps is 8");
  noted(told(task + "train: {steps: 4}\n"), "of 3 levels only the first can be reached");
  clean(told(task + "train: {steps: 9}\ncurriculum: {window: 4}\n"));
  refused(told("task: {use: multiplication, levels: [{digits: 1}]}\ncurriculum: {review: 0.5}\n"),
          "curriculum.review has no effect: no task has more than one level");
  clean(told("task: {use: multiplication, levels: [{digits: 1}]}\n"));
}

TEST_CASE("settings of a task that one of a later layer leaves nothing to do") {
  noted(told("task: {use: countdown, numbers: 3, largest: 50}\n", {"task.level=2"}),
        "task.numbers has no effect: task.level is 2");
  noted(told("task: {use: countdown, numbers: 3, largest: 50}\n", {"task.level=2"}),
        "task.largest has no effect: task.level is 2");
  refused(told("task: {use: countdown, numbers: 3, level: 2}\n"), "task.numbers has no effect");
}

TEST_CASE("bounds of a ratio that is always 1") {
  noted(told("algorithm: {use: grpo, clip: 0.1}\n"),
        "algorithm.clip can never act: train.updates and train.epochs are 1");
  noted(told("algorithm: {use: grpo, clip: 0.1, dual_clip: 3}\n"),
        "algorithm.clip and algorithm.dual_clip can never act");
  noted(told("algorithm: {use: ppo, clip: 0.1, value_clip: 0.3, dual_clip: 2}\n"),
        "algorithm.clip, algorithm.dual_clip and algorithm.value_clip");
  noted(told("algorithm: {use: prime, clip: 0.1}\n"), "algorithm.clip can never act");
  noted(told("algorithm: {use: grpo, variant: gspo}\n"),
        "algorithm.ratio (variant gspo) can never act");
  noted(told("algorithm: {use: grpo, variant: cispo}\n"),
        "algorithm.objective (variant cispo) can never act");
  noted(told("algorithm: {use: grpo, ratio: sequence}\n"), "algorithm.ratio can never act");
  noted(told("algorithm: {use: grpo, variant: dapo}\n"),
        "algorithm.clip (variant dapo) and algorithm.dual_clip (variant dapo) can never act");
  clean(told("algorithm: grpo\n"));
  for (const char* several : {"train: {updates: 2}\n", "train: {epochs: 2}\n"}) {
    clean(told(std::string("algorithm: {use: grpo, clip: 0.1, dual_clip: 3}\n") + several));
    clean(told(std::string("algorithm: {use: ppo, value_clip: 0.3}\n") + several));
    clean(told(std::string("algorithm: {use: grpo, variant: gspo}\n") + several));
  }
}

TEST_CASE("what comes after the end of the run") {
  noted(told("train: {steps: 10}\neval: {every: 20}\n"), "eval.every is 20, and train.steps 10");
  noted(told("train: {steps: 10}\ncheckpoint: {every: 20}\n"),
        "checkpoint.every is 20, and train.steps 10");
  clean(told("train: {steps: 10}\neval: {every: 10}\ncheckpoint: {every: 10}\n"));
  clean(told("train: {steps: 10}\n"));  // the default of eval.every is nobody's wish
  clean(told("eval: {every: 20}\ncheckpoint: {every: 20}\n", {"train.steps=2"}));
  noted(told("train: {steps: 10}\nalgorithm: {use: ppo, kl: 0.1, reference_every: 10}\n"),
        "algorithm.reference_every can never act");
  noted(told("train: {steps: 10}\nalgorithm: {use: ppo, critic_warmup: 10}\n"),
        "the policy never learns");
  noted(told("train: {steps: 10, budget_tokens: 1e12}\n"),
        "train.budget_tokens is 1000000000000, which train.steps 10 cannot use up");
  clean(told("train: {steps: 10, budget_tokens: 1e4}\n"));
}

TEST_CASE("what there is nothing for") {
  noted(told("train: {steps: 0}\nrollout: {samples: 4, temperature: 0.5}\nalgorithm: {use: grpo, "
             "clip: 0.1}\n"),
        "train.steps is 0, so there is no RL");
  clean(told("rollout: {samples: 4, temperature: 0.5}\nalgorithm: {use: grpo, clip: 0.1}\n",
             {"train.steps=0"}));  // switched off
  noted(told("train: {steps: 0, weight_decay: 0.1}\n"),
        "train.weight_decay has no effect: train.steps and warm_start.steps are 0");
  noted(told("train: {steps: 0}\neval: {split: validation}\ncheckpoint: {keep_best: true}\n"),
        "checkpoint.keep_best has nothing to choose from");
  noted(told("train: {learning_rate: 0}\n"), "train.learning_rate is 0: the policy never changes");
  noted(told("warm_start: {steps: 2, learning_rate: 0}\n"), "warm_start.learning_rate is 0");
  noted(told("preflight: {problems: 0, max_truncated: 0.5}\n"),
        "preflight.max_truncated has no effect");
  noted(told("model: {preset: small, context: 256}\n"), "model.preset has no effect");
  noted(told("algorithm: {use: grpo, entropy_target: 1, entropy_step: 0}\n"),
        "algorithm.entropy_target can never act");
  noted(told("algorithm: {use: prime, accuracy: [0, 1], sampling_rounds: 3}\n"),
        "algorithm.sampling_rounds can never act");
}

TEST_CASE("a run that began earlier is not asked again") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "run/checkpoints");
  write_file_synced(folder / "run/config.yaml",
                    "task: countdown\nalgorithm: grpo\ntrain: {steps: 20, warmup: 50}\n" + kPlain);
  CHECK(OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS})).notes.empty());
}
