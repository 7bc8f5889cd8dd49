#include "core/report/quality.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/report/assets.h"
#include "core/report/page.h"

namespace tinyzero {
namespace {

std::size_t count(const QualityReport& report, Grade grade) {
  return std::count_if(report.checks.begin(), report.checks.end(),
                       [&](const QualityReport::Check& c) { return c.result.grade == grade; });
}

// Signs beside the words, for readers who do not see colours.
const char* chip_of(Grade grade) {
  switch (grade) {
    case Grade::pass: return "<span class=\"chip good\">✓ pass</span>";
    case Grade::warn: return "<span class=\"chip warn\">! warn</span>";
    case Grade::fail: return "<span class=\"chip fail\">✗ fail</span>";
    default: return "<span class=\"chip\">– skip</span>";
  }
}

std::string row_of(const QualityReport::Check& check) {
  const std::string remedy =
      check.remedy.empty() ? "" : "<p class=\"hint\">" + html_text(check.remedy) + "</p>";
  return fmt::format(
      "<tr><td>{}</td><th scope=\"row\">{}<br><code>{}</code></th><td class=\"finding\">{}{}</td>"
      "</tr>\n",
      chip_of(check.result.grade), html_text(check.name), html_text(check.id),
      html_text(check.result.detail), remedy);
}

}  // namespace

Json quality_json(const QualityReport& report) {
  Json checks = Json::array();
  for (const QualityReport::Check& check : report.checks) {
    checks.push_back({{"id", check.id},
                      {"check", check.name},
                      {"result", grade_name(check.result.grade)},
                      {"evidence", check.result.detail},
                      {"remedy", check.remedy}});
  }
  return {{"task", report.task},
          {"version", report.version},
          {"library", report.library},
          {"seed", report.seed},
          {"checks", checks}};
}

std::string quality_html(const QualityReport& report) {
  const std::string title = html_text("Checks of the task " + report.task);
  std::string rows;
  for (const QualityReport::Check& check : report.checks) rows += row_of(check);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>\n{}\n.finding {{ white-space: normal; overflow-wrap: anywhere; "
      "}}\n"
      ".chip.warn {{ background: var(--warn-back); color: var(--warn); }}\n"
      ".chip.fail {{ background: var(--code-back); color: var(--code); }}\n</style>\n</head>\n"
      "<body>\n<header class=\"top\"><div class=\"wide\">\n<h1>{}</h1>\n"
      "<p class=\"facts\">{} passed, {} with a warning, {} failed, {} skipped · version {} · seed "
      "{} · {}</p>\n</div></header>\n<main class=\"wide\">\n<section>\n<table>\n<thead><tr>"
      "<th scope=\"col\">result</th><th scope=\"col\">check</th><th scope=\"col\">evidence, and "
      "what to do</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</section>\n</main>\n</body>\n"
      "</html>\n",
      title, kReportStyle, title, count(report, Grade::pass), count(report, Grade::warn),
      count(report, Grade::fail), count(report, Grade::skip),
      html_text(report.version.empty() ? "unknown" : report.version), report.seed,
      html_text(report.library), rows);
}

}  // namespace tinyzero
