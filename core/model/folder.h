// Hugging Face folders: models in and out.
//
// A folder is config.json, weights in model.safetensors or in the shards that
// model.safetensors.index.json names, generation_config.json, and the files of the tokenizer.
// Everything is checked before a weight is used: a model that could not be computed exactly as its
// authors meant it is refused, with the name of what stands in the way.
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
  // Throws Error naming what is missing, cut, of the wrong shape, not supported, or there although
  // config.json does not account for it.
  explicit ModelFolder(const fs::path& folder);

  const fs::path& path() const { return path_; }
  const ModelConfig& config() const { return config_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  // Numbers of the model by the type they are stored in.
  const std::map<Dtype, std::int64_t>& dtypes() const { return dtypes_; }
  // File that names the end tokens: generation_config.json where that does, else config.json; empty
  // if none does.
  const std::string& eos_source() const { return eos_source_; }
  // The weights as they lie in the files, in the order of `layout`.
  std::vector<TensorView> tensors() const;
  // Files that belong to the model beside configuration and weights.
  std::shared_ptr<const FolderFiles> companions() const;

  // The model, its weights converted to f32 by all cores. Takes the memory of the weights and
  // little more.
  Model load() const;

 private:
  struct Place {
    const SafetensorsFile* file;
    const TensorInfo* tensor;
  };
  void find_tensors();
  void check_extra(const std::string& name, const Place& place) const;

  fs::path path_;
  ModelConfig config_;
  std::string eos_source_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Place> found_;  // all tensors of all files
  std::vector<ParameterSlot> slots_;
  std::map<Dtype, std::int64_t> dtypes_;
};

// Throws Error if there is no model in Hugging Face's format in `folder`: with the cause where it
// holds an adapter alone, or GGUF.
void check_model_folder(const fs::path& folder);

// The shape of the model in a folder that may lack weights: of config.json and, if there is one,
// generation_config.json. Throws Error.
ModelConfig read_model_config(const fs::path& folder);

inline Model load_model(const fs::path& folder) { return ModelFolder(folder).load(); }

// What is to be written, and how.
struct FolderContent {
  const ModelConfig* config;
  std::vector<TensorView> tensors;
  std::shared_ptr<const FolderFiles> companions = nullptr;  // null: a new model, which has none yet
  Dtype dtype = Dtype::f32;
  std::uint64_t shard_bytes =
      0;  // weights beyond this many bytes are cut into files of at most that size; 0: one file
};

// A model as it is in memory, f32 in one file, with the files that came with it; the model must
// outlive it.
FolderContent content_of(const Model& model);

// Throws Error if the files that go along with a model are not all its own: a link out of its
// folder is not followed into folders that are written, for whoever made it may not be who reads
// them.
void check_companions(const Model& model);
void check_companions(const FolderContent& content);

// Whether a file of this name goes along with a model.
bool is_companion(const std::string& name);

// Writes a folder's files into one that exists (fsynced, not atomic). Throws what check_companions
// throws, first.
void write_folder(const FolderContent& content, const fs::path& folder);

// write_folder of content_of.
void save_model(const Model& model, const fs::path& folder);

// Writes a folder that must not exist yet, atomically: under a hidden name beside it, fsynced,
// renamed. Throws Error if it exists.
void export_folder(const FolderContent& content, const fs::path& folder);

// Bytes that writing `content` takes, about.
std::uint64_t folder_bytes(const FolderContent& content);

}  // namespace tinyzero
