#include "core/run/checkpoint_checks.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/base/json.h"
#include "core/model/folder.h"

namespace tinyzero {
namespace {

constexpr std::uintmax_t kMostText = std::uintmax_t{16} << 20;
constexpr const char* kChecksums = "trainer/checksums.json";
constexpr const char* kState = "trainer/state.json";
constexpr const char* kSeal = "xxh3";

std::string text_hash(const std::string& text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

// Sorted names, relative to the checkpoint, of the files that are listed.
std::vector<std::string> files_in(const fs::path& checkpoint) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(checkpoint)) {
    const std::string name = entry.path().lexically_relative(checkpoint).generic_string();
    if (!entry.is_directory() && name != kChecksums && name != kState) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Reads an object that was sealed. Throws Error if it is damaged.
Json read_sealed(const fs::path& path) {
  if (!fs::exists(path)) throw Error(path.string() + " is damaged: it is missing");
  std::optional<Json> found = json_if_valid(read_file(path, kMostText));
  if (!found) throw Error(path.string() + " is damaged: it is not JSON");
  Json& json = *found;
  if (!json.is_object()) throw Error(path.string() + " is damaged: it is not an object");
  const Json seal = json.value(kSeal, Json());
  json.erase(kSeal);
  if (seal != Json(text_hash(json.dump())))
    throw Error(path.string() + " is damaged: it does not agree with its own checksum");
  return std::move(json);
}

// {"NAME": {"bytes", "xxh3"}, …}.
Json read_checksums(const fs::path& path) {
  const Json files = read_sealed(path).value("files", Json());
  if (!files.is_object()) throw Error(path.string() + " is damaged: it lists no files");
  return files;
}

void verify_file(const fs::path& path, const Json& written) {
  const auto damaged = [&](const std::string& what) {
    return Error(path.string() + " is damaged: " + what);
  };
  std::error_code missing;
  const std::uintmax_t bytes = fs::file_size(path, missing);
  const auto before = written.at("bytes").get<std::uintmax_t>();
  if (missing) throw damaged("it is missing");
  if (bytes != before)
    throw damaged(fmt::format("it has {} bytes, and was written with {}", bytes, before));
  const std::string hash = file_hash(path);
  const auto wanted = written.at("xxh3").get<std::string>();
  if (hash != wanted) throw damaged(fmt::format("its checksum is {}, and was {}", hash, wanted));
}

// Whether programs that wrote no checksums yet wrote files of this name.
bool is_usual(const std::string& name) {
  static const std::set<std::string> kNames = {"config.json",         "model.safetensors",
                                               "state.json",          "optimizer.safetensors",
                                               "adapter_config.json", "adapter_model.safetensors"};
  return kNames.count(name) > 0 || is_companion(name);
}

}  // namespace

Json sealed(Json json) {
  json[kSeal] = text_hash(json.dump());
  return json;
}

void write_checksums(const fs::path& checkpoint) {
  Json files = Json::object();
  for (const std::string& name : files_in(checkpoint)) {
    const fs::path path = checkpoint / name;
    files[name] = {{"bytes", fs::file_size(path)}, {"xxh3", file_hash(path)}};
  }
  const Json json = sealed({{"files", std::move(files)}});
  write_file_synced(checkpoint / kChecksums, json.dump(1) + "\n");
}

bool verify_checksums(const fs::path& checkpoint) {
  const fs::path path = checkpoint / kChecksums;
  if (std::error_code unknown; !fs::exists(path, unknown)) return false;
  const Json files = read_checksums(path);
  read_sealed(checkpoint / kState);
  try {
    for (const auto& [name, written] : files.items()) verify_file(checkpoint / name, written);
  } catch (const Json::exception&) {
    throw Error(path.string() + " is damaged: it lacks a size or a checksum");
  }
  return true;
}

bool holds_foreign_files(const fs::path& checkpoint) {
  const fs::path path = checkpoint / kChecksums;
  const Json listed = fs::exists(path) ? read_checksums(path) : Json();
  const std::vector<std::string> files = files_in(checkpoint);
  return std::any_of(files.begin(), files.end(), [&](const std::string& name) {
    return listed.is_null() ? !is_usual(fs::path(name).filename().string())
                            : !listed.contains(name);
  });
}

}  // namespace tinyzero
