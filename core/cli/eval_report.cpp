#include "core/cli/eval_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/eval/evaluation.h"
#include "core/eval/pass_at.h"

namespace tinyzero {
namespace {

constexpr std::size_t kLabel = 26;  // columns of a row's name
constexpr double kBar = 24;         // columns of a share of 1

std::string interval_text(double share, const Interval& i) {
  return fmt::format("{:5.1f} % [{:.1f}, {:.1f}]", 100 * share, 100 * i.low, 100 * i.high);
}

std::string difference_text(const MeanInterval& d) {
  const char* word = d.low > 0 ? "better" : d.high < 0 ? "worse" : "undecided";
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}] {}", 100 * d.mean, 100 * d.low, 100 * d.high,
                     word);
}

// "localhost:8080" of "http://localhost:8080/v1".
std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

void print_models(const Evaluation& e) {
  print("    {:<23} {:<23} {:>7} {:>7} {:>10}   {}\n", "accuracy [95 %]", "greedy [95 %]", "tokens",
        "cut", "not judged", "model");
  for (std::size_t m = 0; m < e.models.size(); ++m) {
    const EvalReport& r = e.models[m].report;
    const bool greedy = !r.greedy_tallies.empty();
    const std::string name =
        e.models[m].name +
        (e.models[m].endpoint.empty() ? "" : " at " + host_of(e.models[m].endpoint));
    print("{:<3} {:<23} {:<23} {:>7} {:>5.1f} % {:>8.1f} %   {}\n", m + 1,
          r.judged > 0 ? interval_text(r.accuracy(), r.accuracy_interval) : "    -",
          greedy ? interval_text(r.greedy, clustered_wilson(r.greedy_tallies)) : "    -",
          r.length > 0 ? fmt::format("{:.1f}", r.length) : "-", 100 * r.truncated, 100 * r.failed,
          one_line(name, 200));
  }
}

void print_differences(const Evaluation& e) {
  if (e.models.size() < 2) return;
  print("\ncompared with 1 on the same problems, in points\n");
  const EvalReport& first = e.models.front().report;
  for (std::size_t m = 1; m < e.models.size(); ++m) {
    const EvalReport& r = e.models[m].report;
    print("{:<3} accuracy {}", m + 1, difference_text(paired_difference(first.tallies, r.tallies)));
    if (!first.greedy_tallies.empty() && !r.greedy_tallies.empty())
      print(" · greedy {}",
            difference_text(paired_difference(first.greedy_tallies, r.greedy_tallies)));
    print("\n");
  }
}

// A row with a share for each model; NaN: there is none. What follows is for one model alone.
void print_row(const std::string& label, const Evaluation& e,
               const std::function<double(const EvalReport&)>& share, const std::string& rest) {
  print("{:<{}}", one_line(label, kLabel - 2), kLabel);
  for (const EvaluatedModel& m : e.models) {
    const double value = share(m.report);
    print("{:>9}", std::isnan(value) ? "-" : fmt::format("{:.1f} %", 100 * value));
  }
  print("{}\n", e.models.size() == 1 && !rest.empty() ? "   " + rest : "");
}

void print_passes(const Evaluation& e) {
  for (std::size_t i = 1; i < e.models.front().report.pass_at.size(); ++i) {
    const std::int64_t k = std::int64_t{1} << i;
    const MeanInterval pass = pass_interval(e.models.front().report.tallies, k);
    print_row(
        fmt::format("pass@{}", k), e, [&](const EvalReport& r) { return r.pass_at[i]; },
        fmt::format("[{:.1f}, {:.1f}]", 100 * pass.low, 100 * pass.high));
  }
}

// "66.1 [63, 69]" in percent; "-" where no problem counts.
std::string pass_text(const MeanInterval& pass) {
  if (pass.count == 0) return "-";
  return fmt::format("{:.1f} [{:.0f}, {:.0f}]", 100 * pass.mean, 100 * pass.low, 100 * pass.high);
}

void print_pass_row(const std::string& label, const PassAt& passes) {
  print("{:<{}}", label, kLabel - 10);
  for (const auto& [k, pass] : passes) print("{:>16}", pass_text(pass));
  print("\n");
}

// pass@k of the k that were asked for: of each model a table by difficulty.
void print_chosen_passes(const Evaluation& e) {
  for (std::size_t m = 0; m < e.models.size(); ++m) {
    const EvalReport& r = e.models[m].report;
    print("\n{:<{}}", fmt::format("pass@k of {}", m + 1), kLabel - 10);
    for (const std::int64_t k : e.pass_at) print("{:>16}", fmt::format("k = {}", k));
    print("\n");
    print_pass_row("all problems", pass_at(r.tallies, e.pass_at));
    for (const auto& [difficulty, passes] : pass_at_by_difficulty(e.set, r, e.pass_at))
      print_pass_row(fmt::format("difficulty {}", difficulty), passes);
  }
  const auto print_solved = [&](std::size_t before, std::size_t after) {
    const NewlySolved solved = newly_solved(e.models[before].report, e.models[after].report);
    if (solved.unsolved == 0) return;
    print(
        "of {} problems that {} never solves in {:.0f} samples, {} solves {} ({:.1f} % of its "
        "samples there are right)\n",
        solved.unsolved, before + 1, e.models[before].report.samples, after + 1, solved.solved,
        100 * solved.accuracy);
  };
  if (e.models.size() > 1) print("\n");
  for (std::size_t m = 1; m < e.models.size(); ++m) {
    print_solved(0, m);
    print_solved(m, 0);
  }
}

// A row for each group of completions, such as those of a difficulty: the accuracy of each model,
// and their number.
template <class Key>
void print_groups(const Evaluation& e,
                  std::map<Key, std::pair<double, double>> EvalReport::* groups, const char* name) {
  std::map<Key, double> sizes;
  for (const EvaluatedModel& m : e.models) {
    for (const auto& [key, counts] : m.report.*groups) sizes[key] = counts.second;
  }
  for (const auto& [key, size] : sizes) {
    const auto share = [&](const EvalReport& r) {
      const auto found = (r.*groups).find(key);
      return found == (r.*groups).end() ? NAN : found->second.first / found->second.second;
    };
    print_row(fmt::format("{}{}", name, key), e, share, fmt::format("of {:.0f}", size));
  }
}

void print_reasons(const Evaluation& e) {
  std::map<std::string, double> most;  // largest share of any model
  for (const EvaluatedModel& m : e.models) {
    for (const auto& [reason, count] : m.report.reasons)
      most[reason] = std::max(most[reason], count / m.report.total);
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [reason, share] : most) order.emplace_back(-share, reason);
  std::sort(order.begin(), order.end());
  for (const auto& [share, reason] : order) {
    std::string bar;
    for (int i = 0; i < static_cast<int>(std::lround(-share * kBar)); ++i) bar += "█";
    const auto of_model = [&](const EvalReport& r) {
      const auto found = r.reasons.find(reason);
      return found == r.reasons.end() ? 0.0 : found->second / r.total;
    };
    print_row(reason, e, of_model, bar);
  }
}

// The mean of each trait for each model.
void print_traits(const Evaluation& e) {
  std::vector<std::string> names;  // of any model, in the task's order
  for (const EvaluatedModel& m : e.models) {
    for (const TraitMean& trait : m.report.traits) {
      if (std::ranges::find(names, trait.name) == names.end()) names.push_back(trait.name);
    }
  }
  for (const std::string& name : names) {
    print("{:<{}}", one_line(name, kLabel - 2), kLabel);
    for (const EvaluatedModel& m : e.models) {
      const auto found = std::ranges::find(m.report.traits, name, &TraitMean::name);
      print("{:>9}", found == m.report.traits.end() ? "-" : fmt::format("{:.3f}  ", found->mean));
    }
    print("\n");
  }
}

// What a person can do about answers of an odd form.
const char* advice_on(const std::string& remark) {
  if (remark == kOnlyReasoning)
    return ", which is not judged; raise --max-tokens, or have the server leave it in the text";
  if (remark == kOnlyToolCalls)
    return ": there is nothing to judge; switch off the tools of the server";
  return "; judged as they are";
}

void print_remarks(const Evaluation& e) {
  for (const EvaluatedModel& m : e.models) {
    for (const auto& [remark, count] : m.report.remarks)
      print("\nnote: {:.0f} of {:.0f} answers of {}: {}{}", count, m.report.total,
            one_line(m.name, 200), one_line(remark, 200), advice_on(remark));
    if (!m.report.remarks.empty()) print("\n");
  }
}

Json interval_json(const Interval& i) { return Json::array({i.low, i.high}); }

Json difference_json(const MeanInterval& d) {
  return {{"mean", d.mean}, {"low", d.low}, {"high", d.high}, {"problems", d.count}};
}

// Accuracy and size of a group of completions: (right, judged).
Json group_json(const std::pair<double, double>& counts) {
  return {{"accuracy", counts.first / counts.second}, {"completions", counts.second}};
}

// Adds pass@1, @2, @4 … and their intervals.
void add_passes(const EvalReport& r, Json& out) {
  Json passes = Json::object();
  Json intervals = Json::object();
  for (std::size_t i = 0; i < r.pass_at.size(); ++i) {
    const std::int64_t k = std::int64_t{1} << i;
    const MeanInterval pass = pass_interval(r.tallies, k);
    passes[std::to_string(k)] = r.pass_at[i];
    intervals[std::to_string(k)] = Json::array({pass.low, pass.high});
  }
  out["pass_at"] = passes;
  out["pass_at_interval"] = intervals;
}

Json passes_json(const PassAt& passes) {
  Json out = Json::object();
  for (const auto& [k, pass] : passes) {
    if (pass.count > 0)
      out[std::to_string(k)] = {{"value", pass.mean}, {"low", pass.low}, {"high", pass.high}};
  }
  return out;
}

// Adds pass@k of the k that were asked for, of all problems and by difficulty.
void add_chosen_passes(const Evaluation& e, const EvaluatedModel& m, Json& out) {
  const EvalReport& r = m.report;
  out["pass_at"] = passes_json(pass_at(r.tallies, e.pass_at));
  for (const auto& [difficulty, passes] : pass_at_by_difficulty(e.set, r, e.pass_at))
    out["by_difficulty"][std::to_string(difficulty)]["pass_at"] = passes_json(passes);
  if (&m == &e.models.front()) return;
  const auto solved_json = [](const NewlySolved& solved) {
    return Json{{"problems", solved.unsolved},
                {"solved", solved.solved},
                {"accuracy", solved.unsolved > 0 ? Json(solved.accuracy) : Json()}};
  };
  const EvalReport& first = e.models.front().report;
  out["unsolved_by_first"] = solved_json(newly_solved(first, r));
  out["unsolved_but_by_first"] = solved_json(newly_solved(r, first));
}

Json model_json(const Evaluation& e, const EvaluatedModel& m) {
  const EvalReport& r = m.report;
  Json out = {{"model", m.name}};
  if (!m.endpoint.empty()) out["endpoint"] = m.endpoint;
  out.update({{"task", e.task},
              {"split", e.split},
              {"problems", r.problems},
              {"keys", r.keys},
              {"problem_set", e.set.fingerprint},
              {"samples", r.samples},
              {"temperature", e.temperature},
              {"max_tokens", m.max_tokens},
              {"completions", r.total},
              {"judged", r.judged},
              {"accuracy", r.judged > 0 ? Json(r.accuracy()) : Json()},
              {"accuracy_low", r.accuracy_interval.low},
              {"accuracy_high", r.accuracy_interval.high}});
  if (!r.greedy_tallies.empty()) {
    out["greedy"] = r.greedy;
    out["greedy_interval"] = interval_json(clustered_wilson(r.greedy_tallies));
  }
  out.update({{"length", r.length}, {"truncated", r.truncated}, {"failed", r.failed}});
  if (e.pass_at.empty()) add_passes(r, out);
  Json difficulty = Json::object();
  for (const auto& [bucket, counts] : r.by_difficulty)
    difficulty[std::to_string(bucket)] = group_json(counts);
  out["by_difficulty"] = difficulty;
  if (!e.pass_at.empty()) add_chosen_passes(e, m, out);
  for (const auto& [source, counts] : r.by_source) out["by_source"][source] = group_json(counts);
  Json reasons = Json::object();
  for (const auto& [reason, count] : r.reasons) reasons[reason] = count / r.total;
  out["reasons"] = reasons;
  out["outcomes"] = r.outcomes;
  for (const TraitMean& trait : r.traits) out["traits"][trait.name] = trait.mean;
  if (!r.remarks.empty()) out["remarks"] = r.remarks;
  if (&m == &e.models.front()) return out;
  const EvaluatedModel& first = e.models.front();
  out["difference"] = {
      {"to", first.name},
      {"accuracy", difference_json(paired_difference(first.report.tallies, r.tallies))}};
  if (!r.greedy_tallies.empty() && !first.report.greedy_tallies.empty())
    out["difference"]["greedy"] =
        difference_json(paired_difference(first.report.greedy_tallies, r.greedy_tallies));
  return out;
}

}  // namespace

void print_evaluation(const Evaluation& e) {
  const EvalReport& first = e.models.front().report;
  print(
      "{} · {} split · {:.0f} problems ({:.0f} different) · set {}\n{:.0f} sample{} per problem at "
      "temperature {:g}\n\n",
      e.task, e.split, first.problems, first.keys, e.set.fingerprint, first.samples,
      first.samples == 1 ? "" : "s", e.temperature);
  print_models(e);
  print_differences(e);
  print("\n{:<{}}", "", kLabel);
  for (std::size_t m = 0; m < e.models.size(); ++m) print("{:>9}", m + 1);
  print("\n");
  if (e.pass_at.empty()) print_passes(e);
  print_groups(e, &EvalReport::by_source, "");
  print_groups(e, &EvalReport::by_difficulty, "difficulty ");
  print_reasons(e);
  print_traits(e);
  if (!e.pass_at.empty()) print_chosen_passes(e);
  print_remarks(e);
}

void print_evaluation_json(const Evaluation& e) {
  for (const EvaluatedModel& m : e.models) print_json(model_json(e, m));
}

}  // namespace tinyzero
