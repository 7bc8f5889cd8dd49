#include "core/train/idle_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/algorithm/plugin.h"
#include "core/base/error.h"
#include "core/forecast/passes.h"
#include "core/task/mixture.h"

namespace tinyzero {
namespace {

// "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> first(words.begin(), words.end() - 1);
  return fmt::format("{} and {}", fmt::join(first, ", "), words.back());
}

class IdleSettings {
 public:
  explicit IdleSettings(const SettingsInUse& use)
      : use_(use),
        e_(use.experiment),
        rows_(use.settings),
        steps_(e_.train.steps),
        rl_(steps_ > 0),
        plan_{.samples = e_.rollout.samples,
              .updates = e_.train.updates * e_.train.epochs,
              .steps = steps_} {}

  std::vector<std::string> check() {
    check_samples();
    check_learning_rate();
    check_limit();
    check_intervals();
    check_budget();
    check_levels();
    check_curriculum();
    check_problems();
    check_algorithm();
    check_without_rl();
    check_without_learning();
    check_model();
    mistakes_.refuse();
    return std::move(notes_);
  }

 private:
  const ResolvedSetting* find(const std::string& path) const {
    const auto found = std::find_if(rows_.begin(), rows_.end(),
                                    [&](const ResolvedSetting& s) { return s.path == path; });
    return found == rows_.end() ? nullptr : &*found;
  }
  const ResolvedSetting* find_written(const std::string& path) const {
    const ResolvedSetting* row = find(path);
    return row != nullptr && row->is_written() ? row : nullptr;
  }
  // Whether `by` was written over the setting: then somebody tries something out, and has made no
  // mistake.
  bool is_overlaid(const ResolvedSetting& setting, const std::string& by) const {
    const ResolvedSetting* other = find_written(by);
    return other != nullptr && other->origin.layer > setting.origin.layer;
  }

  void note(const Place& place, const std::string& text) {
    notes_.push_back(place.source.empty() ? text : place.text() + ": " + text);
  }
  // `by`: the setting that leaves this one without effect.
  void note_if_written(const std::string& path, const std::string& text,
                       const std::string& by = {}) {
    const ResolvedSetting* row = find_written(path);
    if (row != nullptr && !is_overlaid(*row, by)) note(row->origin, text);
  }
  // For a written setting that `by` contradicts.
  void refuse_if_written(const std::string& path, const std::string& by, const std::string& text,
                         const std::string& hint) {
    const ResolvedSetting* row = find_written(path);
    if (row == nullptr) return;
    if (is_overlaid(*row, by)) note(row->origin, text);
    else mistakes_.add(Error(row->origin, text, hint));
  }

  void check_samples() {
    if (!rl_) return;
    const Place samples = e_.place("rollout.samples");
    try {
      use_.algorithm.check_plan(plan_);
    } catch (const std::invalid_argument& error) {
      mistakes_.add(Error(
          samples.source.empty() ? place_of(&e_.algorithm.settings) : samples,
          fmt::format("{} would learn nothing: {}", e_.algorithm.use, error.what()),
          "change one of them, or take another algorithm; `tinyzero algorithm list` names them"));
    }
    if (e_.rollout.samples == 1 && e_.rollout.mixed_rounds > 0)
      mistakes_.add(Error(e_.place("rollout.mixed_rounds"),
                          fmt::format("rollout.mixed_rounds is {}, and rollout.samples 1: samples "
                                      "that differ are never found in one",
                                      e_.rollout.mixed_rounds),
                          "set rollout.samples to 2 or more, or remove rollout.mixed_rounds"));
  }

  void check_limit() {
    const RolloutSettings& r = e_.rollout;
    if (!rl_ || r.first_tokens == 0) return;
    if (r.first_tokens >= r.max_tokens) {
      refuse_if_written("rollout.first_tokens", "rollout.max_tokens",
                        fmt::format("rollout.first_tokens is {}, and rollout.max_tokens {}: the "
                                    "limit of completions does not grow",
                                    r.first_tokens, r.max_tokens),
                        "set first_tokens below max_tokens, or remove it");
    } else if (r.growth_steps > steps_) {
      note(e_.place("rollout.first_tokens"),
           fmt::format("the limit of completions ends at {} tokens, below rollout.max_tokens {}: "
                       "rollout.growth_steps is {}, and train.steps {}",
                       r.tokens_at(steps_), r.max_tokens, r.growth_steps, steps_));
    }
  }

  void check_learning_rate() {
    const TrainSettings& t = e_.train;
    if (rl_ && t.warmup > steps_) {
      refuse_if_written("train.warmup", "train.steps",
                        fmt::format("train.warmup is {}, and train.steps {}: the learning rate "
                                    "ends at {:.2g} of its peak",
                                    t.warmup, steps_,
                                    static_cast<double>(steps_) / static_cast<double>(t.warmup)),
                        "set warmup below steps");
    }
    if (rl_ && t.warmup >= steps_ && t.schedule != "constant" && !t.has_budget())
      note_if_written(
          "train.schedule",
          fmt::format(
              "train.schedule {} never begins: the warm-up of {} steps takes the whole run of {}",
              t.schedule, t.warmup, steps_),
          "train.steps");
    if (rl_ && t.learning_rate == 0)
      note_if_written("train.learning_rate", "train.learning_rate is 0: the policy never changes");
    if (e_.warm_start.steps > 0 && e_.warm_start.learning_rate == 0)
      note_if_written("warm_start.learning_rate",
                      "warm_start.learning_rate is 0: the warm start changes nothing");
  }

  void check_intervals() {
    if (rl_ && e_.eval.points > 0)
      note_if_written("eval.every", "eval.every has no effect: eval.points decides", "eval.points");
    else if (rl_ && e_.eval.every > steps_)
      note_if_written("eval.every",
                      fmt::format("eval.every is {}, and train.steps {}: the policy is evaluated "
                                  "before RL and after it alone",
                                  e_.eval.every, steps_),
                      "train.steps");
    if (rl_ && e_.eval.points > steps_)
      note_if_written("eval.points",
                      fmt::format("eval.points is {}, and train.steps {}: the policy is evaluated "
                                  "after every step",
                                  e_.eval.points, steps_),
                      "train.steps");
    const CheckpointSettings& save = e_.checkpoint;
    if (save.every > steps_ && save.every_warm_start() > e_.warm_start.steps)
      note_if_written("checkpoint.every",
                      fmt::format("checkpoint.every is {}, and train.steps {}: there is a "
                                  "checkpoint of the start and one of the end, and none between",
                                  e_.checkpoint.every, steps_),
                      "train.steps");
    if (e_.preflight.problems == 0)
      note_if_written("preflight.max_truncated",
                      "preflight.max_truncated has no effect: preflight.problems is 0, so there is "
                      "no preflight");
    if (e_.checkpoint.keep_best && !rl_)
      note_if_written("checkpoint.keep_best",
                      "checkpoint.keep_best has nothing to choose from: train.steps is 0, and "
                      "there is one evaluation",
                      "train.steps");
  }

  void check_budget() {
    const TrainSettings& t = e_.train;
    if (!rl_ || t.budget_tokens <= 0) return;
    const StepPasses passes = passes_of(use_.algorithm, t);
    double step = e_.rollout.prompts;  // tokens that it is charged at most
    step *= e_.rollout.samples;
    step *= e_.rollout.max_tokens;
    step *= most_rounds(use_.algorithm, e_.rollout);
    step *= 1 + passes.learning + passes.reading;  // sampled, learned from, read
    if (step * static_cast<double>(steps_) >= t.budget_tokens) return;
    note_if_written("train.budget_tokens",
                    fmt::format("train.budget_tokens is {}, which train.steps {} cannot use up: at "
                                "most {} tokens a step are charged",
                                real_text(t.budget_tokens), steps_, real_text(step)),
                    "train.steps");
  }

  void check_levels() {
    for (const OverriddenSetting& s : use_.task.overridden()) {
      const std::string text = s.path + " has no effect: " + s.why;
      if (s.origin.layer < s.by.layer) note(s.origin, text);
      else mistakes_.add(Error(s.origin, text, "remove it, or leave it out of a level"));
    }
    const TaskMixture* mixture = mixture_of(use_.task);
    if (mixture == nullptr || mixture->parts().size() > 1 || mixture->parts().front().name.empty())
      return;
    const std::string name = mixture->parts().front().name;
    note_if_written("task.tasks." + name + ".weight",
                    "task.tasks." + name + ".weight has no effect: there is no other task");
  }

  void check_curriculum() {
    const TaskMixture* mixture = mixture_of(use_.task);
    if (!rl_ || mixture == nullptr) return;
    std::size_t most = 1;
    for (const TaskMixture::Part& part : mixture->parts()) most = std::max(most, part.levels);
    if (most == 1) {
      for (const ResolvedSetting& row : rows_) {
        if (row.path.starts_with("curriculum."))
          refuse_if_written(row.path, "task.levels",
                            row.path + " has no effect: no task has more than one level",
                            "remove it");
      }
      return;
    }
    const std::size_t reached = 1 + (steps_ - 1) / e_.curriculum.window;
    if (reached >= most) return;
    note(e_.place("curriculum.window"),
         fmt::format("of {} levels {} can be reached: train.steps is {}, and a level takes "
                     "curriculum.window {} steps at least",
                     most, reached == 1 ? "only the first" : fmt::format("only {}", reached),
                     steps_, e_.curriculum.window));
  }

  void check_problems() {
    const std::int64_t held = use_.held_out;
    if (held >= e_.eval.problems) return;
    note(e_.place("eval.problems"),
         fmt::format("eval.problems is {}, and the {} split has {} different problem{}: {}",
                     e_.eval.problems, e_.eval.split, held, held == 1 ? "" : "s",
                     held == 1 ? "it is what there is to evaluate on" : "evaluation takes these"));
  }

  // Settings of the algorithm that never act although a person or a variant chose them, grouped by
  // the algorithm's reason.
  void check_algorithm() {
    if (!rl_) return;
    std::map<std::string, std::vector<const ResolvedSetting*>> idle;
    for (const IdleSetting& setting : use_.algorithm.idle_settings(plan_)) {
      const ResolvedSetting* row = find("algorithm." + setting.name);
      if (row == nullptr || row->origin.layer == kDefaultLayer) continue;
      idle[setting.why].push_back(row);
    }
    for (const auto& [why, rows] : idle) {
      std::vector<std::string> names;
      for (const ResolvedSetting* row : rows)
        names.push_back(row->path +
                        (row->is_written() ? "" : fmt::format(" ({})", row->origin.text())));
      const bool written = rows.front()->is_written();
      note(written ? static_cast<Place>(rows.front()->origin) : Place(),
           fmt::format("{} can never act: {}", listed(names), why));
    }
    const std::vector<AuxiliaryModel> models = use_.algorithm.auxiliary_models();
    const bool learns = std::any_of(models.begin(), models.end(), [](const AuxiliaryModel& model) {
      return model.learning_rate > 0;
    });
    if (e_.lora.rank > 0 && e_.lora.auxiliary_models && !learns)
      note_if_written("lora.auxiliary_models",
                      "lora.auxiliary_models has no effect: " + e_.algorithm.use +
                          " has no model that learns beside the policy");
  }

  void check_without_rl() {
    if (rl_) return;
    std::vector<std::string> names;
    Place first;
    for (const ResolvedSetting& row : rows_) {
      static const char* const kOfRl[] = {"rollout.prompts",      "rollout.samples",
                                          "rollout.temperature",  "rollout.mixed_rounds",
                                          "rollout.ahead",        "eval.every",
                                          "eval.points",          "train.budget_tokens",
                                          "train.budget_seconds", "train.random_reward"};
      const bool of_rl =
          std::find(std::begin(kOfRl), std::end(kOfRl), row.path) != std::end(kOfRl) ||
          row.path.starts_with("curriculum.") ||
          (row.path.starts_with("algorithm.") && row.path != "algorithm.use");
      if (!of_rl || !row.is_written() || is_overlaid(row, "train.steps") || row.value == "0")
        continue;
      if (names.empty()) first = row.origin;
      names.push_back(row.path);
    }
    if (!names.empty())
      note(first, fmt::format("{} {} no effect: train.steps is 0, so there is no RL", listed(names),
                              names.size() == 1 ? "has" : "have"));
  }

  void check_without_learning() {
    if (rl_ || e_.warm_start.steps > 0) return;
    std::vector<std::string> names;
    Place first;
    for (const char* name : {"weight_decay", "beta1", "beta2", "clip_norm", "optimizer_state",
                             "micro_batch", "recompute", "device"}) {
      const ResolvedSetting* row = find_written(std::string("train.") + name);
      if (row == nullptr || is_overlaid(*row, "train.steps") ||
          is_overlaid(*row, "warm_start.steps"))
        continue;
      if (names.empty()) first = row->origin;
      names.push_back(row->path);
    }
    if (!names.empty())
      note(first,
           fmt::format("{} {} no effect: train.steps and warm_start.steps are 0, so nothing learns",
                       listed(names), names.size() == 1 ? "has" : "have"));
  }

  void check_model() {
    const ModelSettings& m = e_.model;
    if (m.path.empty() && m.layers > 0 && m.width > 0 && m.heads > 0 && m.kv_heads > 0 &&
        m.mlp > 0 && m.context > 0)
      note_if_written("model.preset",
                      "model.preset has no effect: layers, width, heads, kv_heads, mlp and context "
                      "say all that it would");
  }

  const SettingsInUse& use_;
  const Experiment& e_;
  const std::vector<ResolvedSetting> rows_;
  const std::int64_t steps_;
  const bool rl_;
  const RunPlan plan_;
  Mistakes mistakes_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> check_idle_settings(const SettingsInUse& use) {
  return IdleSettings(use).check();
}

}  // namespace tinyzero
