// model merge: a model and a LoRA adapter of PEFT become one model.

#include "core/cli/model_folder.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/model/adapter.h"

namespace tinyzero {

int model_merge_command(const GlobalOptions&, const ModelMergeOptions& options) {
  const fs::path out = (fs::absolute(options.out) / "").lexically_normal().parent_path();
  Model model = load_model(model_folder(options.folder));
  merge_adapter(model, options.adapter);
  FolderContent content = content_of(model);
  content.dtype = dtype_from_name(options.dtype);
  export_folder(content, out);
  print("{}\n", out.string());
  return 0;
}

}  // namespace tinyzero
