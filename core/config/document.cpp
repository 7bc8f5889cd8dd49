#include "core/config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// An experiment has some hundred values. The limits bound the time and memory that any file can
// take.
constexpr std::size_t kMaxFile = 1 << 20;  // bytes
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 10000;
constexpr std::size_t kMaxName = 200;     // bytes
constexpr std::size_t kMaxExtended = 16;  // files
constexpr int kCommandLineLayer = 1;

[[noreturn]] void refuse_size(std::uintmax_t size, const Origin& start) {
  throw Error(start.text() + ": " + std::to_string(size) + " bytes; an experiment may have " +
                  std::to_string(kMaxFile),
              "is this the file you mean?");
}

// Length of the UTF-8 sequence at the start of `text`, 0 if there is none: overlong forms,
// surrogates and what is above U+10FFFF are none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool valid = follows(1) && follows(2) && !(first == 0xE0 && byte(1) < 0xA0) &&
                       !(first == 0xED && byte(1) >= 0xA0);
    return valid ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool valid = follows(1) && follows(2) && follows(3) &&
                       !(first == 0xF0 && byte(1) < 0x90) && !(first == 0xF4 && byte(1) >= 0x90);
    return valid ? 4 : 0;
  }
  return 0;
}

// The text without a byte order mark, after checking what yaml-cpp would take silently: bytes that
// are not UTF-8, control characters (the one of number 4 ends its input), indentation with tabs.
std::string_view checked_text(std::string_view text, Origin at) {
  if (text.size() > kMaxFile) refuse_size(text.size(), at);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw Error(at.text() + ": the text is UTF-16 or UTF-32; YAML is read as UTF-8",
                "save it as UTF-8");
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
      throw Error(at.text() + fmt::format(": control character 0x{:02X}", c),
                  "remove it; a file full of them is not YAML, or is UTF-16");
    }
    if (c == '\t' && indenting)
      throw Error(at.text() + ": indented with a tab", "YAML is indented with blanks");
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
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Whether the quoted scalar that begins at `begin` ends with its quote. yaml-cpp takes one that
// does not to the end of the text.
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
  TreeBuilder(std::string_view text, std::string source, int first)
      : text_(text), source_(std::move(source)), first_(first) {}

  Node take() { return std::move(root_); }
  // For messages about where yaml-cpp stands; a mark that says nothing is the start.
  Origin origin(const YAML::Mark& mark) const {
    return {source_, std::max(mark.line, 0) + 1,
            std::max(mark.column, 0) + (mark.line <= 0 ? first_ : 1)};
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(leaf(Node::Kind::null, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node = leaf(Node::Kind::scalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";
    check_closed(mark);
    if (!node.quoted && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(Node::Kind::list, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
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
      throw Error(origin(mark).text() + ": more than " + std::to_string(kMaxValues) +
                  " values; this is no experiment");
    Node node;
    node.kind = kind;
    node.origin = origin(mark);
    return node;
  }
  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    throw Error(origin(mark).text() + ": anchors and aliases are not supported",
                "write the value out, or use extends: to share settings");
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Error(origin(mark).text() + ": tags are not supported",
                "remove it: types follow from the settings");
  }

  void check_closed(const YAML::Mark& mark) const {
    const std::size_t begin = std::max(mark.pos, 0);
    if (begin < text_.size() && (text_[begin] == '"' || text_[begin] == '\'') &&
        !is_closed(text_, begin))
      throw Error(origin(mark).text() + ": a quote that is not closed",
                  std::string("end the text with ") + text_[begin]);
  }

  void open(Node::Kind kind, const YAML::Mark& mark) {
    if (levels_.size() >= kMaxDepth)
      throw Error(origin(mark).text() + ": nested more than " + std::to_string(kMaxDepth) +
                  " levels deep");
    if (!levels_.empty() && levels_.back().node.kind == Node::Kind::map &&
        !levels_.back().has_key) {
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
    if (key.kind != Node::Kind::scalar || !is_plain_name(key.scalar))
      throw Error(key.origin.text() + ": a key must be a plain name");
    if (key.scalar == "<<" && !key.quoted)
      throw Error(key.origin.text() + ": merge keys are not supported",
                  "use extends: to share settings");
    if (const Node* earlier = level.node.find(key.scalar)) {
      throw Error(key.origin.text() + ": \"" + key.scalar + "\" is set twice (first at " +
                      earlier->origin.text() + ")",
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

// Whether both are sections of plugins, of different ones: what is set for one means nothing to the
// other.
bool names_another_plugin(const Node& base, const Node& over) {
  const Node *before = base.find("use"), *now = over.find("use");
  return before != nullptr && now != nullptr && before->scalar != now->scalar;
}

Entry* entry_of(Node& map, const std::string& name) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const Entry& e) { return e.name == name; });
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

// What yaml-cpp finds wrong, in words of a person who writes an experiment.
std::string yaml_words(const std::string& message) {
  static const std::pair<const char*, const char*> kWords[] = {
      {"end of map not found", "a line that is indented otherwise than those before it"},
      {"end of map flow not found", "a { that is not closed by a }"},
      {"end of sequence not found", "a list whose next entry does not begin with -"},
      {"end of sequence flow not found", "a [ that is not closed by a ]"},
      {"illegal flow end", "a ] or } that nothing opens"},
      {"illegal block entry", "a - where no list can begin"},
      {"illegal map key", "a key where none can stand"},
      {"illegal map value", "a colon where no value can stand"},
      {"illegal EOF in scalar", "a text that does not end"},
      {"illegal document indicator in scalar", "a --- inside of a text"},
      {"illegal character in scalar", "a character that no text can begin with"},
      {"unknown token", "a character that means nothing there"},
      {"unexpected character in block scalar", "a character after | or > that means nothing there"},
      {"unknown escape character: ",
       "a \\ in double quotes before a character that it does not go with"},
      {"bad character found while scanning hex number",
       "a \\x, \\u or \\U without its hexadecimal digits"}};
  for (const auto& [theirs, ours] : kWords) {
    if (message.starts_with(theirs)) return ours;
  }
  return message;
}

// The first line, from the one before `line` on, that has a key without a blank behind its colon
// ("steps:20"); empty: none.
std::string line_without_blank(std::string_view text, int line) {
  int number = 1;
  for (std::size_t at = 0; at < text.size() && number <= line + 1; ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view words = text.substr(at, end - at);
    at = end + 1;
    const std::size_t first = words.find_first_not_of(" -"), colon = words.find(':');
    if (number + 1 < line || first == std::string_view::npos || colon == std::string_view::npos ||
        colon < first)
      continue;
    const std::string_view name = words.substr(first, colon - first);
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return is_ascii_alphanumeric(c) || c == '_';
    });
    if (plain && colon + 1 < words.size() && words[colon + 1] != ' ' && words[colon + 1] != '\r' &&
        words[colon + 1] != '/')
      return std::string(name) + ": " + std::string(words.substr(colon + 1));
  }
  return "";
}

[[noreturn]] void refuse_yaml(const YAML::Exception& e, const Origin& origin,
                              std::string_view text) {
  const std::string line = line_without_blank(text, origin.line);
  throw Error(origin, "not valid YAML: " + yaml_words(e.msg),
              line.empty() ? "check indentation, quotes and brackets"
                           : "a colon wants a blank after it: " + shown_text(line));
}

// `named` is the value of the extends: that names the file; null for the first.
Node load_chain(const fs::path& path, const Node* named, std::vector<fs::path>& seen) {
  const std::string from = named != nullptr ? named->origin.text() + ": " : "";
  std::error_code unknown;
  const fs::path canonical = fs::weakly_canonical(path, unknown);
  if (std::find(seen.begin(), seen.end(), canonical) != seen.end()) {
    throw Error(from + path.string() + " extends itself", "remove one of the extends: lines");
  }
  if (seen.size() == kMaxExtended)
    throw Error(from + "more than " + std::to_string(kMaxExtended) + " files extend each other");
  seen.push_back(canonical);
  if (named != nullptr && !fs::exists(path, unknown))
    throw Error(named->origin, "no file " + path.string(), missing_path_hint(*named));
  const std::uintmax_t size = fs::file_size(path, unknown);
  if (!unknown && size > kMaxFile) refuse_size(size, {path.string(), 1, 1});
  std::string text;
  try {
    text = read_file(path);
  } catch (const Error& e) {
    if (named == nullptr) throw;
    throw Error(named->origin, e.what(), e.hint());
  }
  Node node = parse_yaml(text, path.string());
  if (node.kind != Node::Kind::map) {
    const std::string line =
        node.kind == Node::Kind::scalar ? line_without_blank(node.scalar, 1) : "";
    throw Error(node.origin, "expected settings such as \"seed: 1\", found " + node.describe(),
                line.empty() ? "" : "a colon wants a blank after it: " + shown_text(line));
  }
  const int layer = 1 - static_cast<int>(seen.size());
  change_origins(node, [&](Origin& o) { o.layer = layer; });
  expand_short_forms(node);
  const auto extends = std::find_if(node.entries.begin(), node.entries.end(),
                                    [](const Entry& e) { return e.name == "extends"; });
  if (extends == node.entries.end()) return node;
  if (extends->value.kind != Node::Kind::scalar || extends->value.scalar.empty())
    throw Error(extends->origin,
                "extends is " + extends->value.describe() + ", expected the path of one file");
  Node base = load_chain(path.parent_path() / extends->value.scalar, &extends->value, seen);
  node.entries.erase(extends);
  overlay(base, std::move(node));
  return base;
}

// Whether a value says nothing: `train:` with all its settings commented out, ~, null, {}.
bool is_empty_value(const Node& value) {
  return value.kind == Node::Kind::null || (value.kind == Node::Kind::map && value.entries.empty());
}

// What to write in place of a word that is no override.
std::string override_hint(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (word.ends_with(".yaml") || word.ends_with(".yml"))
    return "one experiment file at a time; a file that extends another lies on top of it";
  if (word.find('=') == std::string::npos && colon != std::string::npos && colon > 0 &&
      colon + 1 < word.size())
    return "write it with =: " + shown_text(word.substr(0, colon) + "=" + word.substr(colon + 1));
  return "write key=value with dotted keys, for example train.steps=100";
}

// An override without a value. `there` is what it would replace, null if nothing.
[[noreturn]] void refuse_empty(const std::string& assignment, const std::string& path,
                               const Node* there) {
  const bool section =
      there != nullptr && there->kind == Node::Kind::map && !there->entries.empty();
  std::string names;
  if (section) {
    for (const Entry& entry : there->entries) names += (names.empty() ? "" : ", ") + entry.name;
  }
  const std::string what = "\"" + shown_text(assignment) + "\" has no value" +
                           (section ? ", and would take away " + names : "");
  const std::string key = section ? path + "." + there->entries.front().name : path;
  throw Error({"command line", 0, 0}, what,
              "to go back to a default, write it: " + key +
                  "=DEFAULT (`tinyzero config schema --markdown` lists them); " +
                  "an empty text is '\"\"'");
}

}  // namespace

std::string shown_text(const std::string& text) {
  std::size_t size = std::min<std::size_t>(text.size(), 80);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
    --size;  // whole characters
  std::string out = text.substr(0, size);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out + (size < text.size() ? "…" : "");
}

const Node* Node::find(std::string_view name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view name) {
  return const_cast<Node*>(std::as_const(*this).find(name));
}

std::string Node::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    default: return quoted ? "\"" + shown_text(scalar) + "\"" : shown_text(scalar);
  }
}

void overlay(Node& base, Node over) {
  if (base.kind == Node::Kind::map && over.kind == Node::Kind::null) return;
  if (base.kind != Node::Kind::map || over.kind != Node::Kind::map ||
      names_another_plugin(base, over)) {
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
      throw Error(extra.take().origin.text() + ": a second YAML document; only one is read",
                  "remove everything from the --- on");
  } catch (const YAML::Exception& e) {
    refuse_yaml(e, builder.origin(e.mark), checked);
  }
  Node root = builder.take();
  if (root.origin.line == 0) root.origin = {source, 1, first_column};  // there is nothing
  return root;
}

namespace {

// NAME becomes {use: NAME}.
void expand_name(Node& section) {
  if (section.kind != Node::Kind::scalar) return;
  Node map;
  map.kind = Node::Kind::map;
  map.origin = section.origin;
  map.entries.push_back({"use", section.origin, section});
  section = std::move(map);
}

}  // namespace

void expand_short_forms(Node& root) {
  for (Entry& entry : root.entries) {
    if (entry.name != "task" && entry.name != "algorithm") continue;
    expand_name(entry.value);
    Node* tasks = entry.name == "task" ? entry.value.find("tasks") : nullptr;
    if (tasks == nullptr) continue;
    for (Entry& task : tasks->entries) expand_name(task.value);
  }
}

std::string whole_path(const Node& scalar) {
  if (scalar.scalar.empty()) return "";
  const fs::path folder =
      scalar.origin.line > 0 ? fs::path(scalar.origin.source).parent_path() : fs::path();
  const fs::path whole = fs::absolute(folder / scalar.scalar), plain = whole.lexically_normal();
  std::error_code unknown;  // ".." after a link goes where the link leads
  const bool same = fs::weakly_canonical(whole, unknown) == fs::weakly_canonical(plain, unknown);
  return (same ? plain : whole).string();
}

Node load_yaml(const fs::path& path) {
  std::vector<fs::path> seen;
  return load_chain(path, nullptr, seen);
}

std::string missing_path_hint(const Node& scalar) {
  const std::string& name = scalar.scalar;
  if (name == "~" || name.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    return "~ is not expanded here: write " +
           (home != nullptr ? home + name.substr(1) : std::string("the whole path"));
  }
  if (scalar.origin.line == 0)
    return "the path is relative to the current folder, " + fs::current_path().string();
  std::error_code unknown;
  const fs::path folder = fs::absolute(fs::path(scalar.origin.source)).parent_path();
  if (fs::path(name).is_relative() && fs::exists(name, unknown))
    return "the path is relative to the file that says it; from there it is " +
           fs::relative(name, folder, unknown).string();
  return "the path is relative to the file that says it";
}

std::string flow_text(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar:  // plain text that ends a flow value is quoted; numbers have none of
                              // it
      return node.quoted || node.scalar.find_first_of(",[]{}:#\"'\n") != std::string::npos
                 ? json_line(node.scalar)
                 : node.scalar;
    case Node::Kind::list:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + flow_text(item);
      return "[" + out + "]";
    default:
      for (const Entry& entry : node.entries)
        out += (out.empty() ? "" : ", ") + entry.name + ": " + flow_text(entry.value);
      return "{" + out + "}";
  }
}

void apply_override(Node& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  if (equals == std::string::npos || path.empty() || path.ends_with('.')) {
    throw Error("\"" + shown_text(assignment) + "\" is not an override", override_hint(assignment));
  }
  if (path.starts_with('+') || path.starts_with('~'))
    throw Error("\"" + shown_text(assignment) + "\" is not an override",
                "write the key alone, without " + path.substr(0, path.find_first_not_of("+~")));
  if (path == "extends")
    throw Error(
        "\"" + shown_text(assignment) + "\" is not an override: extends belongs into a file",
        "write a file that extends both, or give its settings");
  Node value =
      parse_yaml(assignment.substr(equals + 1), "command line, \"" + shown_text(assignment) + "\"",
                 static_cast<int>(equals) + 2);
  const Origin origin{"command line", 0, 0, kCommandLineLayer};
  change_origins(value, [&](Origin& o) { o = origin; });

  Node* node = &root;
  Entry* entry = nullptr;
  std::size_t depth = 0;
  bool is_new = false;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    if (node->kind != Node::Kind::map)
      throw Error("override \"" + shown_text(assignment) + "\": " + node->origin.text() +
                  " is not a map but " + node->describe());
    if (!is_plain_name(name))
      throw Error("override \"" + shown_text(assignment) + "\" has no plain name in its key",
                  "write key=value with dotted keys");
    if (++depth > kMaxDepth)
      throw Error("override \"" + shown_text(assignment) + "\" is more than " +
                  std::to_string(kMaxDepth) + " levels deep");
    entry = entry_of(*node, name);
    is_new = entry == nullptr;
    if (entry == nullptr) {
      Node fresh;
      fresh.origin = origin;
      node->entries.push_back({name, origin, fresh});
      entry = &node->entries.back();
    }
    node = &entry->value;
  }
  const bool adds_section =
      is_new && depth > 1 && value.kind == Node::Kind::map;  // an arm, or a task of a mixture
  if (is_empty_value(value) && !adds_section)
    refuse_empty(assignment, path, is_new ? nullptr : node);
  entry->origin = origin;
  *node = std::move(value);
}

}  // namespace tinyzero
