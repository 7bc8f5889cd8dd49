// doctor: what this installation is made of, and what is missing.

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/child.h"
#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/cli/commands.h"
#include "core/cli/delegated/doctor_ranks.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/kernels/kernels.h"
#include "core/plugin/library.h"
#include "core/run/manifest.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TorchFacts {
  bool ok = false;       // tinyzero-train could be started at all
  std::string libtorch;  // version and flavour, or why tinyzero-train could not be started
  std::string cuda = "unknown";
};

// What tinyzero-train says about LibTorch and CUDA.
TorchFacts torch_facts() {
  const fs::path program = boost::dll::program_location().parent_path() / "tinyzero-train";
  TorchFacts facts;
  try {
    const ProgramResult said = run_program({program.string(), "torch-info"});
    facts.ok = said.code == 0;
    facts.libtorch = said.output.substr(0, said.output.find_last_not_of('\n') + 1);
  } catch (const Error& e) {
    facts.libtorch = e.what();
  }
  const std::string& words = facts.libtorch;
  const Json said = json_if_valid(words.substr(words.rfind('\n') + 1))
                        .value_or(Json());  // libraries may print before
  if (facts.ok && said.is_object()) {
    facts.cuda = said.value("cuda", facts.cuda);
    facts.libtorch = said.value("libtorch", words);
  }
  return facts;
}

// "2 cores", "1 of 2 cores (affinity 1)".
std::string cores_text(const CpuAllowance& cpus) {
  const std::string cores = cpus.machine == 1 ? "core" : "cores";
  if (cpus.reason().empty()) return fmt::format("{} {}", cpus.machine, cores);
  return fmt::format("{} of {} {} ({})", cpus.usable(), cpus.machine, cores, cpus.reason());
}

double gibibytes(double bytes) { return bytes / (1 << 30); }

double total_memory() {
  struct sysinfo memory{};
  ::sysinfo(&memory);
  return static_cast<double>(memory.totalram) * memory.mem_unit;
}

Json machine_report(const TorchFacts& torch, const CpuAllowance& cpus) {
  return {{"version", TINYZERO_VERSION},
          {"compiler", TINYZERO_COMPILER},
          {"cpu", processor_name()},
          {"cores", cpus.usable()},
          {"memory_gib", gibibytes(total_memory())},
          {"kernels", kernels().name},
          {"libtorch", torch.libtorch},
          {"libtorch_ok", torch.ok},
          {"cuda", torch.cuda},
          {"machine_cores", cpus.machine},
          {"affinity_cores", cpus.affinity},
          {"cpu_quota", cpus.quota > 0 ? Json(cpus.quota) : Json()},
          {"available_memory_gib", gibibytes(static_cast<double>(available_memory()))}};
}

// Adds the plugins that were found, and whether anything is missing.
void add_plugins(const PluginCatalog& catalog, Json& report) {
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK))
    report["tasks"].push_back(file.note.field("id"));
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM))
    report["algorithms"].push_back(file.note.field("id"));
  report["problems"] = catalog.problems();
  report["ok"] =
      report["libtorch_ok"] == true && report.contains("tasks") && report.contains("algorithms");
}

std::string list_text(const Json& report, const char* key) {
  if (!report.contains(key)) return "none found";
  return fmt::format("{}", fmt::join(report[key].get<std::vector<std::string>>(), ", "));
}

void print_report(const Json& report, const TorchFacts& torch, const CpuAllowance& cpus) {
  print("tinyzero    {} · {}\n", TINYZERO_VERSION, TINYZERO_COMPILER);
  print("machine     {} · {} · {:.1f} GiB, {:.1f} available · kernels {}\n", processor_name(),
        cores_text(cpus), report["memory_gib"].get<double>(),
        report["available_memory_gib"].get<double>(), kernels().name);
  print("libtorch    {}\n", torch.ok ? torch.libtorch
                                     : "cannot be loaded: " + torch.libtorch +
                                           "\n            run ./tinyzero, which installs it");
  print("cuda        {}\n", torch.cuda);
  print("tasks       {}\n", list_text(report, "tasks"));
  print("algorithms  {}\n", list_text(report, "algorithms"));
  for (const Json& problem : report["problems"])
    print("plugin      {}\n", problem.get<std::string>());
  print("{}\n", report["ok"] == true ? "all is well" : "something is missing");
}

int run_doctor(const GlobalOptions& global, const DoctorOptions& options) {
  if (options.looks_at_ranks) {
    if (run_doctor_ranks == nullptr) become_train_program(global);
    return run_doctor_ranks(global, options);
  }
  const TorchFacts torch = torch_facts();
  const PluginCatalog catalog = PluginCatalog::scan(global.plugin_folders);
  const CpuAllowance cpus = cpu_allowance();
  Json report = machine_report(torch, cpus);
  add_plugins(catalog, report);
  if (options.json) print_json(report);
  else print_report(report, torch, cpus);
  return report["ok"] == true ? 0 : 1;
}

}  // namespace

void add_doctor(const Commands& commands) {
  commands.add<DoctorOptions>(
      "doctor", "Versions, machine, plugins, and what is missing", run_doctor,
      [](CLI::App& c, DoctorOptions& o) {
        c.add_flag("--json", o.json, kJsonHelp);
        CLI::Option* const ranks =
            c.add_flag("--ranks", o.looks_at_ranks,
                       "behind mpirun, srun or torchrun: whether these ranks could train together, "
                       "and how fast they exchange");
        for (CLI::Option* option : add_ranks_options(c, o.ranks)) option->needs(ranks);
      });
}

}  // namespace tinyzero
