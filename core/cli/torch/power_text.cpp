#include "core/cli/torch/power_text.h"

#include <fmt/format.h>

#include <vector>

#include "core/cli/terminal.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

std::string points(const Json& share) {
  return share.is_null() ? "-" : fmt::format("{:.1f}", 100 * share.get<double>());
}

std::string spread_text(const Json& row) {
  if (!row.contains("deviation_low")) return points(row["deviation"]);
  return fmt::format("{} [{}, {}]", points(row["deviation"]), points(row["deviation_low"]),
                     points(row["deviation_high"]));
}

std::string seeds_text(const Json& seeds) {
  return seeds.is_null() ? ">10000" : std::to_string(seeds.get<std::int64_t>());
}

std::vector<std::string> row_of(const Json& row) {
  std::vector<std::string> cells = {row["source"].get<std::string>(), spread_text(row)};
  for (const Json& need : row["needs"])
    cells.push_back(
        fmt::format("{} ({})", seeds_text(need["seeds"]), seeds_text(need["seeds_holm"])));
  cells.push_back(
      fmt::format("{} ({})", points(row["detectable"]), points(row["detectable_holm"])));
  return cells;
}

}  // namespace

std::string power_text(const Json& power) {
  std::vector<std::vector<std::string>> rows = {{"differences over seeds", "spread"}};
  for (const Json& need : power["spreads"][0]["needs"]) {
    const double difference = 100 * need["difference"].get<double>();
    rows.front().push_back("seeds for " + real_text(difference));
  }
  const std::int64_t seeds = power["seeds"];
  rows.front().push_back(counted(seeds, "seed") + (seeds == 1 ? " finds" : " find"));
  for (const Json& row : power["spreads"]) rows.push_back(row_of(row));
  return aligned(rows) +
         fmt::format(
             "\nall in points; found: decided with a chance of {:.0f} %, by the paired t test over "
             "seeds at {:.0f} %\nin brackets: as the first of {} that Holm's correction covers\n",
             100 * power["power"].get<double>(), 100 * power["level"].get<double>(),
             counted(power["verdicts"], "verdict"));
}

}  // namespace tinyzero
