// Hugging Face folders: reading and writing models.
//
// A folder holds config.json, weights in model.safetensors or in the shards that
// model.safetensors.index.json names, generation_config.json, and the tokenizer's files. Everything
// is checked before a weight is used: a model that could not be computed exactly as its authors
// meant it is refused, and the error names the obstacle.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/parameters.h"
#include "core/model/safetensors.h"

namespace tinyzero {

class ModelFolder {
 public:
  // Opens a folder: reads its configuration and the headers of its weights, whose data is mapped.
  // Throws Error naming what is missing, truncated, of the wrong shape, not supported, or not
  // accounted for by config.json.
  explicit ModelFolder(const fs::path& folder);

  const fs::path& path() const { return path_; }
  const ModelConfig& config() const { return config_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  // How many weights are stored in each type.
  const std::map<Dtype, std::int64_t>& dtypes() const { return dtypes_; }
  // The file that names the end tokens: generation_config.json if it does, else config.json; empty
  // if neither does.
  const std::string& eos_source() const { return eos_source_; }
  // The weights in the files, in the order of ParameterLayout.
  std::vector<TensorView> tensors() const;
  // The files other than configuration and weights that belong to the model.
  std::shared_ptr<const FolderFiles> companions() const;

  // Loads the model and converts its weights to f32 on all cores. Takes little more memory than the
  // weights.
  Model load() const;

 private:
  struct StoredTensor {
    const SafetensorsFile* file;
    const TensorInfo* tensor;
  };
  void index_tensors();
  void check_tensors();
  void check_extra(const std::string& name, const StoredTensor& stored) const;

  fs::path path_;
  ModelConfig config_;
  std::string eos_source_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, StoredTensor> stored_;  // all tensors of all files, by name
  std::vector<ParameterSlot> slots_;
  std::map<Dtype, std::int64_t> dtypes_;
};

// Throws Error if `folder` holds no model in Hugging Face's format. The error says so if it holds
// only an adapter, or GGUF.
void check_model_folder(const fs::path& folder);

// The shape of the model in a folder, which may lack weights, from config.json and, if present,
// generation_config.json. Throws Error.
ModelConfig read_model_config(const fs::path& folder);

inline Model load_model(const fs::path& folder) { return ModelFolder(folder).load(); }

// What to write, and how.
struct FolderContent {
  const ModelConfig* config;
  std::vector<TensorView> tensors = {};
  std::shared_ptr<const FolderFiles> companions = nullptr;  // null for a new model
  Dtype dtype = Dtype::f32;
  // Weights larger than this are split into files of at most this size; 0 for a single file.
  std::uint64_t shard_bytes = 0;
};

// A model in memory, as f32 in one file, with its companion files. The model must outlive the
// result.
FolderContent content_of(const Model& model);

// Throws Error if a companion file was left out because it is a link out of the model's folder.
// Such a link is never followed into a folder that is written: whoever made it may not be allowed
// to read its target.
void check_companions(const Model& model);
void check_companions(const FolderContent& content);

// Whether a file of this name is copied with a model.
bool is_companion(const std::string& name);

// Writes a folder's files into an existing folder (fsynced, not atomic). Calls check_companions
// first.
void write_folder(const FolderContent& content, const fs::path& folder);

// Writes a model in memory into an existing folder.
void save_model(const Model& model, const fs::path& folder);

// Writes a new folder atomically: under a hidden name next to it, fsynced, then renamed. Throws
// Error if it exists.
void export_folder(const FolderContent& content, const fs::path& folder);

// Approximate size of `content` on disk, in bytes.
std::uint64_t folder_bytes(const FolderContent& content);

}  // namespace tinyzero
