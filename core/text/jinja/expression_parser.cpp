// Expressions from the lowest precedence up to single values.

#include <algorithm>

#include "core/text/jinja/line_error.h"
#include "core/text/jinja/parser.h"

namespace tinyzero::jinja {
namespace {

constexpr int kDeepestNesting = 100;  // levels of brackets and blocks
constexpr int kDeepestTree = 200;     // levels of an expression; chains of operators count, too

}  // namespace

using Kind = Expression::Kind;

ExpressionParser::Nesting::Nesting(ExpressionParser& parser) : depth_(parser.depth_) {
  if (++depth_ > kDeepestNesting) fail_at(parser.now().line, "it is nested more than 100 deep");
}

Token ExpressionParser::take() {
  Token token = now();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::skip_name(std::string_view name) {
  const bool found = now().is_name(name);
  if (found) take();
  return found;
}

bool ExpressionParser::skip_symbol(std::string_view symbol) {
  const bool found = now().is_symbol(symbol);
  if (found) take();
  return found;
}

std::string ExpressionParser::expect_name() {
  if (now().kind != TokenKind::name) unexpected("a name");
  return take().text;
}

void ExpressionParser::expect_name(std::string_view name) {
  if (!skip_name(name)) unexpected(std::string(name).c_str());
}

void ExpressionParser::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) unexpected(std::string(symbol).c_str());
}

void ExpressionParser::expect(TokenKind kind, const char* what) {
  if (now().kind != kind) unexpected(what);
  take();
}

void ExpressionParser::unexpected(const char* wanted) const {
  const Token& token = now();
  const char* what = token.kind == TokenKind::end         ? "the end of the template"
                     : token.kind == TokenKind::block_end ? "%}"
                     : token.kind == TokenKind::print_end ? "}}"
                                                          : token.text.c_str();
  fail_at(token.line,
          std::string("expected ") + wanted + ", found " + std::string(what).substr(0, 40));
}

ExpressionPtr ExpressionParser::make(Kind kind, int line, std::string name) {
  auto out = std::make_unique<Expression>();
  out->kind = kind;
  out->line = line;
  out->name = std::move(name);
  return out;
}

ExpressionPtr ExpressionParser::adopt(ExpressionPtr parent, ExpressionPtr child) const {
  if (child) parent->depth = std::max(parent->depth, child->depth + 1);
  if (parent->depth > kDeepestTree)
    fail_at(parent->line, "an expression nested more than 200 deep");
  parent->children.push_back(std::move(child));
  return parent;
}

ExpressionPtr ExpressionParser::expression(Conditional conditional) {
  const Nesting nesting(*this);
  return conditional == Conditional::allowed ? this->conditional() : disjunction();
}

ExpressionPtr ExpressionParser::conditional() {
  ExpressionPtr value = disjunction();
  while (now().is_name("if")) {
    ExpressionPtr out = make(Kind::conditional, take().line);
    out = adopt(std::move(out), disjunction());
    out = adopt(std::move(out), std::move(value));
    ExpressionPtr other;
    if (skip_name("else")) {
      const Nesting nesting(*this);
      other = conditional();
    }
    value = adopt(std::move(out), std::move(other));
  }
  return value;
}

ExpressionPtr ExpressionParser::left_to_right(Rule rule,
                                              std::initializer_list<std::string_view> operators) {
  ExpressionPtr left = (this->*rule)();
  const auto is_operator = [&] {
    return std::any_of(operators.begin(), operators.end(), [&](std::string_view name) {
      return now().is_symbol(name) || (name.size() > 1 && now().is_name(name));
    });
  };
  while (is_operator()) {
    const Token token = take();
    ExpressionPtr out = adopt(make(Kind::binary, token.line, token.text), std::move(left));
    left = adopt(std::move(out), (this->*rule)());
  }
  return left;
}

ExpressionPtr ExpressionParser::disjunction() {
  return left_to_right(&ExpressionParser::conjunction, {"or"});
}

ExpressionPtr ExpressionParser::conjunction() {
  return left_to_right(&ExpressionParser::negation, {"and"});
}

ExpressionPtr ExpressionParser::negation() {
  if (!now().is_name("not")) return comparison();
  const Nesting nesting(*this);
  const int line = take().line;
  return adopt(make(Kind::unary, line, "not"), negation());
}

ExpressionPtr ExpressionParser::comparison() {
  ExpressionPtr out = adopt(make(Kind::compare, now().line), sum());
  while (true) {
    const std::string name = comparison_operator();
    if (name.empty()) break;
    out->names.push_back(name);
    out = adopt(std::move(out), sum());
  }
  return out->names.empty() ? std::move(out->children[0]) : std::move(out);
}

// Takes a comparison operator; "" if there is none.
std::string ExpressionParser::comparison_operator() {
  for (const char* symbol : {"==", "!=", "<", "<=", ">", ">="}) {
    if (skip_symbol(symbol)) return symbol;
  }
  if (skip_name("in")) return "in";
  if (!now().is_name("not") || !next().is_name("in")) return "";
  take();
  take();
  return "not in";
}

ExpressionPtr ExpressionParser::sum() {
  return left_to_right(&ExpressionParser::concatenation, {"+", "-"});
}

ExpressionPtr ExpressionParser::concatenation() {
  ExpressionPtr out = adopt(make(Kind::concat, now().line), product());
  while (skip_symbol("~")) out = adopt(std::move(out), product());
  return out->children.size() == 1 ? std::move(out->children[0]) : std::move(out);
}

ExpressionPtr ExpressionParser::product() {
  return left_to_right(&ExpressionParser::power, {"*", "/", "//", "%"});
}

ExpressionPtr ExpressionParser::power() { return left_to_right(&ExpressionParser::unary, {"**"}); }

ExpressionPtr ExpressionParser::unary() { return signed_primary(true); }

ExpressionPtr ExpressionParser::signed_primary(bool with_filters) {
  ExpressionPtr out;
  if (now().is_symbol("-") || now().is_symbol("+")) {
    const Nesting nesting(*this);
    const Token token = take();
    out = adopt(make(Kind::unary, token.line, token.text), signed_primary(false));
  } else {
    out = primary();
  }
  out = postfix(std::move(out));
  return with_filters ? filters_and_tests(std::move(out)) : std::move(out);
}

ExpressionPtr ExpressionParser::primary() {
  const Token& token = now();
  if (token.kind == TokenKind::name) return name_or_constant();
  if (token.kind == TokenKind::text) return text_literal();
  if (token.kind == TokenKind::integer || token.kind == TokenKind::number) {
    ExpressionPtr out = make(Kind::constant, token.line);
    out->value = token.kind == TokenKind::integer ? Value::integer(token.integer)
                                                  : Value::number(token.number);
    take();
    return out;
  }
  const Nesting nesting(*this);
  if (token.is_symbol("(")) return parenthesized();
  if (token.is_symbol("[")) return list_literal();
  if (token.is_symbol("{")) return dict_literal();
  unexpected("an expression");
}

ExpressionPtr ExpressionParser::name_or_constant() {
  const Token token = take();
  ExpressionPtr out = make(Kind::constant, token.line);
  const std::string& name = token.text;
  if (name == "true" || name == "True") out->value = Value::boolean(true);
  else if (name == "false" || name == "False") out->value = Value::boolean(false);
  else if (name == "none" || name == "None") out->value = Value::none();
  else out = make(Kind::name, token.line, name);
  return out;
}

ExpressionPtr ExpressionParser::text_literal() {
  ExpressionPtr out = make(Kind::constant, now().line);
  std::string text;
  while (now().kind == TokenKind::text) text += take().text;
  out->value = Value::text(std::move(text));
  return out;
}

ExpressionPtr ExpressionParser::parenthesized() {
  const int line = take().line;
  if (skip_symbol(")")) return make(Kind::tuple, line);
  ExpressionPtr out = tuple(Conditional::allowed);
  expect_symbol(")");
  return out;
}

ExpressionPtr ExpressionParser::list_literal() {
  ExpressionPtr out = make(Kind::list, take().line);
  while (!now().is_symbol("]")) {
    if (!out->children.empty()) expect_symbol(",");
    if (now().is_symbol("]")) break;
    out = adopt(std::move(out), expression());
  }
  expect_symbol("]");
  return out;
}

ExpressionPtr ExpressionParser::dict_literal() {
  ExpressionPtr out = make(Kind::dict, take().line);
  while (!now().is_symbol("}")) {
    if (!out->children.empty()) expect_symbol(",");
    if (now().is_symbol("}")) break;
    out = adopt(std::move(out), expression());
    expect_symbol(":");
    out = adopt(std::move(out), expression());
  }
  expect_symbol("}");
  return out;
}

bool ExpressionParser::ends_tuple(std::string_view end) const {
  const TokenKind kind = now().kind;
  return kind == TokenKind::print_end || kind == TokenKind::block_end || now().is_symbol(")") ||
         (!end.empty() && now().is_name(end));
}

ExpressionPtr ExpressionParser::tuple(Conditional conditional, std::string_view end) {
  ExpressionPtr out = make(Kind::tuple, now().line);
  bool several = false;
  while (!ends_tuple(end)) {
    out = adopt(std::move(out), expression(conditional));
    if (!now().is_symbol(",")) break;
    several = true;
    take();
  }
  if (several) return out;
  if (out->children.empty()) unexpected("an expression");
  return std::move(out->children[0]);
}

}  // namespace tinyzero::jinja
