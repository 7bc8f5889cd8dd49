// doctor: what this installation is made of, and what is missing.

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <array>
#include <boost/dll/runtime_symbol_info.hpp>
#include <cstdio>
#include <thread>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/options.h"
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
  const std::string command = "'" + program.string() + "' torch-info 2>&1";
  TorchFacts facts;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    facts.libtorch = "cannot start " + program.string();
    return facts;
  }
  std::string words;
  std::array<char, 256> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) words += buffer.data();
  facts.ok = ::pclose(pipe) == 0;
  while (!words.empty() && words.back() == '\n') words.pop_back();
  facts.libtorch = words;
  const Json said = json_if_valid(words.substr(words.rfind('\n') + 1)).value_or(Json());  // libraries may print before
  if (facts.ok && said.is_object()) {
    facts.libtorch = said.value("libtorch", words);
    facts.cuda = said.value("cuda", facts.cuda);
  }
  return facts;
}

}  // namespace

int doctor_command(const GlobalOptions& global, const DoctorOptions& options) {
  const TorchFacts torch = torch_facts();
  const PluginCatalog catalog = PluginCatalog::scan(global.plugin_folders);
  struct sysinfo memory {};
  ::sysinfo(&memory);
  const double gib = static_cast<double>(memory.totalram) * memory.mem_unit / (1 << 30);
  Json report = {{"version", TINYZERO_VERSION}, {"compiler", TINYZERO_COMPILER},
                 {"cpu", processor_name()},     {"cores", std::thread::hardware_concurrency()},
                 {"memory_gib", gib},           {"kernels", kernels().name},
                 {"libtorch", torch.libtorch},  {"libtorch_ok", torch.ok},
                 {"cuda", torch.cuda}};
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK)) report["tasks"].push_back(file.note.field("id"));
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM)) report["algorithms"].push_back(file.note.field("id"));
  report["problems"] = catalog.problems();
  const bool ok = torch.ok && report.contains("tasks") && report.contains("algorithms");
  report["ok"] = ok;
  if (options.json) {
    fmt::print("{}\n", json_line(report));
    return ok ? 0 : 1;
  }
  const auto list = [&](const char* key) {
    return report.contains(key) ? fmt::format("{}", fmt::join(report[key].get<std::vector<std::string>>(), ", "))
                                : std::string("none found");
  };
  fmt::print("tinyzero    {} · {}\n", TINYZERO_VERSION, TINYZERO_COMPILER);
  fmt::print("machine     {} · {} cores · {:.1f} GiB · kernels {}\n", processor_name(), std::thread::hardware_concurrency(), gib,
             kernels().name);
  fmt::print("libtorch    {}\n",
             torch.ok ? torch.libtorch : "cannot be loaded: " + torch.libtorch + "\n            run ./tinyzero, which installs it");
  fmt::print("cuda        {}\n", torch.cuda);
  fmt::print("tasks       {}\n", list("tasks"));
  fmt::print("algorithms  {}\n", list("algorithms"));
  for (const std::string& problem : catalog.problems()) fmt::print("plugin      {}\n", problem);
  fmt::print("{}\n", ok ? "all is well" : "something is missing");
  return ok ? 0 : 1;
}

}  // namespace tinyzero
