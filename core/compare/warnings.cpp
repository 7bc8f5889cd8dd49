#include "core/compare/warnings.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "core/config/comparison.h"
#include "core/train/first_update.h"

namespace tinyzero {
namespace {

constexpr double kUnequal = 1.1;           // of numbers of choices, from which they are told
constexpr std::size_t kNamedSettings = 4;  // in one warning

std::string name_of(const Json& arm) { return arm.at("name").get<std::string>(); }

bool learns(const Json& arm) {
  for (const ArmRole role : kControls) {
    if (arm.at("role") == role_name(role)) return tinyzero::learns(role);
  }
  return true;
}

std::vector<const Json*> learning_arms(const Json& comparison) {
  std::vector<const Json*> out;
  for (const Json& arm : comparison.at("arms")) {
    if (learns(arm)) out.push_back(&arm);
  }
  return out;
}

std::map<std::int64_t, const Json*> runs_by_seed(const Json& arm) {
  std::map<std::int64_t, const Json*> out;
  for (const Json& run : arm.at("runs")) {
    if (run.at("state") == "ok") out.emplace(run.at("seed").get<std::int64_t>(), &run);
  }
  return out;
}

// "" if all chose among about as many.
std::string unequal_choices(const std::vector<const Json*>& arms) {
  std::multimap<std::size_t, std::string> choices;
  for (const Json* arm : arms) {
    for (const auto& [seed, run] : runs_by_seed(*arm))
      choices.emplace(run->at("curve").size(), name_of(*arm));
  }
  if (choices.empty()) return "";
  const auto& [fewest, few] = *choices.begin();
  const auto& [most, many] = *choices.rbegin();
  if (static_cast<double>(most) <= kUnequal * static_cast<double>(fewest)) return "";
  return fmt::format(
      "runs chose their checkpoint among {} ({}) to {} ({}) evaluations, and the best of more is "
      "better by chance; eval.points gives all arms as many, at the same shares of the budget",
      fewest, few, most, many);
}

std::vector<double> update_of(const Json& run) {
  return run.value("first_update", std::vector<double>());
}

// What a run's course shows from the first step to the test.
std::vector<double> course_of(const Json& run) {
  std::vector<double> out = {run.at("test_accuracy").get<double>(), run.at("tokens").get<double>()};
  for (const Json& point : run.at("curve")) {
    out.push_back(point.at("accuracy"));
    out.push_back(point.at("tokens"));
  }
  return out;
}

enum class Likeness { none, first_update, whole_run };

Likeness likeness(const Json& a, const Json& b) {
  const auto runs = runs_by_seed(a), others = runs_by_seed(b);
  Likeness found = Likeness::none;
  for (const auto& [seed, run] : runs) {
    const auto other = others.find(seed);
    if (other == others.end()) continue;
    const Json& of_other = *other->second;
    if (run->at("start_weights") != of_other.at("start_weights") ||
        !is_same_update(update_of(*run), update_of(of_other)))
      return Likeness::none;
    const bool is_whole = course_of(*run) == course_of(of_other);
    if (found == Likeness::none) found = Likeness::whole_run;
    if (!is_whole) found = Likeness::first_update;
  }
  return found;
}

// The settings in which two arms differ, of which each knows how it differs from the first arm.
std::string differing_settings(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a.at("settings").items()) keys.insert(key);
  for (const auto& [key, value] : b.at("settings").items()) keys.insert(key);
  std::string out;
  std::size_t count = 0;
  for (const std::string& key : keys) {
    const auto in = [&](const Json& arm) { return arm.at("settings").find(key); };
    const bool in_both = in(a) != a.at("settings").end() && in(b) != b.at("settings").end();
    if (in_both && *in(a) == *in(b)) continue;
    if (++count <= kNamedSettings) out += (out.empty() ? "" : ", ") + key;
  }
  if (count > kNamedSettings) out += fmt::format(" and {} more", count - kNamedSettings);
  return out.empty() ? "what differs between them" : out;
}

std::string alike_text(const Json& a, const Json& b, Likeness likeness) {
  const std::string arms = fmt::format("arms {} and {}", name_of(a), name_of(b));
  const std::string settings = differing_settings(a, b);
  return likeness == Likeness::whole_run
             ? fmt::format("{} are the same runs: no effect here of {}", arms, settings)
             : fmt::format("{} made the same first update with every seed: no effect on it of {}",
                           arms, settings);
}

}  // namespace

std::vector<std::string> fairness_warnings(const Json& comparison) {
  const std::vector<const Json*> arms = learning_arms(comparison);
  std::vector<std::string> out;
  if (std::string text = unequal_choices(arms); !text.empty()) out.push_back(std::move(text));
  for (std::size_t b = 1; b < arms.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      const Likeness alike = likeness(*arms[a], *arms[b]);
      if (alike == Likeness::none) continue;
      out.push_back(alike_text(*arms[a], *arms[b], alike));
      break;  // further arms are alike to the first of them, too
    }
  }
  return out;
}

}  // namespace tinyzero
