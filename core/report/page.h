// A report: one self-contained HTML file from the folders of one or several runs. The same folders
// give the same bytes.
//
// Everything that runs wrote is embedded as JSON in ASCII with `<` escaped, and the page's script
// inserts it as text only: no completion, however hostile, becomes markup or script.
#pragma once

#include <string>
#include <vector>

#include "core/report/episodes.h"
#include "core/report/page_data.h"
#include "core/report/run_data.h"

namespace tinyzero {

struct ReportOptions {
  EpisodeLimits episodes;
  CurveLimits curves;
  Json comparison;  // comparison.json of a comparison's folder; null: none
};

struct Report {
  std::string html;
  std::size_t runs = 0;
  std::size_t groups = 0;
  std::size_t episodes_shown = 0;
  std::size_t episodes_of = 0;
  std::vector<std::string> warnings;  // about files that could not be read to their end
};

// Throws Error if there are no runs.
Report make_report(const std::vector<RunData>& runs, const ReportOptions& options);

// JSON that is safe inside a script element: ASCII, and no `<`, `>` or `&`.
std::string script_json(const Json& value);

// Text that is safe inside markup.
std::string html_text(const std::string& text);

}  // namespace tinyzero
