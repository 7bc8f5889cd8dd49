// Writing Hugging Face folders.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <system_error>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/model/folder.h"

namespace tinyzero {
namespace {

std::uint64_t tensor_bytes(const TensorView& tensor, Dtype dtype) {
  return static_cast<std::uint64_t>(tensor.elements()) * bytes_of(dtype);
}

// The tensors of each file, in their order: a file is full when the next one would make it larger than wanted. A tensor is never cut.
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

void write_weights(const FolderContent& content, const fs::path& folder) {
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  const auto shards = shards_of(content);
  if (shards.size() == 1) {
    write_safetensors(folder / "model.safetensors", shards[0], metadata, content.dtype);
    return;
  }
  Json map = Json::object();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("model-{:05d}-of-{:05d}.safetensors", i + 1, shards.size());
    write_safetensors(folder / name, shards[i], metadata, content.dtype);
    for (const TensorView& tensor : shards[i]) {
      map[tensor.name] = name;
      total += tensor_bytes(tensor, content.dtype);
    }
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  write_file_synced(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

}  // namespace

void write_folder(const FolderContent& content, const fs::path& folder) {
  write_weights(content, folder);
  write_file_synced(folder / "config.json", content.config->to_json(content.dtype).dump(2) + "\n");
  if (content.companions) {
    for (const auto& [name, text] : *content.companions) write_file_synced(folder / name, text);
  } else {
    Json generation = {{"do_sample", true}, {"temperature", 1.0}};
    if (!content.config->eos.empty()) generation["eos_token_id"] = content.config->eos;
    write_file_synced(folder / "generation_config.json", generation.dump(2) + "\n");
  }
}

FolderContent content_of(const Model& model) {
  FolderContent content{&model.config, {}, model.companions};
  for (const ParameterSlot& slot : model.layout.slots())
    content.tensors.push_back({slot.name, slot.shape, model.weights.data() + slot.offset});
  return content;
}

void save_model(const Model& model, const fs::path& folder) { write_folder(content_of(model), folder); }

void export_folder(const FolderContent& content, const fs::path& folder) {
  const fs::path target = (fs::absolute(folder) / "").lexically_normal().parent_path(), parent = target.parent_path();
  if (fs::exists(fs::symlink_status(target)))
    throw Error(folder.string() + " exists already", "nothing is overwritten: give the name of a new folder");
  if (!fs::is_directory(parent))
    throw Error("no folder " + parent.string() + " to write " + target.filename().string() + " into", "make it first");
  const fs::path temporary = parent / ("." + target.filename().string() + ".partial");
  std::error_code problem;
  fs::create_directory(temporary, problem);
  if (problem) throw Error("cannot write into " + parent.string() + ": " + system_words(problem.value()), "check its permissions");
  const FileHandle lock(temporary, O_RDONLY | O_DIRECTORY);
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) throw Error("another export writes " + folder.string() + " at this moment");
  try {
    for (const auto& left : fs::directory_iterator(temporary)) fs::remove_all(left.path());  // by an export that was killed
    write_folder(content, temporary);
    sync_folder(temporary);
    fs::rename(temporary, target);
  } catch (...) {
    fs::remove_all(temporary, problem);
    throw;
  }
  sync_folder(parent);
}

std::uint64_t folder_bytes(const FolderContent& content) {
  std::uint64_t bytes = 64 << 10;  // configuration, headers, index
  for (const TensorView& tensor : content.tensors) bytes += tensor_bytes(tensor, content.dtype) + 256;
  if (content.companions) {
    for (const auto& [name, text] : *content.companions) bytes += text.size();
  }
  return bytes;
}

}  // namespace tinyzero
