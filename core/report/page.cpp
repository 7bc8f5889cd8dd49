#include "core/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/report/assets.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

std::string title_of(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups,
                     const Json& comparison) {
  if (comparison.is_object() && comparison.contains("name") && comparison["name"].is_string())
    return comparison["name"].get<std::string>();
  if (runs.size() == 1) return runs.front().name;
  return fmt::format("{} runs in {} group{}", runs.size(), groups.size(),
                     groups.size() == 1 ? "" : "s");
}

// The frame with each {{name}} replaced, in one pass: inserted text is never searched.
std::string fill(std::string_view frame, const std::map<std::string, std::string>& texts) {
  std::string out;
  for (std::size_t at = 0; at < frame.size();) {
    const std::size_t open = std::min(frame.find("{{", at), frame.size());
    out += frame.substr(at, open - at);
    if (open == frame.size()) break;
    const std::size_t close = frame.find("}}", open);
    out += texts.at(std::string(frame.substr(open + 2, close - open - 2)));
    at = close + 2;
  }
  return out;
}

}  // namespace

std::string script_json(const Json& value) {
  const std::string plain =
      value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(plain.size() + plain.size() / 16);
  for (const char c : plain) {
    if (c == '<') out += "\\u003c";
    else if (c == '>') out += "\\u003e";
    else if (c == '&') out += "\\u0026";
    else out += c;
  }
  return out;
}

std::string html_text(const std::string& text) {
  std::string out;
  for (const char c : as_written(text)) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else if (c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) out += '?';
    else out += c;
  }
  return out;
}

Report make_report(const std::vector<RunData>& runs, const ReportOptions& options) {
  if (runs.empty())
    throw Error("there is no run to report", "give the folder of an earlier `train`");
  const std::vector<RunGroup> groups = group_runs(runs);
  const std::string title = title_of(runs, groups, options.comparison);
  Json data = page_data(runs, groups, options.curves);
  data["title"] = title;
  data["version"] = TINYZERO_VERSION;
  data["comparison"] = options.comparison;
  const Json episodes = pick_episodes(runs, options.episodes);
  Report report;
  report.runs = runs.size();
  report.groups = groups.size();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Json& run = episodes["runs"][i];
    report.episodes_shown += run["shown"].get<std::size_t>();
    report.episodes_of += run["of"].get<std::size_t>();
    for (const Json& words : run["damaged"]) {
      report.warnings.push_back(runs[i].name + ": " + words.get<std::string>());
      data["runs"][i]["notes"].push_back(words);
    }
  }
  report.html = fill(kReportPage, {{"title", html_text(title)},
                                   {"uplot style", kUplotStyle},
                                   {"style", kReportStyle},
                                   {"data", script_json(data)},
                                   {"episodes", script_json(episodes)},
                                   {"uplot", kUplotScript},
                                   {"script", kReportScript},
                                   {"uplot licence", html_text(kUplotLicence)}});
  return report;
}

}  // namespace tinyzero
