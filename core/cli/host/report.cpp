// report: one HTML file from run folders.

#include <algorithm>

#include "core/base/error.h"
#include "core/cli/commands.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/terminal.h"
#include "core/report/page.h"
#include "core/run/checkpoint.h"

namespace tinyzero {
namespace {

struct ReportCommandOptions {
  std::vector<std::string> runs;
  std::string out;
};

// Refuses to replace a file that is not an HTML page: it may be what the report is made of.
void check_not_precious(const fs::path& file) {
  constexpr std::uintmax_t kLargestReport = std::uintmax_t{1} << 30;
  std::error_code unknown;
  if (!fs::exists(file, unknown) || fs::file_size(file, unknown) == 0) return;
  if (read_file(file, kLargestReport).starts_with("<!DOCTYPE html>")) return;
  throw Error(file.string() + " exists already and is no report",
              "give the path of a new file, or of an earlier report");
}

// Every run once, in the order in which it is named.
std::vector<RunPlace> named_runs(const std::vector<std::string>& names) {
  std::vector<RunPlace> places;
  for (const std::string& name : names) {
    for (const RunPlace& place : find_runs(name)) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
  return places;
}

fs::path report_file(const ReportCommandOptions& options) {
  if (!options.out.empty()) return options.out;
  const bool one_folder = options.runs.size() == 1;
  return (one_folder ? fs::path(options.runs.front()) : fs::path()) / "report.html";
}

int run_report(const GlobalOptions&, const ReportCommandOptions& options) {
  const std::vector<RunPlace> places = named_runs(options.runs);
  const fs::path file = report_file(options);
  check_replaceable(file);  // before the work
  check_not_precious(file);
  ReportOptions page;
  if (options.runs.size() == 1) page.comparison = read_comparison(options.runs.front());
  const Report report = make_report(read_runs(places), page);
  write_file_atomically(file, report.html);
  for (const std::string& warning : report.warnings)
    print(stderr, "warning: {}\n", one_line(warning, std::string::npos));
  print("{}  {} · {} · {} of {} completions of the steps shown\n", file.string(),
        size_text(static_cast<double>(report.html.size())), counted(report.runs, "run"),
        report.episodes_shown, report.episodes_of);
  return 0;
}

}  // namespace

void add_report(const Commands& commands) {
  commands.add<ReportCommandOptions>(
      "report", "One HTML file from runs: curves, differences, completions side by side",
      run_report, [](CLI::App& c, ReportCommandOptions& o) {
        c.add_option("runs", o.runs, "run folders, or folders that hold some, as a comparison's")
            ->required();
        c.add_option(
            "--out", o.out,
            "file to write; default: report.html in the folder, or here if several are given");
      });
}

}  // namespace tinyzero
