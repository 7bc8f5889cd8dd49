#include "core/text/jinja/lexer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/jinja/line_error.h"
#include "core/text/jinja/python_text.h"
#include "core/text/jinja/string_literal.h"

namespace tinyzero::jinja {
namespace {

constexpr std::size_t kLongest = std::size_t{1} << 20;  // bytes of a template

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The source with all line ends as \n, without the last one.
std::string with_plain_lines(std::string_view source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool two = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (!two) out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_lines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_data();
    add(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  struct Tag {
    std::size_t at;
    char kind;          // '{' of {{, '%', '#' or 'r' of {% raw %}
    char sign;          // '-', '+' or 0
    std::size_t begin;  // after its opening; after the whole tag of {% raw %}
  };

  void add(TokenKind kind, std::string text = {}) {
    tokens_.push_back({.kind = kind, .text = std::move(text), .line = line_});
  }

  // Advances to `to`, counting lines.
  void go(std::size_t to) {
    line_ += std::count(source_.data() + at_, source_.data() + to, '\n');
    at_ = to;
  }

  bool has(std::size_t at, std::string_view part) const {
    return std::string_view(source_).substr(std::min(at, source_.size())).starts_with(part);
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const Utf8Part part = utf8_part(source_, at);
      if (!is_space(part.code)) break;
      at += part.size;
    }
    return at;
  }

  std::optional<Tag> next_tag() const {
    for (std::size_t at = source_.find('{', at_); at != std::string::npos;
         at = source_.find('{', at + 1)) {
      const char kind = at + 1 < source_.size() ? source_[at + 1] : '\0';
      if (kind != '{' && kind != '%' && kind != '#') continue;
      const char next = at + 2 < source_.size() ? source_[at + 2] : '\0';
      const char sign = next == '-' || next == '+' ? next : '\0';
      const std::size_t begin = at + (sign == '\0' ? 2 : 3);
      const std::size_t raw = kind == '%' ? raw_end(begin) : std::string::npos;
      if (raw != std::string::npos) return Tag{.at = at, .kind = 'r', .sign = sign, .begin = raw};
      return Tag{.at = at, .kind = kind, .sign = sign, .begin = begin};
    }
    return std::nullopt;
  }

  // The end of `raw %}` at `at`; npos if something else is there.
  std::size_t raw_end(std::size_t at) const {
    at = skip_space(at);
    if (!has(at, "raw")) return std::string::npos;
    at = skip_space(at + 3);
    if (has(at, "-%}")) return skip_space(at + 3);
    return has(at, "%}") ? at + 2 : std::string::npos;
  }

  // The end of the closing of a tag at `at`; npos if there is none. With `trims` a line end after
  // it belongs to it.
  std::size_t closing(std::size_t at, std::string_view close, bool trims) const {
    if (has(at, "-") && has(at + 1, close)) return skip_space(at + 1 + close.size());
    if (trims && has(at, "+") && has(at + 1, close)) return at + 1 + close.size();
    if (!has(at, close)) return std::string::npos;
    at += close.size();
    return trims && has(at, "\n") ? at + 1 : at;
  }

  // The text before a tag, without what the tag's sign or lstrip_blocks removes.
  std::string_view before(std::string_view text, char kind, char sign) const {
    if (sign == '-') return strip(text, Ends::right);
    if (sign == '+' || kind == '{') return text;
    const std::size_t last = text.rfind('\n');
    const std::size_t line = last == std::string_view::npos ? 0 : last + 1;
    const bool at_start = line > 0 || line_starting_;
    return at_start && strip(text.substr(line), Ends::left).empty() ? text.substr(0, line) : text;
  }

  // Reads the text up to the next tag, and that tag.
  void read_data() {
    const std::optional<Tag> tag = next_tag();
    if (!tag) {
      add(TokenKind::data, source_.substr(at_));
      go(source_.size());
      return;
    }
    const std::string_view text = std::string_view(source_).substr(at_, tag->at - at_);
    const std::string_view left = before(text, tag->kind, tag->sign);
    if (!left.empty()) add(TokenKind::data, std::string(left));
    go(tag->begin);
    line_starting_ = tag->begin > 0 && source_[tag->begin - 1] == '\n';
    if (tag->kind == '#') read_comment();
    else if (tag->kind == 'r') read_raw();
    else if (tag->kind == '%') read_tag(TokenKind::block_begin, TokenKind::block_end, "%}");
    else read_tag(TokenKind::print_begin, TokenKind::print_end, "}}");
    line_starting_ = source_[at_ - 1] == '\n';
  }

  void read_comment() {
    for (std::size_t at = at_; at < source_.size(); ++at) {
      const std::size_t end = closing(at, "#}", true);
      if (end != std::string::npos) return go(end);
    }
    fail_at(line_, "an unclosed comment");
  }

  void read_raw() {
    for (std::size_t at = source_.find("{%", at_); at != std::string::npos;
         at = source_.find("{%", at + 1)) {
      const char sign = has(at + 2, "-") ? '-' : has(at + 2, "+") ? '+' : '\0';
      const std::size_t name = skip_space(at + (sign == '\0' ? 2 : 3));
      if (!has(name, "endraw")) continue;
      const std::size_t end = closing(skip_space(name + 6), "%}", true);
      if (end == std::string::npos) continue;
      const std::string_view text = std::string_view(source_).substr(at_, at - at_);
      const std::string_view left = before(text, '%', sign);
      if (!left.empty()) add(TokenKind::data, std::string(left));
      return go(end);
    }
    fail_at(line_, "an unclosed raw block");
  }

  void read_tag(TokenKind begin, TokenKind end, std::string_view close) {
    add(begin);
    std::string open;  // the closing brackets still to come
    while (at_ < source_.size()) {
      const std::size_t behind = closing(at_, close, end == TokenKind::block_end);
      if (open.empty() && behind != std::string::npos) {
        add(end);
        return go(behind);
      }
      read_token(open);
    }
    fail_at(line_, "an unclosed tag");
  }

  void read_token(std::string& open) {
    const std::size_t blank = skip_space(at_);
    if (blank > at_) return go(blank);
    const char c = source_[at_];
    if (is_digit(c)) return read_number();
    if (is_name_part(c)) return read_name();
    if (c == '\'' || c == '"') return read_string(c);
    read_symbol(open);
  }

  // The end of digits with single underscores between them.
  std::size_t digits(std::size_t at) const {
    while (at < source_.size() &&
           (is_digit(source_[at]) || (source_[at] == '_' && is_digit_at(at + 1))))
      ++at;
    return at;
  }
  bool is_digit_at(std::size_t at) const { return at < source_.size() && is_digit(source_[at]); }

  void read_number() {
    std::size_t end = digits(at_);
    bool is_float = false;
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (!after_dot) {
      const std::size_t whole = end;
      if (has(end, ".") && is_digit_at(end + 1)) end = digits(end + 1);
      end = exponent(end);
      is_float = end > whole;
    }
    std::string text = source_.substr(at_, end - at_);
    std::erase(text, '_');
    const char next = end < source_.size() ? source_[end] : ' ';
    if (!is_float) check_integer(text, next);
    Token token{
        .kind = is_float ? TokenKind::number : TokenKind::integer, .text = text, .line = line_};
    const char* last = text.data() + text.size();
    const auto result = is_float ? std::from_chars(text.data(), last, token.number)
                                 : std::from_chars(text.data(), last, token.integer);
    if (result.ec != std::errc()) fail_at(line_, "the number " + text + " is not supported");
    tokens_.push_back(std::move(token));
    go(end);
  }

  // The end of an exponent at `at`, if there is one.
  std::size_t exponent(std::size_t at) const {
    if (!has(at, "e") && !has(at, "E")) return at;
    const std::size_t sign = has(at + 1, "+") || has(at + 1, "-") ? 1 : 0;
    return is_digit_at(at + 1 + sign) ? digits(at + 1 + sign) : at;
  }

  // Refuses leading zeros, and other bases than ten.
  void check_integer(const std::string& text, char next) const {
    const bool zeros = text.find_first_not_of('0') == std::string::npos;
    if (text[0] == '0' && (!zeros || std::string_view("xXoObB").find(next) != npos))
      fail_at(line_, "the number " + text + next + "… is not supported");
  }

  void read_name() {
    std::size_t end = at_;
    while (end < source_.size() && is_name_part(source_[end])) ++end;
    if (end < source_.size() && static_cast<unsigned char>(source_[end]) >= 0x80)
      fail_at(line_, "a name beyond ASCII is not supported");
    add(TokenKind::name, source_.substr(at_, end - at_));
    go(end);
  }

  void read_string(char quote) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) fail_at(line_, "an unclosed text");
    const std::string_view inside = std::string_view(source_).substr(at_ + 1, end - at_ - 1);
    add(TokenKind::text, unescaped(inside, line_));
    go(end + 1);
  }

  void read_symbol(std::string& open) {
    static constexpr std::string_view kSymbols[] = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (const std::string_view symbol : kSymbols) {
      if (!has(at_, symbol)) continue;
      const std::size_t opens = std::string_view("([{").find(symbol);
      const std::size_t closes = std::string_view(")]}").find(symbol);
      if (opens != npos) open += ")]}"[opens];
      if (closes != npos && (open.empty() || open.back() != symbol[0]))
        fail_at(line_, "unexpected '" + std::string(symbol) + "'");
      if (closes != npos) open.pop_back();
      add(TokenKind::symbol, std::string(symbol));
      return go(at_ + symbol.size());
    }
    fail_at(line_,
            "unexpected character '" + source_.substr(at_, utf8_part(source_, at_).size) + "'");
  }

  static constexpr std::size_t npos = std::string::npos;

  std::string source_;
  std::size_t at_ = 0;  // bytes consumed
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  if (source.size() > kLongest) throw Error("the chat template has more than 1 MiB");
  if (!is_utf8(source)) throw Error("the chat template is not UTF-8");
  return Lexer(source).run();
}

}  // namespace tinyzero::jinja
