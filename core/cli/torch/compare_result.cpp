#include "core/cli/torch/compare_result.h"

#include <fmt/format.h>

#include <sstream>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/cli/output.h"
#include "core/cli/torch/comparison_table.h"
#include "core/cli/torch/power_text.h"
#include "core/compare/power.h"
#include "core/compare/summary.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr const char* kDifferences = "1,2,5";  // points
constexpr const char* kSpreads = "1,2,3,5";    // points

// "1,2,5": points, as shares.
std::vector<double> shares_of(const std::string& option, const std::string& text) {
  std::vector<double> out;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto number = parse_real(part);
    if (!number || !(*number > 0) || *number > 100) {
      out.clear();
      break;
    }
    out.push_back(*number / 100);
  }
  if (!out.empty()) return out;
  throw Error(option + " is \"" + text + "\", which is no list of points",
              "write numbers above 0, up to 100: " + option + "=1,2,5");
}

void check_options(const CompareOptions& options) {
  const std::pair<bool, const char*> others[] = {{!options.run.empty(), "--run"},
                                                 {!options.share.empty(), "--share"},
                                                 {options.starts, "--starts"},
                                                 {options.jobs != 1, "--jobs"},
                                                 {options.accept_changes, "--accept-changes"},
                                                 {options.list && options.power.empty(), "--plan"}};
  for (const auto& [given, name] : others) {
    if (given)
      throw Error(fmt::format("{} is a result, and {} is about runs", options.config, name),
                  "give the experiment file, or leave the option out");
  }
}

// Its only setting is compare.pairs.
void set_pairs(Json& comparison, const CompareOptions& options) {
  for (const std::string& text : options.overrides) {
    if (text == "compare.pairs=all") comparison["pairs"] = Json::array();
    else if (text == "compare.pairs=first") comparison.erase("pairs");
    else
      throw Error(
          fmt::format("{} is a result, and \"{}\" would change what was run", options.config, text),
          "of a result, compare.pairs=first and compare.pairs=all can be asked for");
  }
}

// The types of what the tables show and the statistics do not need. Throws Json::exception.
void check_shown(const Json& comparison) {
  for (const char* name : {"name", "task", "model"}) comparison.at(name).get<std::string>();
  comparison.at("seeds").get<std::vector<std::int64_t>>();
  comparison.at("warnings").get<std::vector<std::string>>();
  comparison.at("test").at("problems").get<std::size_t>();
  comparison.at("test").at("set").get<std::string>();
  for (const Json& arm : comparison.at("arms")) {
    for (const char* name : {"ok", "failed"}) arm.at(name).get<std::int64_t>();
    for (const Json& run : arm.at("runs")) {
      if (run.at("state") == "failed") run.at("error").get<std::string>();
    }
  }
}

int show(const CompareOptions& options, const Json& comparison) {
  if (!options.power.empty())
    return show_power(options, comparison, comparison.at("test").at("problems"));
  if (options.json) print_json(comparison);
  else print("{}", comparison_table(comparison));
  return 0;
}

}  // namespace

int show_comparison(const CompareOptions& options) {
  check_options(options);
  const fs::path path = options.config;
  Json comparison = parse_json(read_file(path), path.string());
  if (!comparison.is_object()) throw Error(path.string() + " is no comparison.json");
  set_pairs(comparison, options);
  try {
    check_shown(comparison);
    return show(options, summarize_again(std::move(comparison), path.parent_path(), path.string()));
  } catch (const Json::exception& e) {
    throw Error(path.string() + " is no comparison.json: " + json_words(e));
  }
}

int show_power(const CompareOptions& options, const Json& summary, std::size_t completions) {
  std::vector<DifferenceSpread> spreads;
  if (options.spread.empty()) spreads = measured_spreads(summary);
  if (spreads.empty())
    spreads = stated_spreads(
        shares_of("--spread", options.spread.empty() ? kSpreads : options.spread), completions);
  const std::string differences = options.power == "default" ? kDifferences : options.power;
  const Json power = power_json(spreads, {.differences = shares_of("--power", differences),
                                          .seeds = summary["seeds"].size(),
                                          .verdicts = verdict_count(summary)});
  if (options.json) print_json(power);
  else print("{}", power_text(power));
  return 0;
}

}  // namespace tinyzero
