#include "core/model/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/workers.h"

namespace tinyzero {
namespace {

constexpr std::uintmax_t kMaxConfig = 256 << 10;  // bytes; real configurations take about 2,000
constexpr std::uintmax_t kMaxIndex = 32 << 20;    // bytes
constexpr std::int64_t kPiece = 1 << 21;          // numbers that a thread converts at a time
constexpr std::int64_t kBlock = 1 << 14;          // numbers checked while they are in the cache

const char* const kSingle = "model.safetensors";
const char* const kIndex = "model.safetensors.index.json";
const char* const kAdapterConfig = "adapter_config.json";

// Files of a Hugging Face model other than configuration and weights. Many licences must be copied
// with a model.
const char* const kCompanions[] = {"generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "vocab.json",
                                   "merges.txt",
                                   "tokenizer.model",
                                   "chat_template.jinja",
                                   "chat_template.json",
                                   "LICENSE",
                                   "LICENSE.txt",
                                   "NOTICE",
                                   "USE_POLICY.md"};

std::string read_limited(const fs::path& path, std::uintmax_t limit) {
  std::error_code problem;
  const std::uintmax_t bytes = fs::file_size(path, problem);
  if (!problem && bytes > limit)
    throw Error(fmt::format("{} has {} bytes, more than any model's: at most {} are read",
                            path.string(), bytes, limit));
  return read_file(path);
}

Json read_json(const fs::path& path, std::uintmax_t limit = kMaxConfig) {
  return parse_json(read_limited(path, limit), path.string());
}

bool holds_gguf(const fs::path& folder) {
  return std::any_of(fs::directory_iterator(folder), {}, [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".gguf";
  });
}

// The model that an adapter was trained on, according to its folder.
std::string base_of_adapter(const fs::path& folder) {
  const Json json = read_json(folder / kAdapterConfig);
  const Json base = json.is_object() ? json.value("base_model_name_or_path", Json()) : Json();
  return base.is_string() && !base.get<std::string>().empty() ? base.get<std::string>() : "BASE";
}

[[noreturn]] void refuse_gguf(const std::string& what) {
  throw Error(what + " in GGUF, the format of llama.cpp, which is not supported",
              "give the Hugging Face folder that it was made from, or ask llama.cpp's server with "
              "`tinyzero eval --endpoint`");
}

[[noreturn]] void refuse_without_weights(const fs::path& folder) {
  if (holds_gguf(folder)) refuse_gguf(folder.string() + " has only weights");
  const bool pytorch = fs::exists(folder / "pytorch_model.bin") ||
                       fs::exists(folder / "pytorch_model.bin.index.json");
  throw Error(
      folder.string() + " has neither model.safetensors nor model.safetensors.index.json",
      pytorch ? "its weights are in PyTorch's own format: open it in transformers and save it again"
              : "give the folder of a Hugging Face model");
}

// The names of the files that an index lists.
std::set<std::string> shard_names(const fs::path& index) {
  const Json json = read_json(index, kMaxIndex);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    throw Error(index.string() + " has no \"weight_map\"");
  std::set<std::string> names;
  for (const auto& [name, file] : json["weight_map"].items()) {
    if (!file.is_string() || file.get_ref<const std::string&>().find('/') != std::string::npos)
      throw Error(index.string() + ": the file of \"" + name + "\" is not a plain name");
    names.insert(file.get<std::string>());
  }
  return names;
}

// The files that hold a folder's weights.
std::vector<fs::path> weight_files(const fs::path& folder) {
  if (fs::exists(folder / kSingle)) return {folder / kSingle};
  if (!fs::exists(folder / kIndex)) refuse_without_weights(folder);
  std::vector<fs::path> files;
  for (const std::string& name : shard_names(folder / kIndex)) {
    if (!fs::exists(folder / name))
      throw Error(folder.string() + " has no " + name + ", which its " + kIndex + " names",
                  "copy or download it");
    files.push_back(folder / name);
  }
  return files;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool same_bytes(const TensorInfo& a, const TensorInfo& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         (a.bytes == 0 || std::memcmp(a.data, b.data, a.bytes) == 0);
}

// Reads both configuration files into `config`. Returns the one that names the end tokens, "" if
// neither does.
std::string read_config_files(const fs::path& folder, ModelConfig& config) {
  const fs::path file = folder / "config.json", generation = folder / "generation_config.json";
  config = ModelConfig::from_json(read_json(file), file.string());
  const std::string source = config.eos.empty() ? "" : "config.json";
  if (!fs::exists(generation)) return source;
  const Json json = read_json(generation);
  config.take_generation(json, generation.string());
  return json.contains("eos_token_id") && !json["eos_token_id"].is_null() ? "generation_config.json"
                                                                          : source;
}

bool is_inside(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
         folder.end();
}

// Whether a file belongs to a folder; both paths without links. In Hugging Face's cache a model is
// a folder snapshots/REVISION of links to the neighbouring folder blobs/.
bool is_of_folder(const fs::path& file, const fs::path& folder) {
  const fs::path snapshots = folder.parent_path();
  return is_inside(file, folder) || (snapshots.filename() == "snapshots" &&
                                     is_inside(file, snapshots.parent_path() / "blobs"));
}

// Numbers of a tensor that one thread converts.
struct Piece {
  const TensorView* tensor;
  std::int64_t first;
  std::int64_t count;
  float* out;
};

// Converts a piece to f32 block by block. Throws Error for a number that is NaN or infinite.
void convert(const Piece& piece) {
  const TensorView& tensor = *piece.tensor;
  const std::int64_t size = bytes_of(tensor.dtype);
  const char* data = static_cast<const char*>(tensor.data) + piece.first * size;
  for (std::int64_t at = 0; at < piece.count; at += kBlock) {
    const std::int64_t n = std::min(kBlock, piece.count - at);
    const std::int64_t found = first_not_finite(tensor.dtype, data + at * size, n);
    to_float(tensor.dtype, data + at * size, n, piece.out + at);
    if (found < n)
      fail_not_finite(tensor.mapped->path(), tensor.name, tensor.shape, piece.first + at + found,
                      piece.out[at + found]);
  }
  tensor.mapped->let_go(data, piece.count * size);
}

}  // namespace

bool is_companion(const std::string& name) {
  return std::find(std::begin(kCompanions), std::end(kCompanions), name) != std::end(kCompanions);
}

void check_model_folder(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error("no folder " + folder.string(),
                "give the folder of a Hugging Face model or of a checkpoint");
  if (fs::exists(folder / "config.json")) return;
  if (fs::exists(folder / kAdapterConfig))
    throw Error(folder.string() + " is an adapter, not a model: it has " + kAdapterConfig +
                    " but no config.json",
                "merge it into the model that it was trained on: tinyzero model merge " +
                    base_of_adapter(folder) + " --adapter " + folder.string() + " --out FOLDER");
  if (holds_gguf(folder)) refuse_gguf(folder.string() + " holds a model");
  throw Error(folder.string() +
                  " is neither a Hugging Face folder (no config.json) nor a run (no config.yaml)",
              "give the folder of a Hugging Face model, or of a run or its checkpoint");
}

ModelConfig read_model_config(const fs::path& folder) {
  check_model_folder(folder);
  ModelConfig config;
  read_config_files(folder, config);
  return config;
}

ModelFolder::ModelFolder(const fs::path& folder) : path_(folder) {
  check_model_folder(folder);
  eos_source_ = read_config_files(path_, config_);
  slots_ = ParameterLayout(config_).slots();
  for (const fs::path& path : weight_files(folder)) files_.emplace_back(path);
  index_tensors();
  check_tensors();
}

void ModelFolder::index_tensors() {
  for (const SafetensorsFile& file : files_) {
    for (const auto& [name, tensor] : file.tensors()) {
      const auto [before, fresh] = stored_.try_emplace(name, StoredTensor{&file, &tensor});
      if (!fresh)
        throw Error(path_.string() + ": tensor \"" + name + "\" is in " +
                    before->second.file->path().filename().string() + " and in " +
                    file.path().filename().string());
    }
  }
}

void ModelFolder::check_tensors() {
  std::set<std::string> wanted;
  for (const ParameterSlot& slot : slots_) {
    wanted.insert(slot.name);
    const auto found = stored_.find(slot.name);
    if (found == stored_.end())
      throw Error(path_.string() + " has no tensor \"" + slot.name +
                  "\", which its config.json requires");
    const TensorInfo& tensor = *found->second.tensor;
    if (tensor.shape != slot.shape)
      throw Error(path_.string() + ": tensor \"" + slot.name + "\" has shape " +
                  shape_text(tensor.shape) + ", config.json requires " + shape_text(slot.shape));
    dtypes_[dtype_of(tensor, slot.name)] += slot.size;
  }
  for (const auto& [name, stored] : stored_) {
    if (!wanted.contains(name)) check_extra(name, stored);
  }
}

// A tensor that config.json does not require changes what the model computes, with two exceptions:
// a table that follows from the configuration, and a copy of the embedding as the head of a model
// whose head is its embedding.
void ModelFolder::check_extra(const std::string& name, const StoredTensor& stored) const {
  if (name.ends_with(".rotary_emb.inv_freq")) return;
  if (name == "lm_head.weight" && config_.tied && !config_.value_head) {
    const StoredTensor& embedding = stored_.at("model.embed_tokens.weight");
    const bool same = same_bytes(*stored.tensor, *embedding.tensor);
    for (const StoredTensor& read : {stored, embedding})
      read.file->let_go(read.tensor->data, read.tensor->bytes);
    if (same) return;
    throw Error(path_.string() +
                    ": tensor \"lm_head.weight\" differs from \"model.embed_tokens.weight\", "
                    "although config.json ties them",
                "if the head is its own, set \"tie_word_embeddings\": false in config.json");
  }
  throw Error(path_.string() + " has a tensor \"" + name + "\" that a model of type \"" +
                  config_.model_type +
                  "\" with this config.json does not use: it would be computed wrongly",
              "supported are dense Qwen2, Qwen3, Llama and Mistral shapes with full attention");
}

std::vector<TensorView> ModelFolder::tensors() const {
  std::vector<TensorView> out;
  for (const ParameterSlot& slot : slots_) {
    const StoredTensor& stored = stored_.at(slot.name);
    out.push_back({.name = slot.name,
                   .shape = slot.shape,
                   .data = stored.tensor->data,
                   .dtype = dtype_of(*stored.tensor, slot.name),
                   .mapped = stored.file});
  }
  return out;
}

std::shared_ptr<const FolderFiles> ModelFolder::companions() const {
  auto files = std::make_shared<FolderFiles>();
  for (const char* name : kCompanions) {
    if (!fs::exists(path_ / name)) continue;
    const fs::path target = fs::canonical(path_ / name);
    if (is_of_folder(target, fs::canonical(path_))) files->texts[name] = read_file(target);
    else
      files->outside =
          (path_ / name).string() + " is a link out of its folder, to " + target.string();
  }
  return files;
}

Model ModelFolder::load() const {
  const std::vector<TensorView> views = tensors();
  Model model(config_, FloatBuffer::uninitialized(
                           slots_.empty() ? 0 : slots_.back().offset + slots_.back().size));
  model.companions = companions();
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < views.size(); ++i) {
    for (std::int64_t first = 0; first < slots_[i].size; first += kPiece)
      pieces.push_back({.tensor = &views[i],
                        .first = first,
                        .count = std::min(kPiece, slots_[i].size - first),
                        .out = model.weights.data() + slots_[i].offset + first});
  }
  std::atomic<std::size_t> next{0};
  run_workers(threads_or_cores(0), [&](std::int64_t) {
    for (std::size_t i = next++; i < pieces.size(); i = next++) convert(pieces[i]);
  });
  return model;
}

}  // namespace tinyzero
