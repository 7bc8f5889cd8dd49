// Chooses a table of kernels for this machine, by the CPU's features, the precision and the
// environment variable TINYZERO_CPU. A table for words of bf16 has the name of its f32 table with
// "-bf16" behind it.

#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "core/kernels/tables.h"

namespace tinyzero {
namespace {

#if defined(__x86_64__)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
bool has_avx512_bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
#endif
bool anywhere() { return true; }

struct Entry {
  const char* name;
  bool (*runs_here)();
  const Kernels& (*table)();
};

// The tables of this architecture, best first: auto takes the first that runs here.
constexpr Entry kEntries[] = {
#if defined(__x86_64__)
    {"avx512-bf16", has_avx512_bf16, avx512_bf16_kernels},
    {"avx512", has_avx512, avx512_kernels},
    {"avx2", has_avx2, avx2_kernels},
    {"avx2-bf16", has_avx2, avx2_bf16_kernels},
#endif
    {"scalar", anywhere, scalar_kernels},
    {"scalar-bf16", anywhere, scalar_bf16_kernels}};

constexpr std::string_view kBf16 = "-bf16";

// The table that the environment names; null if it names none.
const char* named_table() {
  const char* name = std::getenv("TINYZERO_CPU");
  return name == nullptr || *name == '\0' ? nullptr : name;
}

// Chosen once: kernels() is called for every row.
const Kernels*& in_use() {
  static const Kernels* table = &kernels_for(named_table() == nullptr ? "f32" : "auto");
  return table;
}

}  // namespace

std::vector<const char*> kernel_names() {
  std::vector<const char*> names;
  for (const Entry& entry : kEntries) {
    if (entry.runs_here()) names.push_back(entry.name);
  }
  return names;
}

const Kernels& kernels() { return *in_use(); }

void use_kernels(const Kernels& table) { in_use() = &table; }

const Kernels& kernels_for(const std::string& precision) {
  const char* wanted = named_table();
  if (wanted == nullptr) {
    for (const std::string name : kernel_names()) {
      if (precision == "auto" || (precision == "bf16") == name.ends_with(kBf16))
        return kernels(name);
    }
    throw Failure("no kernels of precision " + precision);
  }
  std::string name = wanted;
  if (precision == "auto") return kernels(name);
  if (name.ends_with(kBf16)) name.resize(name.size() - kBf16.size());
  return kernels(precision == "bf16" ? name + std::string(kBf16) : name);
}

const Kernels& kernels(const std::string& name) {
  std::string here;
  for (const Entry& entry : kEntries) {
    if (!entry.runs_here()) continue;
    if (name == entry.name) return entry.table();
    here += (here.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw Error("no kernels \"" + name + "\" on this machine", "it can run " + here);
}

}  // namespace tinyzero
