#include "core/text/oniguruma.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "core/text/tokenizer_json.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

constexpr std::size_t kLongestExpression = 16384;

// White_Space, and its complement, as the inside of a character class.
constexpr const char* kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{"
    "205f}\\x{3000}";
constexpr const char* kNoSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"
    "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";

// Characters added in Unicode 15 and 16, which `tokenizers` knows. PCRE2 knows them since 10.45;
// Debian 12 and Ubuntu 22.04 have older versions.
struct Newer {
  unsigned first, last;
  std::string_view category;
};
constexpr Newer kNewer[] = {
    {0x0897, 0x0897, "Mn"},   {0x0CF3, 0x0CF3, "Mc"},   {0x0ECE, 0x0ECE, "Mn"},
    {0x1B4E, 0x1B4F, "Po"},   {0x1B7F, 0x1B7F, "Po"},   {0x1C89, 0x1C89, "Lu"},
    {0x1C8A, 0x1C8A, "Ll"},   {0x2427, 0x2429, "So"},   {0x2FFC, 0x2FFF, "So"},
    {0x31E4, 0x31E5, "So"},   {0x31EF, 0x31EF, "So"},   {0xA7CB, 0xA7CC, "Lu"},
    {0xA7CD, 0xA7CD, "Ll"},   {0xA7DA, 0xA7DA, "Lu"},   {0xA7DB, 0xA7DB, "Ll"},
    {0xA7DC, 0xA7DC, "Lu"},   {0x105C0, 0x105F3, "Lo"}, {0x10D40, 0x10D49, "Nd"},
    {0x10D4A, 0x10D4D, "Lo"}, {0x10D4E, 0x10D4E, "Lm"}, {0x10D4F, 0x10D4F, "Lo"},
    {0x10D50, 0x10D65, "Lu"}, {0x10D69, 0x10D6D, "Mn"}, {0x10D6E, 0x10D6E, "Pd"},
    {0x10D6F, 0x10D6F, "Lm"}, {0x10D70, 0x10D85, "Ll"}, {0x10D8E, 0x10D8F, "Sm"},
    {0x10EC2, 0x10EC4, "Lo"}, {0x10EFC, 0x10EFF, "Mn"}, {0x1123F, 0x11240, "Lo"},
    {0x11241, 0x11241, "Mn"}, {0x11380, 0x11389, "Lo"}, {0x1138B, 0x1138B, "Lo"},
    {0x1138E, 0x1138E, "Lo"}, {0x11390, 0x113B5, "Lo"}, {0x113B7, 0x113B7, "Lo"},
    {0x113B8, 0x113BA, "Mc"}, {0x113BB, 0x113C0, "Mn"}, {0x113C2, 0x113C2, "Mc"},
    {0x113C5, 0x113C5, "Mc"}, {0x113C7, 0x113CA, "Mc"}, {0x113CC, 0x113CD, "Mc"},
    {0x113CE, 0x113CE, "Mn"}, {0x113CF, 0x113CF, "Mc"}, {0x113D0, 0x113D0, "Mn"},
    {0x113D1, 0x113D1, "Lo"}, {0x113D2, 0x113D2, "Mn"}, {0x113D3, 0x113D3, "Lo"},
    {0x113D4, 0x113D5, "Po"}, {0x113D7, 0x113D8, "Po"}, {0x113E1, 0x113E2, "Mn"},
    {0x116D0, 0x116E3, "Nd"}, {0x1171E, 0x1171E, "Mc"}, {0x11B00, 0x11B09, "Po"},
    {0x11BC0, 0x11BE0, "Lo"}, {0x11BE1, 0x11BE1, "Po"}, {0x11BF0, 0x11BF9, "Nd"},
    {0x11F00, 0x11F01, "Mn"}, {0x11F02, 0x11F02, "Lo"}, {0x11F03, 0x11F03, "Mc"},
    {0x11F04, 0x11F10, "Lo"}, {0x11F12, 0x11F33, "Lo"}, {0x11F34, 0x11F35, "Mc"},
    {0x11F36, 0x11F3A, "Mn"}, {0x11F3E, 0x11F3F, "Mc"}, {0x11F40, 0x11F40, "Mn"},
    {0x11F41, 0x11F41, "Mc"}, {0x11F42, 0x11F42, "Mn"}, {0x11F43, 0x11F4F, "Po"},
    {0x11F50, 0x11F59, "Nd"}, {0x11F5A, 0x11F5A, "Mn"}, {0x1342F, 0x1342F, "Lo"},
    {0x13439, 0x1343F, "Cf"}, {0x13440, 0x13440, "Mn"}, {0x13441, 0x13446, "Lo"},
    {0x13447, 0x13455, "Mn"}, {0x13460, 0x143FA, "Lo"}, {0x16100, 0x1611D, "Lo"},
    {0x1611E, 0x16129, "Mn"}, {0x1612A, 0x1612C, "Mc"}, {0x1612D, 0x1612F, "Mn"},
    {0x16130, 0x16139, "Nd"}, {0x16D40, 0x16D42, "Lm"}, {0x16D43, 0x16D6A, "Lo"},
    {0x16D6B, 0x16D6C, "Lm"}, {0x16D6D, 0x16D6F, "Po"}, {0x16D70, 0x16D79, "Nd"},
    {0x18CFF, 0x18CFF, "Lo"}, {0x1B132, 0x1B132, "Lo"}, {0x1B155, 0x1B155, "Lo"},
    {0x1CC00, 0x1CCEF, "So"}, {0x1CCF0, 0x1CCF9, "Nd"}, {0x1CD00, 0x1CEB3, "So"},
    {0x1D2C0, 0x1D2D3, "No"}, {0x1DF25, 0x1DF2A, "Ll"}, {0x1E030, 0x1E06D, "Lm"},
    {0x1E08F, 0x1E08F, "Mn"}, {0x1E4D0, 0x1E4EA, "Lo"}, {0x1E4EB, 0x1E4EB, "Lm"},
    {0x1E4EC, 0x1E4EF, "Mn"}, {0x1E4F0, 0x1E4F9, "Nd"}, {0x1E5D0, 0x1E5ED, "Lo"},
    {0x1E5EE, 0x1E5EF, "Mn"}, {0x1E5F0, 0x1E5F0, "Lo"}, {0x1E5F1, 0x1E5FA, "Nd"},
    {0x1E5FF, 0x1E5FF, "Po"}, {0x1F6DC, 0x1F6DC, "So"}, {0x1F774, 0x1F776, "So"},
    {0x1F77B, 0x1F77F, "So"}, {0x1F7D9, 0x1F7D9, "So"}, {0x1F8B2, 0x1F8BB, "So"},
    {0x1F8C0, 0x1F8C1, "So"}, {0x1FA75, 0x1FA77, "So"}, {0x1FA87, 0x1FA89, "So"},
    {0x1FA8F, 0x1FA8F, "So"}, {0x1FAAD, 0x1FAAF, "So"}, {0x1FABB, 0x1FABF, "So"},
    {0x1FAC6, 0x1FAC6, "So"}, {0x1FACE, 0x1FACF, "So"}, {0x1FADA, 0x1FADC, "So"},
    {0x1FADF, 0x1FADF, "So"}, {0x1FAE8, 0x1FAE9, "So"}, {0x1FAF7, 0x1FAF8, "So"},
    {0x1FBCB, 0x1FBEF, "So"}, {0x2B739, 0x2B739, "Lo"}, {0x2EBF0, 0x2EE5D, "Lo"},
    {0x31350, 0x323AF, "Lo"}};

// The newer characters of a category ("L" or "Lu") as the inside of a character class.
std::string newer_characters(const std::string& category) {
  std::string out;
  for (const Newer& newer : kNewer) {
    if (newer.category.starts_with(category))
      out += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", newer.first, newer.last);
  }
  return out;
}

bool is_ascii(char c) { return (c & 0x80) == 0; }

// Translates one expression from left to right.
class Translation {
 public:
  Translation(const std::string& expression, const std::string& where)
      : in_(expression), where_(where) {}

  std::string run() {
    if (in_.size() > kLongestExpression)
      refuse("more than " + std::to_string(kLongestExpression) + " bytes");
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') escape(Inside::expression);
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
  enum class Inside { expression, character_class };

  [[noreturn]] void refuse(const std::string& what) const {
    unsupported(where_, what + " in the expression \"" + in_ + "\"");
  }

  bool ahead(std::string_view text) const {
    return std::string_view(in_).substr(at_, text.size()) == text;
  }

  void take(std::size_t bytes, const std::string& as) {
    at_ += bytes;
    out_ += as;
  }

  void escape(Inside inside) {
    static constexpr std::string_view kControls = "tnrfvae";
    static constexpr unsigned kCodes[] = {0x9, 0xA, 0xD, 0xC, 0xB, 0x7, 0x1B};
    if (at_ + 1 == in_.size()) refuse("a backslash at the end");
    const char c = in_[at_ + 1];
    const std::size_t control = kControls.find(c);
    if (c == 's' || c == 'S') space(c == 's', inside);
    else if (c == 'd' || c == 'D') category("Nd", c == 'D', 2, inside);
    else if (c == 'p' || c == 'P') category(inside);
    else if (c == 'x' || c == 'u') code();
    else if (control != std::string_view::npos) take(2, code_text(kCodes[control]));
    else if (is_ascii(c) && !is_ascii_alphanumeric(c)) take(2, std::string("\\") + c);
    else refuse(std::string("\\") + c);
  }

  void space(bool wanted, Inside inside) {
    const std::string set = wanted ? kSpace : kNoSpace;
    take(2, inside == Inside::character_class ? set : "[" + set + "]");
  }

  static std::string code_text(unsigned code) { return fmt::format("\\x{{{:x}}}", code); }

  // \x{…}, \xHH, \uHHHH.
  void code() {
    const bool braces = in_[at_ + 1] == 'x' && at_ + 2 < in_.size() && in_[at_ + 2] == '{';
    const std::size_t start = at_ + (braces ? 3 : 2);
    const std::size_t most = braces ? 6 : in_[at_ + 1] == 'x' ? 2 : 4;
    std::size_t end = start;
    while (end < in_.size() && end - start < most && is_ascii_hex_digit(in_[end])) ++end;
    unsigned value = 0;
    std::from_chars(in_.data() + start, in_.data() + end, value, 16);
    const bool whole =
        braces ? end > start && end < in_.size() && in_[end] == '}' : end - start == most;
    const bool character =
        value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF) && (most != 2 || value < 0x80);
    if (!whole || !character) refuse("the character code after \"" + in_.substr(at_, 2) + "\"");
    take(end + (braces ? 1 : 0) - at_, code_text(value));
  }

  // \p{L}, \P{L}, \p{^L}: general categories.
  void category(Inside inside) {
    static const std::set<std::string> kCategories = {
        "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
        "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
        "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};
    const std::size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string::npos)
      refuse("\\p without braces");
    std::string name = in_.substr(at_ + 3, end - at_ - 3);
    bool negated = in_[at_ + 1] == 'P';
    if (name.starts_with("^")) {
      negated = !negated;
      name.erase(0, 1);
    }
    if (kCategories.count(name) == 0) refuse("\\p{" + name + "}");
    category(name, negated, end + 1 - at_, inside);
  }

  void category(const std::string& name, bool negated, std::size_t bytes, Inside inside) {
    const std::string set = "\\p{" + name + "}" + newer_characters(name);
    if (inside == Inside::expression) take(bytes, (negated ? "[^" : "[") + set + "]");
    else if (!negated) take(bytes, set);
    else refuse("\\P{" + name + "} in a class");
  }

  void character_class() {
    take(1, "[");
    if (at_ < in_.size() && in_[at_] == '^') take(1, "^");
    if (at_ < in_.size() && in_[at_] == ']') refuse("an empty class");
    while (at_ < in_.size() && in_[at_] != ']') {
      if (in_[at_] == '\\') escape(Inside::character_class);
      else if (in_[at_] == '[') refuse("a class in a class");
      else if (ahead("&&")) refuse("an intersection of classes");
      else take(1, std::string(1, in_[at_]));
    }
    if (at_ == in_.size()) refuse("an unclosed class");
    take(1, "]");
  }

  void group() {
    if (!ahead("(?")) return take(1, "(?:");  // nothing refers to a captured text
    for (const char* opening : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (ahead(opening)) return take(std::string_view(opening).size(), opening);
    }
    if (!ahead("(?i:")) refuse("a group \"" + in_.substr(at_, 4) + "\"");
    words_without_case();
  }

  // (?i:…). Without regard to case the two libraries agree on plain words, unless one character of
  // Unicode folds to two of their letters.
  void words_without_case() {
    const std::size_t end = in_.find(')', at_);
    if (end == std::string::npos) refuse("an unclosed group");
    const std::string words = in_.substr(at_ + 4, end - at_ - 4);
    const auto plain = [](char c) { return is_ascii_letter(c) || c == '\'' || c == '|'; };
    if (!std::all_of(words.begin(), words.end(), plain))
      refuse("a group (?i:…) of more than words");
    std::string folded = words;
    for (char& c : folded) c = ascii_lower(c);
    for (const char* pair : {"ss", "st", "ff", "fi", "fl"}) {
      if (folded.find(pair) != std::string::npos)
        refuse("a group (?i:…) with \"" + std::string(pair) + "\"");
    }
    take(end + 1 - at_, "(?i:" + words + ")");
  }

  // {n}, {n,}, {n,m}. The two libraries read a repetition of an interval differently.
  void interval() {
    std::size_t end = at_ + 1;
    while (end < in_.size() && (is_ascii_digit(in_[end]) || in_[end] == ',')) ++end;
    const std::string inside = in_.substr(at_ + 1, end - at_ - 1);
    const bool whole = end < in_.size() && in_[end] == '}' && !inside.empty() && inside[0] != ',' &&
                       std::count(inside.begin(), inside.end(), ',') <= 1;
    const bool repeated = end + 1 < in_.size() &&
                          std::string_view("+?*{").find(in_[end + 1]) != std::string_view::npos;
    if (!whole || repeated) refuse("the interval \"" + in_.substr(at_, end + 2 - at_) + "\"");
    take(end + 1 - at_, "{" + inside + "}");
  }

  const std::string& in_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string to_pcre2(const std::string& expression, const std::string& where) {
  return Translation(expression, where).run();
}

}  // namespace tinyzero
