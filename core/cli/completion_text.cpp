#include "core/cli/completion_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

constexpr std::size_t kPage = 80, kNarrowest = 40,
                      kWidest = 120;            // columns; the first where there is no terminal
constexpr std::size_t kLabel = 14, kWord = 60;  // columns of a name before a text; most of a reason
constexpr std::size_t kFirstLines = 12, kLastLines = 4;  // of a long text

std::string verdict_text(const Json& record) {
  const double tokens = number_field(record, "tokens"),
               difficulty = number_field(record, "difficulty");
  std::vector<std::string> parts = {
      fmt::format("problem {} · sample {}", number_field(record, "problem"),
                  number_field(record, "sample")),
      fmt::format("reward {:.4g}", number_field(record, "reward")),
      one_line(text_field(record, "outcome"), kWord) + ": " +
          one_line(text_field(record, "reason"), kWord)};
  if (std::isfinite(tokens))
    parts.push_back(fmt::format("{} token{}", tokens, tokens == 1 ? "" : "s"));
  parts.push_back("end " + one_line(text_field(record, "end"), kWord));
  if (std::isfinite(difficulty) && difficulty != 0)
    parts.push_back(fmt::format("difficulty {:.3g}", difficulty));
  const auto kept = record.find("kept");
  if (kept != record.end() && *kept == false) parts.push_back("not in the update");
  return fmt::format("{}", fmt::join(parts, " · "));
}

std::string labelled(const char* name, const std::string& text, std::size_t columns) {
  const std::vector<std::string> lines = text_lines(text, columns - kLabel);
  const bool is_long = lines.size() > kFirstLines + kLastLines + 1;
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string start = fmt::format("  {:<{}}", i == 0 ? name : "", kLabel - 2);
    if (is_long && i == kFirstLines) {
      i = lines.size() - kLastLines;
      out += fmt::format("{}… {} lines …\n", start, i - kFirstLines);
    }
    out += start + lines[i] + "\n";
  }
  return out;
}

}  // namespace

std::size_t page_columns() {
  const int columns = terminal_width(stdout);
  return columns == 0 ? kPage : std::clamp<std::size_t>(columns, kNarrowest, kWidest);
}

std::string text_field(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_field(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? found->get<double>()
                                                     : std::numeric_limits<double>::quiet_NaN();
}

std::string completion_text(const Json& record, std::size_t columns) {
  std::string out;
  for (const std::string& line : folded(verdict_text(record), columns, 2)) out += line + "\n";
  if (!text_field(record, "key").empty())
    out += labelled("key", text_field(record, "key"), columns);
  return out + labelled("prompt", text_field(record, "prompt"), columns) +
         labelled("completion", text_field(record, "completion"), columns);
}

}  // namespace tinyzero
