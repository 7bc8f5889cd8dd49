#include "core/cli/torch/replay_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cli/completion_text.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
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

// Whether the weights after the replayed update are those that the run stored.
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

void print_folded(const std::string& text) {
  for (const std::string& line : folded(text, page_columns(), 2)) print("{}\n", line);
}

void print_worst(const ReplayResult& r) {
  print("\n");
  print_folded(
      fmt::format("the {} worst: lowest reward, then the longest; log-probs by the sampler, and by "
                  "the trainer before and after the update",
                  r.worst.size()));
  for (const Json& completion : r.worst) {
    print("\n{}", completion_text(completion, page_columns()));
    print_tokens(completion["by_token"], r.own, r.other);
  }
}

}  // namespace

void print_replay(const ReplayResult& r) {
  print("step {} · {} completions of {} problems, sampled again as recorded\n", r.step,
        r.sampled.completions.size(), r.sampled.items.size());
  print_folded(sameness_text(r.own, r.step));
  if (r.other != nullptr) print_updates(r.own, *r.other, compare(r.own, *r.other));
  if (!r.worst.empty()) print_worst(r);
}

Json replay_json(const ReplayResult& r) {
  Json out = {{"step", r.step},
              {"completions", r.sampled.completions.size()},
              {"weights_as_saved", nullptr},
              {"own", update_json(r.own)}};
  if (r.own.as_saved) out["weights_as_saved"] = *r.own.as_saved;
  if (r.other != nullptr) {
    const ReplayComparison comparison = compare(r.own, *r.other);
    out["other"] = update_json(*r.other);
    out["advantage_correlation"] = comparison.advantage_correlation;
    out["opposite_signs"] = comparison.opposite_signs;
    out["change_cosine"] = comparison.change_cosine;
    out["change_ratio"] = comparison.change_ratio;
  }
  if (!r.worst.empty()) out["worst"] = r.worst;
  return out;
}

}  // namespace tinyzero
