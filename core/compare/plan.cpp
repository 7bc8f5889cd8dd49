#include "core/compare/plan.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <initializer_list>

#include "core/base/error.h"
#include "core/config/yaml.h"
#include "core/run/checkpoint.h"
#include "core/run/manifest.h"
#include "core/train/curriculum.h"
#include "core/train/opened_run.h"

namespace tinyzero {
namespace {

using Settings = std::vector<ResolvedSetting>;

constexpr std::int64_t kComparedProblems = 8;  // of a first step

// What the weights at the beginning of RL depend on, besides the sections model, task and
// warm_start and, where it is used, lora.
constexpr std::string_view kStartSettings[] = {
    "precision",         "train.weights", "train.optimizer_state",
    "train.micro_batch", "train.shards",  "train.clip_norm",
    "train.beta1",       "train.beta2",   "train.weight_decay"};

const ResolvedSetting* find(const Settings& settings, const std::string& path) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const ResolvedSetting& s) { return s.path == path; });
  return found == settings.end() ? nullptr : &*found;
}

void set(Settings& settings, const std::string& path, const std::string& value) {
  for (ResolvedSetting& s : settings) {
    if (s.path == path) s.value = value;
  }
}

bool in_section(const ResolvedSetting& s, const char* section) {
  return s.path.starts_with(std::string(section) + ".");
}

bool in_any(const ResolvedSetting& s, std::initializer_list<const char*> sections) {
  return std::any_of(sections.begin(), sections.end(),
                     [&](const char* section) { return in_section(s, section); });
}

// Names a start by all that its weights depend on besides the seed.
std::string start_key(const Settings& settings) {
  std::string text;
  for (const ResolvedSetting& s : settings) {
    const bool section = in_any(s, {"model", "task", "demonstrations", "warm_start"});
    const bool adapter = in_section(s, "lora") && find(settings, "lora.rank")->value != "0";
    const bool other = std::find(std::begin(kStartSettings), std::end(kStartSettings), s.path) !=
                       std::end(kStartSettings);
    if (section || adapter || other) text += s.path + ": " + s.value + "\n";
  }
  return fmt::format("{:016x}", XXH64(text.data(), text.size(), 0)).substr(0, 8);
}

bool needs_start(const Settings& settings) {
  return find(settings, "warm_start.steps")->value != "0" ||
         find(settings, "model.path")->value == yaml_text("");
}

// Removes settings that have no effect because train.steps is 0: an experiment with them would be
// refused.
void drop_idle(Settings& settings) {
  Node root = parse_yaml(resolved_yaml(settings), "start");
  ++root.find("train")->find("steps")->origin.layer;
  const Settings effective = Experiment::from_node(std::move(root), "start").resolved;
  std::erase_if(settings, [&](const ResolvedSetting& s) {
    const auto same = [&](const ResolvedSetting& other) { return other.path == s.path; };
    return !in_any(s, {"task", "demonstrations", "algorithm"}) &&
           std::none_of(effective.begin(), effective.end(), same);
  });
}

Settings as_start(Settings settings, std::int64_t seed) {
  set(settings, "seed", std::to_string(seed));
  for (const char* path : {"train.steps", "train.budget_tokens", "train.budget_seconds",
                           "train.random_reward", "eval.points"})
    set(settings, path, "0");
  set(settings, "train.imitate", "false");
  set(settings, "checkpoint.every", "20");
  set(settings, "checkpoint.keep", "1");
  drop_idle(settings);
  return settings;
}

// A run that writes a checkpoint at every evaluation. It begins with the weights of `start`, if
// that is not empty.
Settings as_run(Settings settings, std::int64_t seed, const std::string& start) {
  set(settings, "seed", std::to_string(seed));
  // With eval.points there is a checkpoint at every evaluation anyway.
  const bool has_points = find(settings, "eval.points")->value != "0";
  set(settings, "checkpoint.every", has_points ? "0" : find(settings, "eval.every")->value);
  set(settings, "checkpoint.keep", "1000000");
  if (start.empty()) return settings;
  const ResolvedSetting* imitate = find(settings, "train.imitate");
  const bool imitates = imitate != nullptr && imitate->value == "true";
  std::erase_if(settings, [&](const ResolvedSetting& s) {
    return in_section(s, "warm_start") || (in_section(s, "demonstrations") && !imitates) ||
           (in_section(s, "model") && s.path != "model.path" && s.path != "model.template");
  });
  set(settings, "model.path", yaml_text(start));
  return settings;
}

// What must be the same for every arm.
struct Common {
  std::string validation;  // fingerprints of the problem sets
  std::string test;
  std::vector<std::string> first_problems;  // keys of problems of a first step
};

void check_common(const Common& common, const std::string& name, const Common& first,
                  const std::string& first_name) {
  const char* const hint =
      "arms are compared on one task: set what draws its problems in the file, not in an arm";
  if (common.validation != first.validation || common.test != first.test)
    throw Error(
        fmt::format("arm \"{}\" is evaluated on other problems (validation {}, test {}) than "
                    "\"{}\" (validation {}, test {})",
                    name, common.validation, common.test, first_name, first.validation, first.test),
        hint);
  const auto count = std::min(std::ssize(common.first_problems), std::ssize(first.first_problems));
  if (!std::equal(common.first_problems.begin(), common.first_problems.begin() + count,
                  first.first_problems.begin()))
    throw Error(fmt::format("arm \"{}\" learns from other problems than \"{}\"", name, first_name),
                hint);
}

Json differences(const Settings& settings, const Settings& first) {
  Json out = Json::object();
  for (const ResolvedSetting& s : settings) {
    const ResolvedSetting* other = find(first, s.path);
    if (other == nullptr || other->value != s.value) out[s.path] = s.value;
  }
  for (const ResolvedSetting& s : first) {
    if (find(settings, s.path) == nullptr) out[s.path] = nullptr;
  }
  return out;
}

class Planner {
 public:
  Planner(const Comparison& comparison, const fs::path& folder, std::int64_t jobs,
          const PluginCatalog& catalog)
      : comparison_(comparison), folder_(folder), jobs_(jobs), catalog_(catalog) {}

  ComparisonPlan make() {
    for (std::size_t a = 0; a < comparison_.arms.size(); ++a) open_arm(a);
    for (const std::int64_t seed : comparison_.seeds) {
      for (std::size_t a = 0; a < comparison_.arms.size(); ++a) add_run(a, seed);
    }
    return std::move(plan_);
  }

 private:
  void open_arm(std::size_t a) {
    const ComparisonArm& arm = comparison_.arms[a];
    const OpenedRun run = OpenedRun::open(Experiment::from_node(arm.root, comparison_.name),
                                          catalog_, {.weights = false});
    add_notes(arm, run);
    add_files(run);
    const EvalSet test = draw_eval_set(run.task, Split::test, run.experiment.eval.problems);
    const Common common{.validation = run.held_out.fingerprint,
                        .test = test.fingerprint,
                        .first_problems = first_problems(run)};
    if (a == 0) {
      common_ = common;
      describe(run, test);
    }
    check_common(common, arm.name, common_, comparison_.arms.front().name);
    Settings settings = run.resolved();
    set(settings, "threads", std::to_string(plan_.threads));
    if (run.chose_shards) set(settings, "train.shards", "0");  // each run's own choice
    settings_.push_back(std::move(settings));
    plan_.settings.push_back(differences(settings_.back(), settings_.front()));
  }

  std::vector<std::string> first_problems(const OpenedRun& run) const {
    const Experiment& e = run.experiment;
    const Curriculum curriculum(e.curriculum, run.task);
    std::vector<std::string> keys;
    for (const Item& item : draw_step(run.task, curriculum.stage(), comparison_.seeds.front(), 1,
                                      std::min(kComparedProblems, e.rollout.prompts)))
      keys.push_back(item.key);
    return keys;
  }

  // What the plan says of all arms, as the first has it.
  void describe(const OpenedRun& run, const EvalSet& test) {
    const EvalSet& validation = run.held_out;
    plan_.validation = {.fingerprint = validation.fingerprint,
                        .problems = validation.items.size(),
                        .keys = validation.keys};
    plan_.test = {
        .fingerprint = test.fingerprint, .problems = test.items.size(), .keys = test.keys};
    plan_.task = run.task.about().id;
    plan_.model = model_label(run);
    plan_.threads = std::max<std::int64_t>(1, run.experiment.general.threads / jobs_);
  }

  // Not of controls: they do on purpose what an arm should not.
  void add_notes(const ComparisonArm& arm, const OpenedRun& run) {
    if (arm.role != ArmRole::arm) return;
    for (const std::string& text : run.notes) {
      const auto known = [&](const std::string& note) { return note.ends_with(text); };
      if (std::none_of(plan_.notes.begin(), plan_.notes.end(), known))
        plan_.notes.push_back("arm " + arm.name + ": " + text);
    }
  }

  void add_files(const OpenedRun& run) {
    Json files = setting_files(run.resolved());
    const fs::path start = run.experiment.model.path;
    if (!start.empty() && fs::is_directory(start)) {
      const Json hashes = model_hashes(start);  // items() refers to it
      for (const auto& [name, hash] : hashes.items())
        files.push_back(
            {{"setting", "model.path"}, {"path", (start / name).string()}, {"xxh3", hash}});
    }
    for (const Json& file : files) {
      if (std::find(plan_.files.begin(), plan_.files.end(), file) == plan_.files.end())
        plan_.files.push_back(file);
    }
  }

  void add_run(std::size_t a, std::int64_t seed) {
    const ComparisonArm& arm = comparison_.arms[a];
    if (arm.role == ArmRole::warm_start) {
      plan_.runs[start_of(a, seed)].arm = a;
      return;
    }
    PlannedRun run;
    run.arm = a;
    run.seed = seed;
    run.folder = fs::path("arms") / arm.name / fmt::format("seed-{}", seed);
    std::string weights;
    if (arm.role != ArmRole::untrained && needs_start(settings_[a])) {
      run.start = start_of(a, seed);
      const fs::path start = fs::absolute(folder_) / plan_.runs[*run.start].folder;
      weights = (start / "checkpoints" / checkpoint_name(Phase::reinforce, 0))
                    .lexically_normal()
                    .string();
    }
    run.yaml = resolved_yaml(as_run(settings_[a], seed, weights));
    plan_.runs.push_back(std::move(run));
  }

  // Index of the start of an arm's run, which is added to the plan if no earlier arm shares it.
  std::size_t start_of(std::size_t a, std::int64_t seed) {
    const fs::path folder =
        fs::path("starts") / start_key(settings_[a]) / fmt::format("seed-{}", seed);
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs[i].folder == folder) return i;
    }
    PlannedRun run;
    run.seed = seed;
    run.folder = folder;
    run.yaml = resolved_yaml(as_start(settings_[a], seed));
    run.is_start = true;
    plan_.runs.push_back(std::move(run));
    return plan_.runs.size() - 1;
  }

  const Comparison& comparison_;
  const fs::path& folder_;
  const std::int64_t jobs_;
  const PluginCatalog& catalog_;
  ComparisonPlan plan_;
  Common common_;
  std::vector<Settings> settings_;  // by arm
};

}  // namespace

void settle_files(const fs::path& folder, const Json& files, bool accept_changes) {
  const fs::path path = folder / "files.json";
  if (fs::exists(path) && !accept_changes) {
    std::vector<Change> changes;
    try {
      changes = file_changes(parse_json(read_file(path), path.string()), files);
    } catch (const Json::exception&) {
      throw Error(path.string() + " does not say which files the comparison was begun with",
                  "delete it to continue with those that are there");
    }
    if (changes.empty()) return;
    std::string words = "the comparison " + folder.string() + " would not continue as it began:";
    for (const Change& change : changes)
      words += fmt::format("\n  {} was {}, is {}", change.what, change.before, change.now);
    throw Error(words,
                "undo the changes, compare into another folder with --run, or continue with them: "
                "--accept-changes");
  }
  write_file_atomically(path, files.dump(1) + "\n");
}

ComparisonPlan make_plan(const Comparison& comparison, const fs::path& folder, std::int64_t jobs,
                         const PluginCatalog& catalog) {
  return Planner(comparison, folder, jobs, catalog).make();
}

}  // namespace tinyzero
