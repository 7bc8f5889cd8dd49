#include "core/config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

// An experiment has some hundred values. The limits bound the time and memory that any file can take.
constexpr std::size_t kMaxFile = 1 << 20;  // bytes
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 10000;
constexpr std::size_t kMaxName = 200;     // bytes
constexpr std::size_t kMaxExtended = 16;  // files
constexpr int kCommandLineLayer = 1;

[[noreturn]] void refuse_size(std::uintmax_t size, const Origin& start) {
  throw Error(start.text() + ": " + std::to_string(size) + " bytes; an experiment may have " + std::to_string(kMaxFile),
              "is this the file you mean?");
}

// Length of the UTF-8 sequence at the start of `text`, 0 if there is none: overlong forms, surrogates and what is above U+10FFFF are none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool valid = follows(1) && follows(2) && !(first == 0xE0 && byte(1) < 0xA0) && !(first == 0xED && byte(1) >= 0xA0);
    return valid ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool valid = follows(1) && follows(2) && follows(3) && !(first == 0xF0 && byte(1) < 0x90) && !(first == 0xF4 && byte(1) >= 0x90);
    return valid ? 4 : 0;
  }
  return 0;
}

// The text without a byte order mark, after checking what yaml-cpp would take silently: bytes that are not UTF-8, control characters (the one of
// number 4 ends its input), indentation with tabs.
std::string_view checked_text(std::string_view text, Origin at) {
  if (text.size() > kMaxFile) refuse_size(text.size(), at);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw Error(at.text() + ": the text is UTF-16 or UTF-32; YAML is read as UTF-8", "save it as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      throw Error(at.text() + fmt::format(": byte 0x{:02X} is not UTF-8", c),
                  "save the file as UTF-8; it may be Latin-1 or another encoding");
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      throw Error(at.text() + fmt::format(": control character 0x{:02X}", c), "remove it; a file full of them is not YAML, or is UTF-16");
    }
    if (c == '\t' && indenting) throw Error(at.text() + ": indented with a tab", "YAML is indented with blanks");
    i += length;
    ++at.column;
    if (c != ' ') indenting = false;
    if (c == '\n' || (c == '\r' && !text.substr(i).starts_with('\n'))) {
      ++at.line;
      at.column = 1;
      indenting = true;
    }
  }
  return text;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Whether the quoted scalar that begins at `begin` ends with its quote. yaml-cpp takes one that does not to the end of the text.
bool is_closed(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') ++i;
    else if (text[i] == quote && quote == '\'' && i + 1 < text.size() && text[i + 1] == quote) ++i;
    else if (text[i] == quote) return true;
  }
  return false;
}

// Turns the parser's events into a tree.
class TreeBuilder : public YAML::EventHandler {
 public:
  // Of `text`, whose first line starts at column `first` of its source.
  TreeBuilder(std::string_view text, std::string source, int first) : text_(text), source_(std::move(source)), first_(first) {}

  Node take() { return std::move(root_); }
  // For messages about where yaml-cpp stands; a mark that says nothing is the start.
  Origin origin(const YAML::Mark& mark) const {
    return {source_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + (mark.line <= 0 ? first_ : 1)};
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(leaf(Node::Kind::null, mark)); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    check_tag(mark, tag);
    Node node = leaf(Node::Kind::scalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";
    check_closed(mark);
    if (!node.quoted && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(Node::Kind::list, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(Node::Kind::map, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    bool has_key = false;
    Entry pending;
  };

  Node leaf(Node::Kind kind, const YAML::Mark& mark) {
    if (++values_ > kMaxValues)
      throw Error(origin(mark).text() + ": more than " + std::to_string(kMaxValues) + " values; this is no experiment");
    Node node;
    node.kind = kind;
    node.origin = origin(mark);
    return node;
  }
  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    throw Error(origin(mark).text() + ": anchors and aliases are not supported", "write the value out, or use extends: to share settings");
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Error(origin(mark).text() + ": tags are not supported", "remove it: types follow from the settings");
  }

  void check_closed(const YAML::Mark& mark) const {
    const auto begin = static_cast<std::size_t>(std::max(mark.pos, 0));
    if (begin < text_.size() && (text_[begin] == '"' || text_[begin] == '\'') && !is_closed(text_, begin))
      throw Error(origin(mark).text() + ": a quote that is not closed", std::string("end the text with ") + text_[begin]);
  }

  void open(Node::Kind kind, const YAML::Mark& mark) {
    if (levels_.size() >= kMaxDepth) throw Error(origin(mark).text() + ": nested more than " + std::to_string(kMaxDepth) + " levels deep");
    if (!levels_.empty() && levels_.back().node.kind == Node::Kind::map && !levels_.back().has_key) {
      throw Error(origin(mark).text() + ": a key must be a plain name", "is a bracket not closed?");
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
    if (key.kind != Node::Kind::scalar || !is_plain_name(key.scalar)) throw Error(key.origin.text() + ": a key must be a plain name");
    if (key.scalar == "<<" && !key.quoted)
      throw Error(key.origin.text() + ": merge keys are not supported", "use extends: to share settings");
    if (const Node* earlier = level.node.find(key.scalar)) {
      throw Error(key.origin.text() + ": \"" + key.scalar + "\" is set twice (first at " + earlier->origin.text() + ")",
                  "keep one of them");
    }
    level.pending = {key.scalar, key.origin, {}};
    level.has_key = true;
  }

  std::string_view text_;
  std::string source_;
  int first_;
  std::size_t values_ = 0;
  std::vector<Level> levels_;
  Node root_;
};

// Whether both are sections of plugins, of different ones: what is set for one means nothing to the other.
bool names_another_plugin(const Node& base, const Node& over) {
  const Node *before = base.find("use"), *now = over.find("use");
  return before != nullptr && now != nullptr && before->scalar != now->scalar;
}

Entry* entry_of(Node& map, const std::string& name) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const Entry& e) { return e.name == name; });
  return found != map.entries.end() ? &*found : nullptr;
}

// Calls change(origin) on every origin of a tree.
template <class Change>
void change_origins(Node& node, const Change& change) {
  change(node.origin);
  for (Node& item : node.items) change_origins(item, change);
  for (Entry& entry : node.entries) {
    change(entry.origin);
    change_origins(entry.value, change);
  }
}

// `from` is the place of the extends: that names the file; empty for the first.
Node load_chain(const fs::path& path, const std::string& from, std::vector<fs::path>& seen) {
  std::error_code unknown;
  const fs::path canonical = fs::weakly_canonical(path, unknown);
  if (std::find(seen.begin(), seen.end(), canonical) != seen.end()) {
    throw Error(from + path.string() + " extends itself", "remove one of the extends: lines");
  }
  if (seen.size() == kMaxExtended) throw Error(from + "more than " + std::to_string(kMaxExtended) + " files extend each other");
  seen.push_back(canonical);
  if (!from.empty() && !fs::exists(path, unknown))
    throw Error(from + "no file " + path.string(), "the path is relative to the file that extends it");
  const std::uintmax_t size = fs::file_size(path, unknown);
  if (!unknown && size > kMaxFile) refuse_size(size, {path.string(), 1, 1});
  Node node = parse_yaml(read_file(path), path.string());
  if (node.kind != Node::Kind::map) {
    throw Error(node.origin.text() + ": expected settings such as \"seed: 1\", found " + node.describe());
  }
  const int layer = 1 - static_cast<int>(seen.size());
  change_origins(node, [&](Origin& o) { o.layer = layer; });
  expand_short_forms(node);
  const auto extends = std::find_if(node.entries.begin(), node.entries.end(), [](const Entry& e) { return e.name == "extends"; });
  if (extends == node.entries.end()) return node;
  if (extends->value.kind != Node::Kind::scalar) throw Error(extends->origin.text() + ": extends wants the path of one file");
  Node base = load_chain(path.parent_path() / extends->value.scalar, extends->value.origin.text() + ": ", seen);
  node.entries.erase(extends);
  overlay(base, std::move(node));
  return base;
}

// A text as messages show it: on one line, at most 80 bytes, nothing that moves a terminal's cursor.
std::string shown_text(const std::string& text) {
  std::size_t size = std::min<std::size_t>(text.size(), 80);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;  // whole characters
  std::string out = text.substr(0, size);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out + (size < text.size() ? "…" : "");
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
    default: return "\"" + shown_text(scalar) + "\"";
  }
}

void overlay(Node& base, Node over) {
  if (base.kind != Node::Kind::map || over.kind != Node::Kind::map || names_another_plugin(base, over)) {
    base = std::move(over);
    return;
  }
  base.origin = over.origin;
  for (Entry& entry : over.entries) {
    Entry* existing = entry_of(base, entry.name);
    if (existing == nullptr) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    existing->origin = entry.origin;
    overlay(existing->value, std::move(entry.value));
  }
}

Node parse_yaml(std::string_view text, const std::string& source, int first_column) {
  const std::string_view checked = checked_text(text, {source, 1, first_column});
  std::istringstream stream{std::string(checked)};
  TreeBuilder builder(checked, source, first_column);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder extra(checked, source, first_column);
    if (parser.HandleNextDocument(extra))
      throw Error(extra.take().origin.text() + ": a second YAML document; only one is read", "remove everything from the --- on");
  } catch (const YAML::Exception& e) {
    throw Error(builder.origin(e.mark).text() + ": not valid YAML: " + e.msg, "check indentation, quotes and brackets");
  }
  Node root = builder.take();
  if (root.origin.line == 0) root.origin = {source, 1, first_column};  // there is nothing
  return root;
}

void expand_short_forms(Node& root) {
  for (Entry& entry : root.entries) {
    Node& section = entry.value;
    if ((entry.name != "task" && entry.name != "algorithm") || section.kind != Node::Kind::scalar) continue;
    Node map;
    map.kind = Node::Kind::map;
    map.origin = section.origin;
    map.entries.push_back({"use", section.origin, section});
    section = std::move(map);
  }
}

Node load_yaml(const fs::path& path) {
  std::vector<fs::path> seen;
  return load_chain(path, "", seen);
}

std::string flow_text(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar:  // plain text that ends a flow value is quoted; numbers have none of it
      return node.quoted || node.scalar.find_first_of(",[]{}:#\"'\n") != std::string::npos ? json_line(node.scalar) : node.scalar;
    case Node::Kind::list:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + flow_text(item);
      return "[" + out + "]";
    default:
      for (const Entry& entry : node.entries) out += (out.empty() ? "" : ", ") + entry.name + ": " + flow_text(entry.value);
      return "{" + out + "}";
  }
}

void apply_override(Node& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  if (equals == std::string::npos || path.empty() || path.ends_with('.')) {
    throw Error("\"" + shown_text(assignment) + "\" is not an override", "write key=value with dotted keys, for example train.steps=100");
  }
  if (path == "extends")
    throw Error("\"" + shown_text(assignment) + "\" is not an override: extends belongs into a file",
                "write a file that extends both, or give its settings");
  Node value = parse_yaml(assignment.substr(equals + 1), "command line, \"" + shown_text(assignment) + "\"", static_cast<int>(equals) + 2);
  const Origin origin{"command line", 0, 0, kCommandLineLayer};
  change_origins(value, [&](Origin& o) { o = origin; });

  Node* node = &root;
  Entry* entry = nullptr;
  std::size_t depth = 0;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    if (node->kind != Node::Kind::map)
      throw Error("override \"" + shown_text(assignment) + "\": " + node->origin.text() + " is not a map but " + node->describe());
    if (!is_plain_name(name))
      throw Error("override \"" + shown_text(assignment) + "\" has no plain name in its key", "write key=value with dotted keys");
    if (++depth > kMaxDepth)
      throw Error("override \"" + shown_text(assignment) + "\" is more than " + std::to_string(kMaxDepth) + " levels deep");
    entry = entry_of(*node, name);
    if (entry == nullptr) {
      Node fresh;
      fresh.origin = origin;
      node->entries.push_back({name, origin, fresh});
      entry = &node->entries.back();
    }
    node = &entry->value;
  }
  entry->origin = origin;
  *node = std::move(value);
}

}  // namespace tinyzero
