// model merge: a model and a LoRA adapter of PEFT become one model.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/model/adapter.h"

namespace tinyzero {
namespace {

// Files of a model that hold weights; all others go with the merged model as they are.
bool holds_weights(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json") || name.ends_with(".bin") || name.ends_with(".gguf");
}

void write_merged(const Model& model, const fs::path& from, const fs::path& folder) {
  save_model(model, folder);
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path& path = entry.path();
    if (!entry.is_regular_file() || holds_weights(path) || path.filename() == "config.json") continue;
    fs::copy_file(path, folder / path.filename(), fs::copy_options::overwrite_existing);
  }
  sync_folder(folder);
}

}  // namespace

int model_merge_command(const GlobalOptions&, const ModelMergeOptions& options) {
  const fs::path from = model_folder(options.folder), out = (fs::absolute(options.out) / "").lexically_normal().parent_path();
  if (fs::exists(out)) throw Error(out.string() + " exists", "name a folder that does not: --out FOLDER");
  Model model = load_model(from);
  merge_adapter(model, options.adapter);
  const fs::path partial = out.parent_path() / ("." + out.filename().string() + ".partial");
  fs::remove_all(partial);
  fs::create_directories(partial);
  write_merged(model, from, partial);
  fs::rename(partial, out);
  fmt::print("{}\n", out.string());
  return 0;
}

}  // namespace tinyzero
