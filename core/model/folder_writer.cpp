// Writing Hugging Face folders.

#include <fcntl.h>
#include <fmt/format.h>

#include <system_error>

#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/base/told_error.h"
#include "core/model/folder.h"

namespace tinyzero {
namespace {

const std::map<std::string, std::string> kMetadata = {{"format", "pt"}};

std::uint64_t tensor_bytes(const TensorView& tensor, Dtype dtype) {
  return tensor.elements() * bytes_of(dtype);
}

// The tensors of each file, in order. A file is full when the next tensor would make it larger than
// wanted; a tensor is never split.
std::vector<std::vector<TensorView>> shards_of(const FolderContent& content) {
  std::vector<std::vector<TensorView>> shards(1);
  std::uint64_t bytes = 0;
  for (const TensorView& tensor : content.tensors) {
    const std::uint64_t more = tensor_bytes(tensor, content.dtype);
    if (content.shard_bytes > 0 && !shards.back().empty() && bytes + more > content.shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(tensor);
    bytes += more;
  }
  return shards;
}

void write_shards(const FolderContent& content, const fs::path& folder,
                  const std::vector<std::vector<TensorView>>& shards) {
  Json map = Json::object();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name =
        fmt::format("model-{:05d}-of-{:05d}.safetensors", i + 1, shards.size());
    write_safetensors(folder / name, shards[i], kMetadata, content.dtype);
    for (const TensorView& tensor : shards[i]) {
      map[tensor.name] = name;
      total += tensor_bytes(tensor, content.dtype);
    }
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  write_file_synced(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

void write_weights(const FolderContent& content, const fs::path& folder) {
  const auto shards = shards_of(content);
  if (shards.size() > 1) return write_shards(content, folder, shards);
  write_safetensors(folder / "model.safetensors", shards[0], kMetadata, content.dtype);
}

}  // namespace

void check_companions(const FolderContent& content) {
  if (!content.companions || content.companions->outside.empty()) return;
  throw Error(
      content.companions->outside + ": its target is not copied into models that are written",
      "replace the link by a copy of the file, or remove it");
}

void check_companions(const Model& model) { check_companions(content_of(model)); }

void write_folder(const FolderContent& content, const fs::path& folder) {
  check_companions(content);
  write_weights(content, folder);
  write_file_synced(folder / "config.json", content.config->to_json(content.dtype).dump(2) + "\n");
  if (content.companions) {
    for (const auto& [name, text] : content.companions->texts)
      write_file_synced(folder / name, text);
  } else {
    Json generation = {{"do_sample", true}, {"temperature", 1.0}};
    if (!content.config->eos.empty()) generation["eos_token_id"] = content.config->eos;
    write_file_synced(folder / "generation_config.json", generation.dump(2) + "\n");
  }
}

FolderContent content_of(const Model& model) {
  FolderContent content{.config = &model.config, .companions = model.companions};
  for (const ParameterSlot& slot : model.layout.slots())
    content.tensors.push_back(
        {.name = slot.name, .shape = slot.shape, .data = model.weights.data() + slot.offset});
  return content;
}

void save_model(const Model& model, const fs::path& folder) {
  write_folder(content_of(model), folder);
}

namespace {

// Empties the folder of a killed export. Throws Error if it holds anything else.
void remove_left_files(const fs::path& folder) {
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool written = name == "config.json" || name == "generation_config.json" ||
                         name == "model.safetensors.index.json" ||
                         (name.starts_with("model") && name.ends_with(".safetensors")) ||
                         is_companion(name);
    const bool empty = entry.is_directory() && !entry.is_symlink() && fs::is_empty(entry);
    if (!empty && (!written || !fs::is_regular_file(entry.symlink_status())))
      throw Error(folder.string() + ", the temporary folder of the export, holds " + name +
                      ", which no export writes",
                  "move that folder away");
    left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove(path);
}

// `folder` is the name that the user gave, `target` the same path made absolute.
void check_target(const fs::path& folder, const fs::path& target) {
  const fs::path parent = target.parent_path();
  if (fs::exists(fs::symlink_status(target)))
    throw Error(folder.string() + " exists already",
                "nothing is overwritten: give the name of a new folder");
  if (!fs::is_directory(parent))
    throw Error(
        "no folder " + parent.string() + " to write " + target.filename().string() + " into",
        "make it first");
}

void make_temporary(const fs::path& folder) {
  std::error_code problem;
  fs::create_directory(folder, problem);
  if (problem)
    throw Error(
        "cannot write into " + folder.parent_path().string() + ": " + system_words(problem.value()),
        "check its permissions");
}

}  // namespace

void export_folder(const FolderContent& content, const fs::path& folder) {
  check_companions(content);
  const fs::path target = (fs::absolute(folder) / "").lexically_normal().parent_path();
  check_target(folder, target);
  const fs::path temporary = target.parent_path() / ("." + target.filename().string() + ".partial");
  make_temporary(temporary);
  const FileHandle handle(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  FileLock lock;
  if (const auto holder = lock.take(handle, temporary))
    throw Error(holder->name() + " is writing " + folder.string(), holder->hint("wait for it"));
  remove_left_files(temporary);
  try {
    write_folder(content, temporary);
    sync_folder(temporary);
    fs::rename(temporary, target);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  sync_folder(target.parent_path());
}

std::uint64_t folder_bytes(const FolderContent& content) {
  std::uint64_t bytes = 64 << 10;  // configuration, headers, index
  for (const TensorView& tensor : content.tensors)
    bytes += tensor_bytes(tensor, content.dtype) + 256;
  if (content.companions) {
    for (const auto& [name, text] : content.companions->texts) bytes += text.size();
  }
  return bytes;
}

}  // namespace tinyzero
