#include "core/config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;  // bytes
constexpr std::size_t kMaxValues = 10000;
constexpr std::size_t kMaxName = 200;  // bytes

std::string_view without_byte_order_mark(std::string_view text, const Origin& start) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw Error(start.text() + ": the text is UTF-16 or UTF-32; YAML is read as UTF-8",
                "save it as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

// Throws Error for a control character other than tabs and line ends.
void check_control(unsigned char c, const Origin& at) {
  if ((c >= 0x20 && c != 0x7F) || c == '\t' || c == '\n' || c == '\r') return;
  throw Error(at.text() + fmt::format(": control character 0x{:02X}", c),
              "remove it; a file full of them is not YAML, or is UTF-16");
}

// The text without a byte order mark. Throws Error for what yaml-cpp would accept silently: bytes
// that are not UTF-8, control characters (0x04 ends its input), tabs used as indentation.
std::string_view checked_text(std::string_view text, Origin at) {
  check_yaml_size(text.size(), at);
  text = without_byte_order_mark(text, at);
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const Utf8Part character = utf8_part(text, i);
    if (!character.valid)
      throw Error(at.text() + fmt::format(": byte 0x{:02X} is not UTF-8", c),
                  "save the file as UTF-8; it may be Latin-1 or another encoding");
    check_control(c, at);
    if (c == '\t' && indenting)
      throw Error(at.text() + ": indented with a tab", "YAML is indented with spaces");
    i += character.size;
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

// Whether the quoted scalar that begins at `begin` ends with its quote. Where the closing quote is
// missing, yaml-cpp silently reads to the end of the text.
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
  // The first line of `text` starts at column `first` of its source.
  TreeBuilder(std::string_view text, std::string source, int first)
      : text_(text), source_(std::move(source)), first_(first) {}

  Node take() { return std::move(root_); }
  // The position of yaml-cpp for messages; a mark without a position means the start.
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
    Entry pending = {};
  };

  Node leaf(Node::Kind kind, const YAML::Mark& mark) {
    if (++values_ > kMaxValues)
      throw Error(origin(mark).text() + ": more than " + std::to_string(kMaxValues) +
                  " values, too many for an experiment");
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
    if (levels_.size() >= kMaxYamlDepth)
      throw Error(origin(mark).text() + ": nested more than " + std::to_string(kMaxYamlDepth) +
                  " levels deep");
    if (!levels_.empty() && levels_.back().node.kind == Node::Kind::map && !levels_.back().has_key)
      throw Error(origin(mark).text() + ": a key must be a plain name", "is a bracket not closed?");
    levels_.push_back({.node = leaf(kind, mark)});
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
    if (const Node* earlier = level.node.find(key.scalar))
      throw Error(key.origin.text() + ": \"" + key.scalar + "\" is set twice (first at " +
                      earlier->origin.text() + ")",
                  "keep one of them");
    level.pending = {.name = key.scalar, .origin = key.origin, .value = {}};
    level.has_key = true;
  }

  std::string_view text_;
  std::string source_;
  int first_;
  std::size_t values_ = 0;
  std::vector<Level> levels_;
  Node root_;
};

// What yaml-cpp reports, and the same for a person who writes an experiment.
constexpr std::pair<std::string_view, const char*> kFaults[] = {
    {"end of map not found", "a line whose indentation differs from the lines before it"},
    {"end of map flow not found", "a { without its }"},
    {"end of sequence not found", "a list whose next entry does not begin with -"},
    {"end of sequence flow not found", "a [ without its ]"},
    {"illegal flow end", "a ] or } without an opening bracket"},
    {"illegal block entry", "a - where no list can begin"},
    {"illegal map key", "a key where none is allowed"},
    {"illegal map value", "a colon where no value is allowed"},
    {"illegal EOF in scalar", "a text that does not end"},
    {"illegal document indicator in scalar", "a --- inside a text"},
    {"illegal character in scalar", "a character that no text can begin with"},
    {"unknown token", "a character without a meaning here"},
    {"unexpected character in block scalar", "a character without a meaning after | or >"},
    {"unknown escape character: ",
     "a \\ in double quotes before a character that cannot be escaped"},
    {"bad character found while scanning hex number",
     "a \\x, \\u or \\U without its hexadecimal digits"}};

std::string fault_text(const std::string& message) {
  for (const auto& [theirs, ours] : kFaults) {
    if (message.starts_with(theirs)) return ours;
  }
  return message;
}

[[noreturn]] void refuse_yaml(const YAML::Exception& e, const Origin& origin,
                              std::string_view text) {
  const std::string hint = colon_hint_near(text, origin.line);
  throw Error(origin, "not valid YAML: " + fault_text(e.msg),
              hint.empty() ? "check indentation, quotes and brackets" : hint);
}

bool is_key_character(char c) { return is_ascii_alphanumeric(c) || c == '_'; }

// "steps: 20" for a line "  - steps:20"; empty for others, such as "path: a" or "http://a".
std::string line_with_space(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" -");
  const std::size_t colon = line.find(':');
  if (first == std::string_view::npos || colon == std::string_view::npos || colon < first)
    return "";
  const std::string_view name = line.substr(first, colon - first);
  const std::string_view value = line.substr(colon + 1);
  const bool is_key = !name.empty() && std::all_of(name.begin(), name.end(), is_key_character);
  if (!is_key || value.empty() || std::string_view(" \r/").find(value[0]) != std::string_view::npos)
    return "";
  return std::string(name) + ": " + std::string(value);
}

std::string space_hint(const std::string& line) {
  return line.empty() ? "" : "put a space after the colon: " + shown_text(line);
}

}  // namespace

void check_yaml_size(std::uintmax_t bytes, const Place& start) {
  if (bytes <= kMaxFile) return;
  throw Error(start.text() + ": " + std::to_string(bytes) + " bytes; an experiment may have " +
                  std::to_string(kMaxFile),
              "is this the file you mean?");
}

bool is_plain_name(const std::string& name) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  return !name.empty() && name.size() <= kMaxName &&
         std::none_of(name.begin(), name.end(), is_control);
}

std::string colon_hint(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == word.size() ||
      word.find('/') < colon)
    return "";
  return space_hint(word.substr(0, colon) + ": " + word.substr(colon + 1));
}

std::string colon_hint_near(std::string_view text, int line) {
  int number = 1;
  for (std::size_t at = 0; at < text.size() && number <= line + 1; ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (number + 1 >= line) {
      const std::string hint = space_hint(line_with_space(text.substr(at, end - at)));
      if (!hint.empty()) return hint;
    }
    at = end + 1;
  }
  return "";
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
  if (root.origin.line == 0) root.origin = {source, 1, first_column};  // the text is empty
  return root;
}

}  // namespace tinyzero
