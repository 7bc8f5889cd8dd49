// model export: a folder or a run's newest checkpoint as a new Hugging Face folder, in another type
// or in shards. With --gguf also a GGUF file, which llama.cpp's own converter writes.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>

#include "core/base/child.h"
#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/cli/commands.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/run/checkpoint.h"
#include "tinyzero/number_text.h"

namespace tinyzero {
namespace {

constexpr const char* kConverter = "convert_hf_to_gguf.py";

struct ModelExportOptions {
  std::string folder;
  std::string out;
  std::string dtype;
  std::string shard_size = "5GB";
  bool gguf = false;
};

// "2GB", "500MB", "1.5GiB" as Hugging Face writes sizes: powers of 1000, with an i of 1024.
std::uint64_t parse_size(const std::string& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const double number = parse_real(text.substr(0, digits)).value_or(0);
  static const std::pair<const char*, double> kUnits[] = {
      {"KB", 1e3},     {"MB", 1e6},        {"GB", 1e9},
      {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
  for (const auto& [unit, factor] : kUnits) {
    if (text.substr(digits) == unit && number * factor >= 1 && number * factor < 1e18)
      return static_cast<std::uint64_t>(number * factor);
  }
  throw Error("--shard-size is \"" + text + "\", which is no size",
              "write for example 2GB or 500MB");
}

// The converter as the shell would find it.
fs::path find_converter() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::absolute(fs::path(folder.empty() ? "." : folder) / kConverter);
    if (fs::is_regular_file(program) && ::access(program.c_str(), X_OK) == 0) return program;
  }
  throw Error(
      std::string("--gguf needs llama.cpp's converter, and there is no ") + kConverter +
          " in the folders of PATH",
      "add the folder of llama.cpp to PATH and install its requirements, or leave --gguf out");
}

// The last line of a log that says something.
std::string last_line(const fs::path& log) {
  std::istringstream lines(read_file(log));
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \r") != std::string::npos) last = line;
  }
  return last.empty() ? "nothing" : last;
}

// Runs the converter on the written folder. Returns the file.
fs::path convert(const fs::path& program, const fs::path& out, Dtype dtype) {
  const fs::path folder = (fs::absolute(out) / "").lexically_normal().parent_path();
  const fs::path file = folder / (folder.filename().string() + "-" + name_of(dtype) + ".gguf"),
                 log = folder / ".gguf.log";
  Child child({program, folder, "--outfile", file, "--outtype", name_of(dtype)}, log,
              usable_cores());
  std::optional<int> code;
  while (!(code = child.ended())) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string words = last_line(log);
  fs::remove(log);
  if (*code == 0 && fs::exists(file)) return file;
  std::error_code ignored;
  fs::remove(file, ignored);
  throw Failure(fmt::format("{} ended with {} and wrote no {}; its last words: {}",
                            program.string(), *code, file.filename().string(), words),
                fmt::format("{} itself is complete; for all it says: {} {}", out.string(),
                            kConverter, out.string()));
}

// The type that is asked for, or else the folder's own if all its tensors have one.
Dtype dtype_of(const ModelFolder& source, const ModelExportOptions& options) {
  if (!options.dtype.empty()) return dtype_from_name(options.dtype);
  return source.dtypes().size() == 1 ? source.dtypes().begin()->first : Dtype::f32;
}

// Reads the folder back, as others will.
void print_written(const fs::path& out, Dtype dtype) {
  const ModelFolder written(out);
  std::size_t bytes = 0;
  for (const SafetensorsFile& file : written.files()) bytes += file.bytes();
  print("{} · {} · {} in {} {}\n", out.string(), name_of(dtype),
        size_text(static_cast<double>(bytes)), written.files().size(),
        written.files().size() == 1 ? "file" : "files");
}

int run_model_export(const GlobalOptions&, const ModelExportOptions& options) {
  const fs::path converter = options.gguf ? find_converter() : fs::path();
  const std::uint64_t shard_bytes = parse_size(options.shard_size);
  const ModelFolder source(model_folder(options.folder));
  const fs::path out = options.out;
  const Dtype dtype = dtype_of(source, options);
  const FolderContent content{&source.config(), source.tensors(), source.companions(), dtype,
                              shard_bytes};
  check_space(out, folder_bytes(content) * (options.gguf ? 2 : 1), out.string());
  export_folder(content, out);
  print_written(out, dtype);
  flush_output();  // before the converter's words
  if (options.gguf) print("{}\n", convert(converter, out, dtype).string());
  return 0;
}

}  // namespace

void add_model_export(const Commands& commands) {
  commands.add<ModelExportOptions>(
      "export", "Write a model as a new Hugging Face folder, to share or to convert",
      run_model_export, [](CLI::App& c, ModelExportOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
        c.add_option("--out", o.out, "the folder to write, which must not exist yet")->required();
        c.add_option("--dtype", o.dtype,
                     "type of the weights: f32, bf16 or f16; default: as they are stored")
            ->check(CLI::IsMember({"f32", "bf16", "f16"}));
        c.add_option("--shard-size", o.shard_size,
                     "cut weights beyond this into several files: 2GB, 500MB")
            ->capture_default_str();
        c.add_flag("--gguf", o.gguf,
                   "also write a GGUF file, by llama.cpp's convert_hf_to_gguf.py");
      });
}

}  // namespace tinyzero
