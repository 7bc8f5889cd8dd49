// report: one HTML file from run folders.

#include <algorithm>

#include "core/base/error.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/report/page.h"
#include "core/run/checkpoint.h"

namespace tinyzero {

namespace {

// A file that is no page is not replaced: it may be what the report is made of.
void check_not_precious(const fs::path& file) {
  constexpr std::uintmax_t kLargestReport = std::uintmax_t{1} << 30;
  std::error_code unknown;
  if (!fs::exists(file, unknown) || fs::file_size(file, unknown) == 0) return;
  if (read_file(file, kLargestReport).starts_with("<!DOCTYPE html>")) return;
  throw Error(file.string() + " exists already and is no report",
              "give the path of a new file, or of an earlier report");
}

}  // namespace

int report_command(const GlobalOptions&, const ReportCommandOptions& options) {
  std::vector<RunPlace> places;
  for (const std::string& name : options.runs) {
    for (const RunPlace& place : find_runs(name)) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
  const bool one_folder = options.runs.size() == 1;
  const fs::path file =
      !options.out.empty()
          ? fs::path(options.out)
          : (one_folder ? fs::path(options.runs.front()) : fs::path()) / "report.html";
  check_replaceable(file);  // before the work
  check_not_precious(file);
  ReportOptions page;
  if (one_folder) page.comparison = read_comparison(options.runs.front());
  const Report report = make_report(read_runs(places), page);
  write_file_atomically(file, report.html);
  for (const std::string& warning : report.warnings)
    print(stderr, "warning: {}\n", one_line(warning, std::string::npos));
  print("{}  {} · {} run{} · {} of {} completions of the steps shown\n", file.string(),
        size_text(static_cast<double>(report.html.size())), report.runs,
        report.runs == 1 ? "" : "s", report.episodes_shown, report.episodes_of);
  return 0;
}

}  // namespace tinyzero
