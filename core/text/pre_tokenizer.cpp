#include "core/text/pre_tokenizer.h"

#include <algorithm>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// GPT-2's expression, which ByteLevel splits by unless told not to.
constexpr const char* kByteLevelExpression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr std::size_t kMostSteps = 16;
constexpr std::size_t kLongestMark = 16;  // bytes

// Assembles the chunks of a text, and passes on those that are not empty.
class Chunks {
 public:
  explicit Chunks(const Pattern::Piece& use) : use_(use) {}

  // Starts a chunk that may grow to the right, and passes on the previous one.
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
    if (open_ && end_ > start_) use_(start_, end_, true);
    open_ = false;
  }

 private:
  const Pattern::Piece& use_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
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
    for (const TokenizerJson& step : json["pretokenizers"]) add(step, where, depth + 1);
    return;
  }
  if (type == "ByteLevel") return add_byte_level(json, where);
  if (type == "Split") return add_split(json, where);
  if (type == "Digits") return add_digits(json, where);
  if (type == "Metaspace") return add_metaspace(json, where);
  unsupported(where, "\"" + type + "\"");
}

PreTokenizer::Behaviour PreTokenizer::behaviour_of(const std::string& name,
                                                   const std::string& where) {
  if (name == "Isolated") return Behaviour::isolated;
  if (name == "Removed") return Behaviour::removed;
  if (name == "Contiguous") return Behaviour::contiguous;
  if (name == "MergedWithPrevious") return Behaviour::merged_with_previous;
  if (name == "MergedWithNext") return Behaviour::merged_with_next;
  unsupported(where, "Split with the behavior \"" + name + "\"");
}

void PreTokenizer::add_split(const TokenizerJson& json, const std::string& where) {
  steps_.push_back({.kind = Kind::split,
                    .pattern = Pattern::from_json(member(json, "pattern"), where),
                    .behaviour = behaviour_of(text_of(json, "behavior", "", where), where),
                    .invert = flag_of(json, "invert", false, where)});
}

void PreTokenizer::add_digits(const TokenizerJson& json, const std::string& where) {
  const bool single = flag_of(json, "individual_digits", false, where);
  steps_.push_back({.kind = Kind::split,
                    .pattern = Pattern::regex("\\p{N}", where),
                    .behaviour = single ? Behaviour::isolated : Behaviour::contiguous});
}

void PreTokenizer::add_byte_level(const TokenizerJson& json, const std::string& where) {
  if (flag_of(json, "add_prefix_space", true, where))
    steps_.push_back({.kind = Kind::prefix, .text = " "});
  if (flag_of(json, "use_regex", true, where))
    steps_.push_back({.kind = Kind::split, .pattern = Pattern::regex(kByteLevelExpression, where)});
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
  const Prepend prepend = scheme == "always"  ? Prepend::always
                          : scheme == "first" ? Prepend::first
                                              : Prepend::never;
  steps_.push_back({.kind = Kind::metaspace, .text = mark, .prepend = prepend});
  if (flag_of(json, "split", true, where))
    steps_.push_back({.kind = Kind::split,
                      .pattern = Pattern::literal(mark),
                      .behaviour = Behaviour::merged_with_next});
}

void PreTokenizer::run(std::size_t number, std::string_view text, bool at_start,
                       const Use& use) const {
  if (text.empty()) return;
  if (number == steps_.size()) return use(text);
  const Step& step = steps_[number];
  if (step.kind == Kind::split) {
    cut(step, text, [&](std::size_t start, std::size_t end, bool) {
      run(number + 1, text.substr(start, end - start), at_start && start == 0, use);
    });
  } else if (step.kind == Kind::metaspace) {
    run(number + 1, with_metaspaces(step, text, at_start), at_start, use);
  } else if (text.starts_with(step.text)) {
    run(number + 1, text, at_start, use);
  } else {
    run(number + 1, step.text + std::string(text), at_start, use);
  }
}

std::string PreTokenizer::with_metaspaces(const Step& step, std::string_view text, bool at_start) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') out += step.text;
    else out += c;
  }
  const bool prepends =
      step.prepend == Prepend::always || (step.prepend == Prepend::first && at_start);
  if (prepends && !out.starts_with(step.text)) out.insert(0, step.text);
  return out;
}

void PreTokenizer::cut(const Step& step, std::string_view text, const Pattern::Piece& use) {
  Chunks chunks(use);
  bool previous = false;  // whether the previous chunk counted as a match
  // Whether a chunk is appended to the previous one.
  const auto joins = [&](bool match) {
    if (step.behaviour == Behaviour::contiguous) return match == previous;
    if (step.behaviour == Behaviour::merged_with_previous) return match && !previous;
    if (step.behaviour == Behaviour::merged_with_next) return !match && previous;
    return false;
  };
  step.pattern.cut(text, [&](std::size_t start, std::size_t end, bool matches) {
    const bool match = matches != step.invert;
    const bool removed = match && step.behaviour == Behaviour::removed;
    if (!removed && !(joins(match) && chunks.grow(end))) chunks.begin(start, end);
    previous = match;
  });
  chunks.flush();
}

}  // namespace tinyzero
