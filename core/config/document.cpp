#include "core/config/document.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/file.h"
#include "core/config/yaml.h"

namespace tinyzero {
namespace {

constexpr std::size_t kMaxFiles = 16;  // that extend each other

// NAME becomes {use: NAME}.
void expand_name(Node& section) {
  if (section.kind != Node::Kind::scalar) return;
  Node map = Node::make_map(section.origin);
  map.entries.push_back({.name = "use", .origin = section.origin, .value = section});
  section = std::move(map);
}

// Follows a chain of extends: from the first file to the last.
class ChainLoader {
 public:
  // `named` is the value of the extends: that names the file; null for the first file.
  Node load(const fs::path& path, const Node* named) {
    visit(path, named);
    Node node = parse_yaml(read(path, named), path.string());
    if (node.kind != Node::Kind::map) refuse_other(node);
    const int layer = 1 - static_cast<int>(seen_.size());
    change_origins(node, [&](Origin& origin) { origin.layer = layer; });
    expand_short_forms(node);
    const Entry* extends = node.find_entry("extends");
    if (extends == nullptr) return node;
    if (extends->value.kind != Node::Kind::scalar || extends->value.scalar.empty())
      throw Error(extends->origin,
                  "extends is " + extends->value.describe() + ", expected the path of one file");
    Node base = load(path.parent_path() / extends->value.scalar, &extends->value);
    std::erase_if(node.entries, [](const Entry& entry) { return entry.name == "extends"; });
    overlay(base, std::move(node));
    return base;
  }

 private:
  // Throws Error for a circle, a chain that is too long, and an extended file that does not exist.
  void visit(const fs::path& path, const Node* named) {
    const std::string from = named != nullptr ? named->origin.text() + ": " : "";
    std::error_code unknown;
    const fs::path canonical = fs::weakly_canonical(path, unknown);
    if (std::find(seen_.begin(), seen_.end(), canonical) != seen_.end())
      throw Error(from + path.string() + " extends itself", "remove one of the extends: lines");
    if (seen_.size() == kMaxFiles)
      throw Error(from + "more than " + std::to_string(kMaxFiles) + " files extend each other");
    seen_.push_back(canonical);
    if (named != nullptr && !fs::exists(path, unknown))
      throw Error(named->origin, "no file " + path.string(), missing_path_hint(*named));
  }

  static std::string read(const fs::path& path, const Node* named) {
    std::error_code unknown;
    const std::uintmax_t size = fs::file_size(path, unknown);
    if (!unknown) check_yaml_size(size, {path.string(), 1, 1});
    try {
      return read_file(path);
    } catch (const Error& e) {
      if (named == nullptr) throw;
      throw Error(named->origin, e.what(), e.hint());
    }
  }

  [[noreturn]] static void refuse_other(const Node& node) {
    throw Error(node.origin, "expected settings such as \"seed: 1\", found " + node.describe(),
                node.kind == Node::Kind::scalar ? colon_hint_near(node.scalar, 1) : "");
  }

  std::vector<fs::path> seen_;
};

}  // namespace

void expand_short_forms(Node& root) {
  for (Entry& entry : root.entries) {
    const bool is_task = entry.name == "task" || entry.name == "demonstrations";
    if (!is_task && entry.name != "algorithm") continue;
    expand_name(entry.value);
    Node* tasks = is_task ? entry.value.find("tasks") : nullptr;
    if (tasks == nullptr) continue;
    for (Entry& task : tasks->entries) expand_name(task.value);
  }
}

Node load_yaml(const fs::path& path) { return ChainLoader().load(path, nullptr); }

}  // namespace tinyzero
