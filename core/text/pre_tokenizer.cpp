#include "core/text/pre_tokenizer.h"

#include <algorithm>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// GPT-2's, which ByteLevel splits by unless it is told not to.
constexpr const char* kByteLevelExpression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr std::size_t kMostSteps = 16, kLongestMark = 16;

// Chunks of a text, put together as a behaviour says, and handed on without the empty ones.
class Chunks {
 public:
  explicit Chunks(const Pattern::Part& piece) : piece_(piece) {}

  // A chunk that may grow to the right, in place of the one that could until now.
  void begin(std::size_t start, std::size_t end) {
    flush();
    start_ = start;
    end_ = end;
    open_ = true;
  }
  bool grow(std::size_t end) {
    if (open_) end_ = end;
    return open_;
  }
  void flush() {
    if (open_ && end_ > start_) piece_(start_, end_, true);
    open_ = false;
  }

 private:
  const Pattern::Part& piece_;
  std::size_t start_ = 0, end_ = 0;
  bool open_ = false;
};

}  // namespace

PreTokenizer::PreTokenizer(const TokenizerJson& json, const std::string& where) {
  add(json, where + ": pre_tokenizer", 0);
}

void PreTokenizer::add(const TokenizerJson& json, const std::string& where, int depth) {
  const std::string type = type_of(json, where);
  if (type.empty()) return;
  if (byte_level_) unsupported(where, "\"" + type + "\" after \"ByteLevel\"");
  if (steps_.size() == kMostSteps)
    unsupported(where, "a sequence of more than " + std::to_string(kMostSteps));
  if (type == "Sequence" && depth < 2 && member(json, "pretokenizers").is_array()) {
    for (const TokenizerJson& part : json["pretokenizers"]) add(part, where, depth + 1);
  } else if (type == "ByteLevel") {
    add_byte_level(json, where);
  } else if (type == "Split") {
    static const std::vector<std::pair<std::string, Behaviour>> kBehaviours = {
        {"Isolated", Behaviour::isolated},
        {"Removed", Behaviour::removed},
        {"Contiguous", Behaviour::contiguous},
        {"MergedWithPrevious", Behaviour::merged_with_previous},
        {"MergedWithNext", Behaviour::merged_with_next}};
    Step step{Kind::split,
              Pattern::from_json(member(json, "pattern"), where),
              {},
              flag_of(json, "invert", false, where)};
    const std::string name = text_of(json, "behavior", "", where);
    bool known = false;
    for (const auto& [text, behaviour] : kBehaviours) {
      if (text != name) continue;
      step.behaviour = behaviour;
      known = true;
    }
    if (!known) unsupported(where, "Split with the behavior \"" + name + "\"");
    steps_.push_back(std::move(step));
  } else if (type == "Digits") {
    const bool single = flag_of(json, "individual_digits", false, where);
    steps_.push_back({Kind::split, Pattern::regex("\\p{N}", where),
                      single ? Behaviour::isolated : Behaviour::contiguous});
  } else if (type == "Metaspace") {
    add_metaspace(json, where);
  } else {
    unsupported(where, "\"" + type + "\"");
  }
}

void PreTokenizer::add_byte_level(const TokenizerJson& json, const std::string& where) {
  if (flag_of(json, "add_prefix_space", true, where))
    steps_.push_back({Kind::prefix, {}, {}, false, " "});
  if (flag_of(json, "use_regex", true, where))
    steps_.push_back({Kind::split, Pattern::regex(kByteLevelExpression, where)});
  byte_level_ = true;
}

void PreTokenizer::add_metaspace(const TokenizerJson& json, const std::string& where) {
  const std::string mark = text_of(json, "replacement", "\xE2\x96\x81", where);
  const std::string scheme = text_of(json, "prepend_scheme", "always", where);
  if (!member(json, "add_prefix_space").is_null())
    unsupported(where, "\"Metaspace\" with add_prefix_space");
  const bool second = std::any_of(steps_.begin(), steps_.end(),
                                  [](const Step& step) { return step.kind == Kind::metaspace; });
  if (second || mark.empty() || mark.size() > kLongestMark || mark.find(' ') != std::string::npos)
    unsupported(where, "this \"Metaspace\"");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    unsupported(where, "\"Metaspace\" with the prepend_scheme \"" + scheme + "\"");
  steps_.push_back({Kind::metaspace, {}, {}, false, mark, scheme == "always", scheme == "first"});
  if (flag_of(json, "split", true, where))
    steps_.push_back({Kind::split, Pattern::literal(mark), Behaviour::merged_with_next});
}

void PreTokenizer::run(std::size_t number, std::string_view text, bool at_start,
                       const Piece& piece) const {
  if (text.empty()) return;
  if (number == steps_.size()) return piece(text);
  const Step& step = steps_[number];
  if (step.kind == Kind::split) {
    cut(step, text, [&](std::size_t start, std::size_t end, bool) {
      run(number + 1, text.substr(start, end - start), at_start && start == 0, piece);
    });
    return;
  }
  std::string changed;
  if (step.kind == Kind::prefix) {
    if (text.starts_with(step.text)) return run(number + 1, text, at_start, piece);
    changed = step.text;
    changed += text;
  } else {
    for (const char c : text) {
      if (c == ' ') changed += step.text;
      else changed += c;
    }
    if ((step.always || (step.first && at_start)) && !changed.starts_with(step.text))
      changed.insert(0, step.text);
  }
  run(number + 1, changed, at_start, piece);
}

void PreTokenizer::cut(const Step& step, std::string_view text, const Pattern::Part& piece) {
  Chunks chunks(piece);
  bool previous = false;  // whether the chunk before counted as a match
  step.pattern.cut(text, [&](std::size_t start, std::size_t end, bool matches) {
    const bool match = matches != step.invert;
    switch (step.behaviour) {
      case Behaviour::isolated: chunks.begin(start, end); break;
      case Behaviour::removed:
        if (!match) chunks.begin(start, end);
        break;
      case Behaviour::contiguous:
        if (match != previous || !chunks.grow(end)) chunks.begin(start, end);
        break;
      case Behaviour::merged_with_previous:
        if (!match || previous || !chunks.grow(end)) chunks.begin(start, end);
        break;
      case Behaviour::merged_with_next:
        if (match || !previous || !chunks.grow(end)) chunks.begin(start, end);
        break;
    }
    previous = match;
  });
  chunks.flush();
}

}  // namespace tinyzero
