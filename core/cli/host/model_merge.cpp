// model merge: a model and a LoRA adapter of PEFT become one model.

#include "core/cli/commands.h"
#include "core/cli/model_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/model/adapter.h"

namespace tinyzero {
namespace {

struct ModelMergeOptions {
  std::string folder;
  std::string adapter;
  std::string out;
  std::string dtype = "f32";
};

int run_model_merge(const GlobalOptions&, const ModelMergeOptions& options) {
  const fs::path out = (fs::absolute(options.out) / "").lexically_normal().parent_path();
  Model model = load_model(model_folder(options.folder));
  merge_adapter(model, options.adapter);
  FolderContent content = content_of(model);
  content.dtype = dtype_from_name(options.dtype);
  export_folder(content, out);
  print("{}\n", out.string());
  return 0;
}

}  // namespace

void add_model_merge(const Commands& commands) {
  commands.add<ModelMergeOptions>(
      "merge", "Write a model with a LoRA adapter merged into it", run_model_merge,
      [](CLI::App& c, ModelMergeOptions& o) {
        c.add_option("folder", o.folder, kFolderHelp)->required();
        c.add_option("--adapter", o.adapter, "folder of a LoRA adapter, as PEFT writes it")
            ->required();
        c.add_option("--out", o.out, "folder to write")->required();
        c.add_option("--dtype", o.dtype, "type of the weights: f32, bf16 or f16")
            ->check(CLI::IsMember({"f32", "bf16", "f16"}))
            ->capture_default_str();
      });
}

}  // namespace tinyzero
