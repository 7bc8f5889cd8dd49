#include "core/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"

namespace tinyzero {
namespace {

constexpr std::size_t kMaxFile = 4 << 20;  // bytes
constexpr std::size_t kMaxDepth = 32;

// Turns the parser's events into a tree.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string source) : source_(std::move(source)) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(leaf(Node::Kind::null, mark)); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    Node node = leaf(Node::Kind::scalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";
    if (!node.quoted && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    bool has_key = false;
    Entry pending;
  };

  Origin origin(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }
  Node leaf(Node::Kind kind, const YAML::Mark& mark) const {
    Node node;
    node.kind = kind;
    node.origin = origin(mark);
    return node;
  }
  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    throw Error(origin(mark).text() + ": anchors and aliases are not supported", "write the value out, or use extends: to share settings");
  }

  void open(Node::Kind kind, const YAML::Mark& mark) {
    if (levels_.size() >= kMaxDepth) throw Error(origin(mark).text() + ": nested more than " + std::to_string(kMaxDepth) + " levels deep");
    if (!levels_.empty() && levels_.back().node.kind == Node::Kind::map && !levels_.back().has_key) {
      throw Error(origin(mark).text() + ": a key must be a plain name");
    }
    levels_.push_back({leaf(kind, mark), false, {}});
  }
  void close() {
    Node done = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == Node::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      begin_entry(level, node);
    } else {
      level.pending.value = std::move(node);
      level.node.entries.push_back(std::move(level.pending));
      level.has_key = false;
    }
  }
  static void begin_entry(Level& level, const Node& key) {
    if (key.kind != Node::Kind::scalar || key.scalar.empty()) throw Error(key.origin.text() + ": a key must be a plain name");
    if (const Node* earlier = level.node.find(key.scalar)) {
      throw Error(key.origin.text() + ": \"" + key.scalar + "\" is set twice (first at " + earlier->origin.text() + ")",
                  "keep one of them");
    }
    level.pending = {key.scalar, key.origin, {}};
    level.has_key = true;
  }

  std::string source_;
  std::vector<Level> levels_;
  Node root_;
};

Node load_chain(const fs::path& path, std::vector<fs::path>& seen) {
  const fs::path canonical = fs::weakly_canonical(path);
  if (std::find(seen.begin(), seen.end(), canonical) != seen.end()) {
    throw Error(path.string() + ": extends itself", "remove one of the extends: lines");
  }
  seen.push_back(canonical);
  const std::string text = read_file(path);
  if (text.size() > kMaxFile) throw Error(path.string() + " has " + std::to_string(text.size()) + " bytes; an experiment may have 4 MiB");
  Node node = parse_yaml(text, path.string());
  if (node.kind != Node::Kind::map) throw Error(node.origin.text() + ": expected settings such as \"seed: 1\", found " + node.describe());
  const auto extends = std::find_if(node.entries.begin(), node.entries.end(), [](const Entry& e) { return e.name == "extends"; });
  if (extends == node.entries.end()) return node;
  if (extends->value.kind != Node::Kind::scalar) throw Error(extends->origin.text() + ": extends wants the path of one file");
  Node base = load_chain(path.parent_path() / extends->value.scalar, seen);
  node.entries.erase(extends);
  overlay(base, std::move(node));
  return base;
}

}  // namespace

std::string Origin::text() const { return line > 0 ? source + ":" + std::to_string(line) + ":" + std::to_string(column) : source; }

const Node* Node::find(std::string_view name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view name) { return const_cast<Node*>(std::as_const(*this).find(name)); }

std::string Node::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    default: return "\"" + (scalar.size() > 80 ? scalar.substr(0, 80) + "…" : scalar) + "\"";
  }
}

void overlay(Node& base, Node over) {
  if (base.kind != Node::Kind::map || over.kind != Node::Kind::map) {
    base = std::move(over);
    return;
  }
  for (Entry& entry : over.entries) {
    if (Node* existing = base.find(entry.name)) overlay(*existing, std::move(entry.value));
    else base.entries.push_back(std::move(entry));
  }
}

Node parse_yaml(std::string_view text, const std::string& source) {
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(source);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder extra(source);
    if (parser.HandleNextDocument(extra))
      throw Error(extra.take().origin.text() + ": a second YAML document; only one is read", "remove everything from the --- on");
  } catch (const YAML::Exception& e) {
    throw Error(Origin{source, e.mark.line + 1, e.mark.column + 1}.text() + ": not valid YAML: " + e.msg,
                "check indentation, quotes and brackets");
  }
  return builder.take();
}

Node load_yaml(const fs::path& path) {
  std::vector<fs::path> seen;
  return load_chain(path, seen);
}

void apply_override(Node& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  if (equals == std::string::npos || path.empty()) {
    throw Error("\"" + assignment + "\" is not an override", "write key=value with dotted keys, for example train.steps=100");
  }
  Node value = parse_yaml(assignment.substr(equals + 1), "command line");
  const Origin origin{"command line", 0, 0};
  value.origin = origin;
  for (Node& item : value.items) item.origin = origin;

  Node* node = &root;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    if (node->kind != Node::Kind::map)
      throw Error("override \"" + assignment + "\": " + node->origin.text() + " is not a map but " + node->describe());
    if (name.empty()) throw Error("override \"" + assignment + "\" has an empty name in its key");
    if (node->find(name) == nullptr) {
      Node fresh;
      fresh.origin = origin;
      node->entries.push_back({name, origin, fresh});
    }
    node = node->find(name);
  }
  *node = std::move(value);
}

}  // namespace tinyzero
