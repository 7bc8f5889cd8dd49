#include "core/cli/delegated/doctor_ranks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/bench/exchanges.h"
#include "core/cli/output.h"
#include "core/cli/torch/train_ranks.h"
#include "core/kernels/kernels.h"
#include "core/ranks/addresses.h"
#include "core/ranks/ranks.h"
#include "core/run/manifest.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kUpdates[] = {5'000'000, 100'000'000};  // bytes

// By rank.
Json facts_of_all(Ranks& ranks) {
  const Json own = {{"rank", ranks.rank()},         {"host", own_host()},
                    {"cores", threads_or_cores(0)}, {"kernels", kernels().name},
                    {"libtorch", TINYZERO_TORCH},   {"program", program_hash()}};
  Json all = Json::array();
  for (const std::string& line : ranks.gather("facts", json_line(own)))
    all.push_back(parse_json(line, "what a rank says of itself"));
  return all;
}

// What would keep these ranks from training together, each with what to do.
Json differences_of_all(Ranks& ranks) {
  Json all = Json::array();
  for (const ProgramFact& fact : program_facts()) {
    for (const std::string& words : ranks.differences(fact.what, fact.text))
      all.push_back({{"what", words}, {"hint", fact.remedy}});
  }
  return all;
}

Json update_json(const ExchangeTime& update, std::int64_t ranks) {
  return {{"bytes", update.bytes},
          {"seconds", update.seconds},
          {"bytes_per_second", bytes_sent(update, ranks) / update.seconds}};
}

Json report_on(Ranks& ranks) {
  Json report;
  report["ranks"] = facts_of_all(ranks);
  report["differences"] = differences_of_all(ranks);
  const ExchangeTime gather = time_gather(ranks);
  report["gather"] = {{"bytes", gather.bytes}, {"seconds", gather.seconds}};
  for (const std::int64_t bytes : kUpdates)
    report["updates"].push_back(update_json(time_update(ranks, bytes), ranks.size()));
  report["ok"] = report["differences"].empty();
  return report;
}

// The width of a column: of its name, or of the longest value.
std::size_t width_of(const Json& rows, const char* key) {
  std::size_t width = std::string_view(key).size();
  for (const Json& row : rows) width = std::max(width, row[key].get<std::string>().size());
  return width;
}

void print_ranks(const Json& rows) {
  const std::size_t host = width_of(rows, "host"), kernel = width_of(rows, "kernels"),
                    torch = width_of(rows, "libtorch");
  print("{:>4}  {:<{}}  {:>5}  {:<{}}  {:<{}}  {}\n", "rank", "host", host, "cores", "kernels",
        kernel, "libtorch", torch, "program");
  for (const Json& row : rows) {
    print("{:>4}  {:<{}}  {:>5}  {:<{}}  {:<{}}  {}\n", row["rank"].get<std::int64_t>(),
          row["host"].get<std::string>(), host, row["cores"].get<std::int64_t>(),
          row["kernels"].get<std::string>(), kernel, row["libtorch"].get<std::string>(), torch,
          row["program"].get<std::string>());
  }
}

void print_report(const Json& report) {
  print_ranks(report["ranks"]);
  print("\ngather of {} bytes  {:>8.2f} ms\n", report["gather"]["bytes"].get<std::int64_t>(),
        1e3 * report["gather"]["seconds"].get<double>());
  for (const Json& update : report["updates"]) {
    print("update of {:>3} MB   {:>8.2f} ms  {:.2f} GB/s sent by each rank\n",
          update["bytes"].get<std::int64_t>() / 1'000'000, 1e3 * update["seconds"].get<double>(),
          1e-9 * update["bytes_per_second"].get<double>());
  }
  for (const Json& difference : report["differences"]) {
    print("warning: {}\n  hint: {}\n", difference["what"].get<std::string>(),
          difference["hint"].get<std::string>());
  }
  print("{}\n", report["ok"] == true ? "these ranks can train together"
                                     : "training would be refused: the ranks differ");
}

}  // namespace

int run_doctor_ranks(const GlobalOptions&, const DoctorOptions& options) {
  use_kernels(kernels_for("auto"));  // those of experiments that do not set their precision
  return with_ranks(options.ranks, [&](Ranks& ranks) {
    if (!ranks.are_many())
      throw Error("doctor --ranks looks at several ranks, and this is one process",
                  "start it as training is started, for example: mpirun -n 2 ./tinyzero doctor "
                  "--ranks");
    const Json report = report_on(ranks);
    if (ranks.is_first()) {
      if (options.json) print_json(report);
      else print_report(report);
      flush_output();
    }
    ranks.gather("the end", "");  // where one rank ends with 1, launchers stop the others
    return report["ok"] == true ? 0 : 1;
  });
}

}  // namespace tinyzero
