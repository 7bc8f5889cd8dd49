#include "core/cli/episode_totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/cli/completion_text.h"
#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

// Columns of the table: a reason at most and at least, and the numbers after it.
constexpr std::size_t kReasonWord = 40;
constexpr std::size_t kLeastWord = 12;
constexpr std::size_t kNumbers = 38;

std::string row_text(const std::string& reason, const EpisodeTotal& total, double count,
                     std::size_t width) {
  const std::string word = one_line(reason, width);
  return fmt::format("  {}{} {:>7} {:>6.1f} % {:>8.3g} {:>8.4g}\n", word,
                     std::string(width - std::min(width, text_columns(word)), ' '), total.count(),
                     100 * total.count() / count, total.reward(), total.tokens());
}

}  // namespace

void EpisodeTotal::Mean::add(double value) {
  if (!std::isfinite(value)) return;
  sum += value;
  count += 1;
}

double EpisodeTotal::Mean::mean() const {
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

void EpisodeTotal::add(const Json& record) {
  ++count_;
  reward_.add(number_field(record, "reward"));
  tokens_.add(number_field(record, "tokens"));
  cut_ += text_field(record, "end") == "length" ? 1 : 0;
  const auto right = record.find("right");
  if (right != record.end() && right->is_boolean()) right_.add(*right ? 1 : 0);
}

std::string reason_word(const std::string& reason) { return one_line(reason, kReasonWord); }

std::string reasons_table(const std::map<std::string, EpisodeTotal>& reasons, TableSize size) {
  std::vector<std::pair<std::string, EpisodeTotal>> rows(reasons.begin(), reasons.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.count() > b.second.count();
  });
  double count = 0;
  for (const auto& [reason, total] : rows) count += total.count();
  const std::size_t width = std::clamp(size.columns - kNumbers, kLeastWord, kReasonWord);
  std::string out = fmt::format("\n  {:<{}} {:>7} {:>8} {:>8} {:>8}\n", "reason", width, "count",
                                "share", "reward", "tokens");
  for (std::size_t i = 0; i < std::min(rows.size(), size.rows); ++i)
    out += row_text(rows[i].first, rows[i].second, count, width);
  if (rows.size() > size.rows) out += fmt::format("  and {} more\n", rows.size() - size.rows);
  return out;
}

}  // namespace tinyzero
