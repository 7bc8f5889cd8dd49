// rescore: recorded completions judged under other settings of their task.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/cli/completion_text.h"
#include "core/cli/episode_states.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/paired_verdicts.h"
#include "core/cli/plugins.h"
#include "core/cli/task_state.h"
#include "core/config/document.h"
#include "core/config/overrides.h"
#include "core/config/yaml.h"
#include "core/run/episode_file.h"
#include "core/run/run_folder.h"
#include "core/task/open_task.h"

namespace tinyzero {
namespace {

constexpr std::size_t kTogether = 512;  // completions that are judged in one call
constexpr std::int64_t kExamples = 5;

struct RescoreOptions {
  std::string target;
  std::vector<std::string> settings;
  std::optional<std::int64_t> step;
  std::int64_t examples = kExamples;
  bool json = false;
};

// Where the completions are, and the task under whose settings they were judged.
struct Source {
  std::vector<std::pair<std::int64_t, fs::path>> files;  // with their steps; -1: not of a run
  std::optional<Experiment> experiment;                  // of a run
  Node root;  // a map with the task's section, which may be missing
  std::string section = "task";
};

bool is_run(const fs::path& path) { return fs::is_directory(path); }

// The run that a file of episodes/ belongs to; empty if it is not in one.
fs::path run_of(const fs::path& file) {
  const fs::path run = fs::absolute(file).parent_path().parent_path();
  const bool is_inside =
      fs::absolute(file).parent_path().filename() == "episodes" && fs::exists(run / "config.yaml");
  return is_inside ? run : fs::path();
}

void add_run(Source& source, const RunFolder& folder) {
  source.experiment = Experiment::load(folder.config(), {});
  source.root = load_yaml(folder.config());
  if (imitates_demonstrations(*source.experiment)) source.section = "demonstrations";
}

// The files of the steps that are asked for.
void add_files(Source& source, const RunFolder& folder, const RescoreOptions& options) {
  for (const auto& [step, file] : episode_files(folder.path())) {
    if (!options.step || *options.step == step) source.files.emplace_back(step, file);
  }
  if (!source.files.empty()) return;
  throw Error(folder.path().string() + " has no episodes" +
                  (options.step ? fmt::format(" of step {}", *options.step) : ""),
              "`tinyzero episodes " + folder.path().string() + "` shows which steps it has");
}

// The task and its settings as the first line of a file of answers names them; nothing if it is
// another file.
void add_evaluation(Source& source, const fs::path& file) {
  EpisodeReader lines(file);
  std::string line;
  if (!lines.next(line)) throw Error(file.string() + " holds no completions");
  const Json first = parse_json(line, lines.place());
  source.root = Node::make_map({});
  const Json about = first.is_object() ? first.value("evaluation", Json()) : Json();
  if (!about.is_object() || !about.contains("task")) return;
  const Json given = about.value("settings", Json::object());
  std::string settings = "use: " + yaml_text(text_field(about, "task"));
  for (const auto& [name, value] : given.items()) {
    if (value.is_string()) settings += ", " + name + ": " + value.get<std::string>();
  }
  source.root = parse_yaml("{task: {" + settings + "}}", file.string() + ", line 1");
}

Source find_source(const RescoreOptions& options) {
  const fs::path target = options.target;
  if (!fs::exists(target))
    throw Error("no run or file " + target.string(), "give a run's folder, or a file of episodes");
  Source source;
  if (is_run(target)) {
    const RunFolder folder = RunFolder::open(target, RunFolder::Access::read);
    add_run(source, folder);
    add_files(source, folder, options);
    return source;
  }
  if (options.step) throw Error("--step is for a run, and " + target.string() + " is a file");
  if (const fs::path run = run_of(target); !run.empty()) {
    add_run(source, RunFolder::open(run, RunFolder::Access::read));
    source.files.emplace_back(episode_file_step(target.filename().string()).value_or(-1), target);
  } else {
    add_evaluation(source, target);
    source.files.emplace_back(-1, target);
  }
  return source;
}

// The task with the settings of the command line. Throws Error for settings of anything else.
Task open_changed_task(const GlobalOptions& global, Source& source, const RescoreOptions& options) {
  for (const std::string& word : options.settings) {
    const std::string& section = source.section;
    if (!word.starts_with(section + ".") && !word.starts_with(section + "="))
      throw Error("\"" + word + "\" is no setting of the task: rescoring changes nothing else",
                  "write " + section + ".NAME=VALUE");
    apply_override(source.root, word);
    expand_short_forms(source.root);
  }
  const Node* settings = source.root.find(source.section);
  const Node* use = settings != nullptr ? settings->find("use") : nullptr;
  if (use == nullptr)
    throw Error(options.target + " does not say which task its completions are of",
                "add " + source.section + "=NAME, and the task's settings as " + source.section +
                    ".KEY=VALUE");
  Task task = open_task(scan_plugins(global), plugin_name(*use), settings, source.section);
  print_notes(task);
  return task;
}

RecordedVerdict recorded(const Json& record, const Task& task) {
  RecordedVerdict out{.outcome = text_field(record, "outcome"),
                      .reason = text_field(record, "reason"),
                      .reward = number_field(record, "reward")};
  const auto right = record.find("right");
  out.right = right != record.end() && right->is_boolean()
                  ? right->get<bool>()
                  : out.outcome == "scored" && out.reward >= task.about().reward_full;
  return out;
}

class Rescorer {
 public:
  Rescorer(const Source& source, const Task& task, std::int64_t examples)
      : task_(task), verdicts_(examples) {
    if (source.experiment) states_.emplace(*source.experiment, task);
  }

  void read(std::int64_t step, const fs::path& file) {
    EpisodeReader lines(file);
    for (std::string line; lines.next(line);) {
      Json record = parse_json(line, lines.place());
      if (!record.is_object()) throw Error(lines.place() + " is not a JSON object");
      if (record.contains("evaluation") || record.value("failed", Json()) == Json(true)) continue;
      check_completion(record, lines.place());
      batch_states_.push_back(state_of(record, step, lines.place()));
      batch_.push_back(std::move(record));
      if (batch_.size() == kTogether) judge();
    }
    judge();
  }

  const PairedVerdicts& verdicts() const { return verdicts_; }
  // Completions that the task failed to judge now, and with what it failed on the first.
  std::int64_t failed() const { return failed_; }
  const std::string& fault() const { return fault_; }

 private:
  static void check_completion(const Json& record, const std::string& where) {
    for (const char* field : {"completion", "outcome", "reason"}) {
      const auto found = record.find(field);
      if (found == record.end() || !found->is_string())
        throw Error(where + " is no recorded completion: it has no text \"" + field + "\"",
                    "give a file of episodes, or one that `eval --save` wrote");
    }
  }

  std::string state_of(const Json& record, std::int64_t step, const std::string& where) {
    if (record.contains("state") || !states_) return state_text(record, where);
    return states_->of(record, step, where);
  }

  void judge() {
    std::vector<std::string> completions;
    for (const Json& record : batch_) completions.push_back(text_field(record, "completion"));
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < batch_.size(); ++i)
      answers.push_back({batch_states_[i], completions[i]});
    const std::vector<Verdict> now = task_.verify(answers);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      if (now[i].outcome == Outcome::error && failed_++ == 0) fault_ = task_.reason(now[i]);
      const RecordedVerdict after{.outcome = outcome_name(now[i].outcome),
                                  .reason = task_.reason(now[i]),
                                  .reward = now[i].reward,
                                  .right = task_.is_right(now[i])};
      const RecordedVerdict before = recorded(batch_[i], task_);
      verdicts_.add(before, after, std::move(batch_[i]));
    }
    batch_.clear();
    batch_states_.clear();
  }

  const Task& task_;
  PairedVerdicts verdicts_;
  std::int64_t failed_ = 0;
  std::string fault_;
  std::optional<EpisodeStates> states_;
  std::vector<Json> batch_;
  std::vector<std::string> batch_states_;
};

// Throws Failure if the task judged nothing: then there is nothing to compare.
void tell_failures(const Rescorer& rescorer) {
  if (rescorer.failed() == 0) return;
  const std::string words =
      fmt::format("the task failed to judge {} of {} completions, the first of them with: {}",
                  rescorer.failed(), rescorer.verdicts().completions(), rescorer.fault());
  if (rescorer.failed() == rescorer.verdicts().completions()) throw Failure(words);
  print(stderr, "warning: {}; they count as no reward\n", words);
}

int run_rescore(const GlobalOptions& global, const RescoreOptions& options) {
  Source source = find_source(options);
  const Task task = open_changed_task(global, source, options);
  Rescorer rescorer(source, task, options.examples);
  for (const auto& [step, file] : source.files) rescorer.read(step, file);
  if (rescorer.verdicts().completions() == 0) throw Error(options.target + " holds no completions");
  tell_failures(rescorer);
  if (options.json) print_json(rescorer.verdicts().json());
  else print("{}", rescorer.verdicts().text(page_columns()));
  return 0;
}

}  // namespace

void add_rescore(const Commands& commands) {
  commands.add<RescoreOptions>(
      "rescore", "Recorded completions under other settings of their task: before and after",
      run_rescore, [](CLI::App& c, RescoreOptions& o) {
        c.add_option("target", o.target,
                     "run folder, a file of its episodes, or answers that `eval --save` wrote")
            ->required();
        c.add_option("settings", o.settings, "settings of the task to change, task.NAME=VALUE");
        c.add_option("--step", o.step, "only this step of a run; default: all of them");
        c.add_option("--examples", o.examples, "changed completions to show")
            ->capture_default_str()
            ->check(between(0, 1000));
        c.add_flag("--json", o.json, kJsonHelp);
      });
}

}  // namespace tinyzero
