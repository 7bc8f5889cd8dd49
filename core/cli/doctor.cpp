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
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/kernels/kernels.h"
#include "core/plugin/library.h"
#include "core/run/manifest.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TorchFacts {
  bool ok = false;       // tinyzero-train could be started at all
  std::string libtorch;  // version and flavour, or why it could not
  std::string cuda = "unknown";
};

// What tinyzero-train says of LibTorch and CUDA.
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

}  // namespace

int doctor_command(const GlobalOptions& global, const DoctorOptions& options) {
  const TorchFacts torch = torch_facts();
  const PluginCatalog catalog = PluginCatalog::scan(global.plugin_folders);
  struct sysinfo memory{};
  ::sysinfo(&memory);
  const CpuAllowance cpus = cpu_allowance();
  const double available = static_cast<double>(available_memory()) / (1 << 30);
  const double gib = static_cast<double>(memory.totalram) * memory.mem_unit / (1 << 30);
  Json report = {{"version", TINYZERO_VERSION},
                 {"compiler", TINYZERO_COMPILER},
                 {"cpu", processor_name()},
                 {"cores", cpus.usable()},
                 {"memory_gib", gib},
                 {"kernels", kernels().name},
                 {"libtorch", torch.libtorch},
                 {"libtorch_ok", torch.ok},
                 {"cuda", torch.cuda},
                 {"machine_cores", cpus.machine},
                 {"affinity_cores", cpus.affinity}};
  report["cpu_quota"] = cpus.quota > 0 ? Json(cpus.quota) : Json();
  report["available_memory_gib"] = available;
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK))
    report["tasks"].push_back(file.note.field("id"));
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM))
    report["algorithms"].push_back(file.note.field("id"));
  report["problems"] = catalog.problems();
  const bool ok = torch.ok && report.contains("tasks") && report.contains("algorithms");
  report["ok"] = ok;
  if (options.json) {
    print_json(report);
    return ok ? 0 : 1;
  }
  const auto list = [&](const char* key) {
    return report.contains(key)
               ? fmt::format("{}", fmt::join(report[key].get<std::vector<std::string>>(), ", "))
               : std::string("none found");
  };
  print("tinyzero    {} · {}\n", TINYZERO_VERSION, TINYZERO_COMPILER);
  print("machine     {} · {} · {:.1f} GiB, {:.1f} available · kernels {}\n", processor_name(),
        cores_text(cpus), gib, available, kernels().name);
  print("libtorch    {}\n", torch.ok ? torch.libtorch
                                     : "cannot be loaded: " + torch.libtorch +
                                           "\n            run ./tinyzero, which installs it");
  print("cuda        {}\n", torch.cuda);
  print("tasks       {}\n", list("tasks"));
  print("algorithms  {}\n", list("algorithms"));
  for (const std::string& problem : catalog.problems()) print("plugin      {}\n", problem);
  print("{}\n", ok ? "all is well" : "something is missing");
  return ok ? 0 : 1;
}

}  // namespace tinyzero
