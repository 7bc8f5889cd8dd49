#include "core/text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "core/base/error.h"
#include "core/text/utf8.h"

namespace tinyzero {
namespace {

// Steps that a match may take at one place, and more for each byte that lies ahead: what an expression without nested repeats needs, with room.
constexpr std::uint32_t kSteps = 1'000'000, kStepsPerByte = 16;
constexpr std::uint32_t kHeapKiB = 512 * 1024;
constexpr std::size_t kLongestExpression = 16384;

// White_Space, and everything else, as the inside of a class.
constexpr const char* kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr const char* kNoSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"
    "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";

// Oniguruma's expression in PCRE2's words.
class Translation {
 public:
  Translation(const std::string& expression, const std::string& where) : in_(expression), where_(where) {}

  std::string run() {
    if (in_.size() > kLongestExpression) refuse("more than " + std::to_string(kLongestExpression) + " bytes");
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') escape(false);
      else if (c == '[') character_class();
      else if (c == '(') group();
      else if (c == '{') interval();
      else if (c == '^' || c == '$') refuse(std::string("the anchor ") + c);
      else if (c == '.') take(1, "[^\\n]");
      else take(1, std::string(1, c));
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { unsupported(where_, what + " in the expression \"" + in_ + "\""); }

  bool ahead(std::string_view text) const { return std::string_view(in_).substr(at_, text.size()) == text; }

  void take(std::size_t bytes, const std::string& as) {
    at_ += bytes;
    out_ += as;
  }

  void escape(bool in_class) {
    static const std::string_view kControls = "tnrfvae";
    static constexpr unsigned kCodes[] = {0x9, 0xA, 0xD, 0xC, 0xB, 0x7, 0x1B};
    if (at_ + 1 == in_.size()) refuse("a backslash at the end");
    const char c = in_[at_ + 1];
    const std::size_t control = kControls.find(c);
    if (c == 's' || c == 'S') {
      const std::string set = c == 's' ? kSpace : kNoSpace;
      take(2, in_class ? set : "[" + set + "]");
    } else if (c == 'd' || c == 'D') {
      take(2, c == 'd' ? "\\p{Nd}" : "\\P{Nd}");
    } else if (c == 'p' || c == 'P') {
      category();
    } else if (c == 'x' || c == 'u') {
      code();
    } else if (control != std::string_view::npos) {
      take(2, code_text(kCodes[control]));
    } else if (static_cast<unsigned char>(c) < 0x80 && std::isalnum(static_cast<unsigned char>(c)) == 0) {
      take(2, std::string("\\") + c);
    } else {
      refuse(std::string("\\") + c);
    }
  }

  static std::string code_text(unsigned code) {
    char text[16];
    std::snprintf(text, sizeof text, "\\x{%x}", code);
    return text;
  }

  // \x{…}, \xHH, \uHHHH.
  void code() {
    const bool braces = in_[at_ + 1] == 'x' && at_ + 2 < in_.size() && in_[at_ + 2] == '{';
    const std::size_t start = at_ + (braces ? 3 : 2);
    const std::size_t most = braces ? 6 : in_[at_ + 1] == 'x' ? 2 : 4;
    std::size_t end = start;
    unsigned value = 0;
    for (; end < in_.size() && end - start < most && std::isxdigit(static_cast<unsigned char>(in_[end])) != 0; ++end)
      value = value * 16 + static_cast<unsigned>(std::stoi(in_.substr(end, 1), nullptr, 16));
    const bool whole = braces ? end > start && end < in_.size() && in_[end] == '}' : end - start == most;
    const bool character = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF) && (most != 2 || value < 0x80);
    if (!whole || !character) refuse("the character code after \"" + in_.substr(at_, 2) + "\"");
    take(end + (braces ? 1 : 0) - at_, code_text(value));
  }

  // \p{L}, \P{L}, \p{^L}: general categories.
  void category() {
    static const std::set<std::string> kCategories = {"C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",  "Mc", "Me", "Mn", "N", "Nd",
                                                      "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp",
                                                      "Zs"};
    const std::size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string::npos) refuse("\\p without braces");
    std::string name = in_.substr(at_ + 3, end - at_ - 3);
    bool negated = in_[at_ + 1] == 'P';
    if (name.starts_with("^")) {
      negated = !negated;
      name.erase(0, 1);
    }
    if (kCategories.count(name) == 0) refuse("\\p{" + name + "}");
    take(end + 1 - at_, (negated ? "\\P{" : "\\p{") + name + "}");
  }

  void character_class() {
    take(1, "[");
    if (at_ < in_.size() && in_[at_] == '^') take(1, "^");
    if (at_ < in_.size() && in_[at_] == ']') refuse("an empty class");
    while (at_ < in_.size() && in_[at_] != ']') {
      if (in_[at_] == '\\') escape(true);
      else if (in_[at_] == '[') refuse("a class in a class");
      else if (ahead("&&")) refuse("an intersection of classes");
      else take(1, std::string(1, in_[at_]));
    }
    if (at_ == in_.size()) refuse("a class without an end");
    take(1, "]");
  }

  void group() {
    if (!ahead("(?")) return take(1, "(?:");  // nothing refers to what a group has matched
    for (const char* opening : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (ahead(opening)) return take(std::string_view(opening).size(), opening);
    }
    if (!ahead("(?i:")) refuse("a group \"" + in_.substr(at_, 4) + "\"");
    // Without regard to case the two libraries agree on plain words, unless one character of Unicode folds to two of their letters.
    const std::size_t end = in_.find(')', at_);
    if (end == std::string::npos) refuse("a group without an end");
    const std::string words = in_.substr(at_ + 4, end - at_ - 4);
    const auto plain = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '\'' || c == '|'; };
    if (!std::all_of(words.begin(), words.end(), plain)) refuse("a group (?i:…) of more than words");
    std::string folded = words;
    for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* pair : {"ss", "st", "ff", "fi", "fl"}) {
      if (folded.find(pair) != std::string::npos) refuse("a group (?i:…) with \"" + std::string(pair) + "\"");
    }
    take(end + 1 - at_, "(?i:" + words + ")");
  }

  // {n}, {n,}, {n,m}; what follows one means different things to the two libraries.
  void interval() {
    std::size_t end = at_ + 1;
    while (end < in_.size() && (std::isdigit(static_cast<unsigned char>(in_[end])) != 0 || in_[end] == ',')) ++end;
    const std::string inside = in_.substr(at_ + 1, end - at_ - 1);
    const bool whole = end < in_.size() && in_[end] == '}' && !inside.empty() && inside[0] != ',' && std::count(inside.begin(), inside.end(), ',') <= 1;
    const bool repeated = end + 1 < in_.size() && std::string_view("+?*{").find(in_[end + 1]) != std::string_view::npos;
    if (!whole || repeated) refuse("the interval \"" + in_.substr(at_, end + 2 - at_) + "\"");
    take(end + 1 - at_, "{" + inside + "}");
  }

  const std::string& in_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::string out_;
};

std::string message_of(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// A search through one text.
class Search {
 public:
  Search(const pcre2_code* code, std::string_view text, const std::string& expression)
      : code_(code), text_(text), expression_(expression), data_(pcre2_match_data_create(1, nullptr)), context_(pcre2_match_context_create(nullptr)) {
    pcre2_set_heap_limit(context_, kHeapKiB);
  }
  ~Search() {
    pcre2_match_context_free(context_);
    pcre2_match_data_free(data_);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  // The first match from `from` on: false if there is none.
  bool find(std::size_t from, std::size_t& start, std::size_t& end) {
    const auto left = static_cast<std::uint64_t>(text_.size() - from);
    pcre2_set_match_limit(context_, static_cast<std::uint32_t>(std::min<std::uint64_t>(kSteps + kStepsPerByte * left, UINT32_MAX)));
    int found = match(from, 0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(from, PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0) {
      throw Error("the tokenizer's expression \"" + expression_ + "\" gives up at byte " + std::to_string(from) + " of a text of " + std::to_string(text_.size()) +
                      ": " + message_of(found),
                  "the expression repeats what repeats; this is a fault of the tokenizer.json");
    }
    const PCRE2_SIZE* places = pcre2_get_ovector_pointer(data_);
    start = places[0];
    end = places[1];
    return true;
  }

 private:
  int match(std::size_t from, std::uint32_t options) {
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from, PCRE2_NO_UTF_CHECK | options, data_, context_);
  }

  const pcre2_code* code_;
  std::string_view text_;
  const std::string& expression_;
  pcre2_match_data* data_;
  pcre2_match_context* context_;
};

}  // namespace

Pattern Pattern::from_json(const TokenizerJson& json, const std::string& where) {
  if (json.is_object() && json.size() == 1) {
    if (member(json, "Regex").is_string()) return regex(json["Regex"].get<std::string>(), where);
    if (member(json, "String").is_string()) return literal(json["String"].get<std::string>());
  }
  throw Error(where + ": a pattern is {\"Regex\": …} or {\"String\": …}, not " + json.dump().substr(0, 200));
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::regex(const std::string& expression, const std::string& where) {
  const std::string translated = Translation(expression, where).run();
  int error = 0;
  PCRE2_SIZE place = 0;
  // Without its optimizations of the start PCRE2 looks no further ahead than a match needs: they scan the whole text for every piece.
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_NO_START_OPTIMIZE | PCRE2_NEVER_BACKSLASH_C, &error, &place, nullptr);
  if (code == nullptr) throw Error(where + ": the expression \"" + expression + "\" is wrong: " + message_of(error));
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it cannot, matching interprets
  Pattern pattern;
  pattern.expression_ = expression;
  pattern.code_ = std::shared_ptr<const void>(code, [](const void* c) { pcre2_code_free(const_cast<pcre2_code*>(static_cast<const pcre2_code*>(c))); });
  return pattern;
}

void Pattern::cut(std::string_view text, const Part& part) const {
  if (text.empty()) return;
  if (!code_) return cut_literal(text, part);
  Search search(static_cast<const pcre2_code*>(code_.get()), text, expression_);
  std::size_t from = 0, done = 0, start = 0, end = 0;
  bool any = false;
  while (from <= text.size() && search.find(from, start, end)) {
    if (start == end && any && end == done) {  // an empty match right behind a match is none
      from += from < text.size() ? utf8_part(text, from).size : 1;
      continue;
    }
    if (start > done) part(done, start, false);
    part(start, end, true);
    done = from = end;
    any = true;
  }
  if (done < text.size()) part(done, text.size(), false);
}

void Pattern::cut_literal(std::string_view text, const Part& part) const {
  std::size_t done = 0;
  for (std::size_t at = literal_.empty() ? std::string_view::npos : text.find(literal_); at != std::string_view::npos; at = text.find(literal_, done)) {
    if (at > done) part(done, at, false);
    done = at + literal_.size();
    part(at, done, true);
  }
  if (done < text.size()) part(done, text.size(), false);
}

}  // namespace tinyzero
