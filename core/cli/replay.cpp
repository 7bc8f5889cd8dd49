// replay: a step of a run once more, token by token, and another algorithm's update on its
// episodes.

#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"
#include "core/cli/completion_text.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/run/episode_choice.h"
#include "core/train/records.h"
#include "core/train/replay.h"

namespace tinyzero {
namespace {

double value_of(const Metrics& metrics, const char* name) {
  const auto found = metrics.values().find(name);
  return found != metrics.values().end() ? found->second.value() : 0.0;
}

Json update_json(const ReplayedUpdate& u) {
  Json metrics = Json::object();
  for (const auto& [name, mean] : u.learned.metrics.values()) metrics[name] = mean.value();
  return {{"algorithm", u.algorithm},
          {"episodes", u.episodes},
          {"begun", u.begun},
          {"metrics", metrics},
          {"advantage", u.advantage.abs().mean().item<double>()},
          {"change", u.change.norm().item<double>()},
          {"right", u.right},
          {"wrong", u.wrong}};
}

// Completions of the step, worst first.
std::vector<std::size_t> worst_of(const SampledStep& sampled, std::int64_t most) {
  FirstEpisodes<std::size_t> worst(EpisodeOrder::worst, most);
  for (std::size_t i = 0; i < sampled.completions.size(); ++i) {
    const ScoredCompletion& c = sampled.completions[i];
    worst.add({c.verdict.reward, std::ssize(c.episode.tokens), static_cast<std::int64_t>(i)}, i);
  }
  return worst.take();
}

// The tokens of all completions, which lie end to end.
class Tokens {
 public:
  Tokens(const OpenedRun& parts, const SampledStep& sampled, const ReplayedUpdate& own,
         const ReplayedUpdate* other)
      : parts_(parts),
        sampled_(sampled),
        own_(values_of(own)),
        before_(own.before.to(at::kDouble).contiguous()) {
    if (other != nullptr) other_ = values_of(*other);
    for (const ScoredCompletion& c : sampled.completions)
      first_.push_back(first_.back() + c.episode.tokens.size());
  }

  Json of(std::size_t completion) const {
    Json out = Json::array();
    const Episode& episode = sampled_.completions[completion].episode;
    for (std::size_t t = 0; t < episode.tokens.size(); ++t) {
      const std::size_t n = first_[completion] + t;
      Json token = {{"id", episode.tokens[t]},
                    {"text", parts_.tokenizer.token_text(episode.tokens[t])},
                    {"sampler", episode.logp[t]},
                    {"before", before_.const_data_ptr<double>()[n]},
                    {"own", of_update(own_, n)}};
      if (other_) token["other"] = of_update(*other_, n);
      out.push_back(std::move(token));
    }
    return out;
  }

 private:
  struct Values {
    at::Tensor after, advantage;  // (N)
  };
  static Values values_of(const ReplayedUpdate& u) {
    return {u.after.to(at::kDouble).contiguous(), u.advantage.to(at::kDouble).contiguous()};
  }
  static Json of_update(const Values& values, std::size_t n) {
    return {{"after", values.after.const_data_ptr<double>()[n]},
            {"advantage", values.advantage.const_data_ptr<double>()[n]}};
  }

  const OpenedRun& parts_;
  const SampledStep& sampled_;
  Values own_;
  std::optional<Values> other_;
  at::Tensor before_;                     // (N)
  std::vector<std::size_t> first_ = {0};  // of each completion
};

void print_tokens(const Json& tokens, const ReplayedUpdate& own, const ReplayedUpdate* other) {
  constexpr std::size_t kText = 16;
  if (other != nullptr) {
    print("  {:{}} {:>9} {:>9} {:>20} {:>20}\n", "", kText, "", "", one_line(own.algorithm, 20),
          one_line(other->algorithm, 20));
  }
  print("  {:<{}} {:>9} {:>9} {:>9} {:>10}{}\n", "token", kText, "sampler", "before", "after",
        "advantage", other != nullptr ? fmt::format(" {:>9} {:>10}", "after", "advantage") : "");
  const auto update = [](const Json& u) {
    return fmt::format(" {:>9.4f} {:>+10.3f}", u["after"].get<double>(),
                       u["advantage"].get<double>());
  };
  for (const Json& token : tokens) {
    const std::string text = "[" + one_line(text_field(token, "text"), kText - 2) + "]";
    print("  {}{} {:>9.4f} {:>9.4f}{}{}\n", text,
          std::string(kText - std::min(kText, text_columns(text)), ' '),
          token["sampler"].get<double>(), token["before"].get<double>(), update(token["own"]),
          other != nullptr ? update(token["other"]) : "");
  }
}

// Whether the replayed update is the run's own.
std::string sameness_text(const ReplayedUpdate& own, std::int64_t step) {
  const std::string checkpoint = "checkpoint " + checkpoint_name(Phase::reinforce, step);
  if (!own.as_saved)
    return "the run has no " + checkpoint + " to hold the weights after the update against";
  return *own.as_saved ? "the weights after the update are those of " + checkpoint + ", bit for bit"
                       : "the weights after the update are not those of " + checkpoint +
                             " bit for bit: other threads, kernels or another build of the program "
                             "than the run's";
}

void print_updates(const ReplayedUpdate& own, const ReplayedUpdate& other,
                   const ReplayComparison& c) {
  print("\n{:<44} {:>12} {:>12}\n", "", own.algorithm, other.algorithm);
  const auto row = [](const char* name, double a, double b) {
    print("{:<44} {:>12.5g} {:>12.5g}\n", name, a, b);
  };
  row("episodes in the update", static_cast<double>(own.episodes),
      static_cast<double>(other.episodes));
  row("advantage of a token, mean magnitude", own.advantage.abs().mean().item<double>(),
      other.advantage.abs().mean().item<double>());
  row("loss", value_of(own.learned.metrics, "loss"), value_of(other.learned.metrics, "loss"));
  row("norm of the gradient", value_of(own.learned.metrics, "gradient_norm"),
      value_of(other.learned.metrics, "gradient_norm"));
  row("norm of the change of all weights", own.change.norm().item<double>(),
      other.change.norm().item<double>());
  row("log-prob of a token of a right completion", own.right, other.right);
  row("log-prob of a token of another completion", own.wrong, other.wrong);
  print("\nadvantages: correlation {:.3f}, opposite signs at {:.1f} % of the tokens\n",
        c.advantage_correlation, 100 * c.opposite_signs);
  print("changes of the weights: cosine {:.3f}, norm {:.2f} times that of {}\n", c.change_cosine,
        c.change_ratio, own.algorithm);
  for (const ReplayedUpdate* u : {&own, &other}) {
    for (const std::string& name : u->begun)
      print("{}: its model {} is new here, a copy of the policy before the step\n", u->algorithm,
            name);
  }
}

void print_replay_json(std::int64_t step, const SampledStep& sampled, const ReplayedUpdate& own,
                       const std::optional<ReplayedUpdate>& other, const Json& worst) {
  Json out = {{"step", step},
              {"completions", sampled.completions.size()},
              {"weights_as_saved", nullptr},
              {"own", update_json(own)}};
  if (own.as_saved) out["weights_as_saved"] = *own.as_saved;
  if (other) {
    const ReplayComparison comparison = compare(own, *other);
    out["other"] = update_json(*other);
    out["advantage_correlation"] = comparison.advantage_correlation;
    out["opposite_signs"] = comparison.opposite_signs;
    out["change_cosine"] = comparison.change_cosine;
    out["change_ratio"] = comparison.change_ratio;
  }
  if (!worst.empty()) out["worst"] = worst;
  print_json(out);
}

void print_folded(const std::string& text) {
  for (const std::string& line : folded(text, page_columns(), 2)) print("{}\n", line);
}

void print_text(std::int64_t step, const SampledStep& sampled, const ReplayedUpdate& own,
                const std::optional<ReplayedUpdate>& other, const Json& worst) {
  print("step {} · {} completions of {} problems, sampled again as recorded\n", step,
        sampled.completions.size(), sampled.items.size());
  print_folded(sameness_text(own, step));
  if (other) print_updates(own, *other, compare(own, *other));
  if (worst.empty()) return;
  print("\n");
  print_folded(
      fmt::format("the {} worst: lowest reward, then the longest; log-probs by the sampler, and by "
                  "the trainer before and after the update",
                  worst.size()));
  for (const Json& completion : worst) {
    print("\n{}", completion_text(completion, page_columns()));
    print_tokens(completion["by_token"], own, other ? &*other : nullptr);
  }
}

}  // namespace

int replay_command(const GlobalOptions& global, const ReplayOptions& options) {
  if (!options.batch.empty()) check_replaceable(options.batch);  // before the work
  const PluginCatalog catalog = scan_plugins(global);
  const RunFolder folder = RunFolder::open(options.run, RunFolder::Access::read);
  OpenedRun parts = OpenedRun::open_run(folder.path(), catalog);
  const Node words = settings_from_words(options.settings);
  const std::string name =
      options.algorithm.empty() ? parts.experiment.algorithm.use : options.algorithm;
  const ConfiguredAlgorithm other = open_algorithm(
      catalog, name,
      options.algorithm.empty() && options.settings.empty() ? &parts.experiment.algorithm.settings
                                                            : &words);
  Replay replay(parts, folder, options.step);
  const SampledStep& sampled = replay.sampled();
  const ReplayedUpdate own =
      replay.update(*parts.algorithm.algorithm, parts.experiment.algorithm.use);
  std::optional<ReplayedUpdate> second;  // tokens of the run's own update alone need none
  if (options.worst == 0 || !options.algorithm.empty() || !options.settings.empty())
    second = replay.update(*other.algorithm, name);
  if (!options.batch.empty())
    write_file_atomically(options.batch,
                          json_line(batch_to_json(second.value_or(own).batch)) + "\n");
  const Tokens tokens(parts, sampled, own, second ? &*second : nullptr);
  Json worst = Json::array();
  for (const std::size_t i :
       options.worst > 0 ? worst_of(sampled, options.worst) : std::vector<std::size_t>()) {
    worst.push_back(episode_record(options.step, sampled, i, parts.task));
    worst.back()["by_token"] = tokens.of(i);
  }
  if (options.json) print_replay_json(options.step, sampled, own, second, worst);
  else print_text(options.step, sampled, own, second, worst);
  return 0;
}

}  // namespace tinyzero
