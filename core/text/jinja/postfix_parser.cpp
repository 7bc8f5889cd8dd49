// What may follow a value: attributes, items, slices, calls, filters, tests.

#include <algorithm>

#include "core/text/jinja/line_error.h"
#include "core/text/jinja/parser.h"

namespace tinyzero::jinja {

using Kind = Expression::Kind;

ExpressionPtr ExpressionParser::postfix(ExpressionPtr value) {
  while (true) {
    if (now().is_symbol(".") || now().is_symbol("[")) value = subscript(std::move(value));
    else if (now().is_symbol("(")) value = call(std::move(value));
    else return value;
  }
}

ExpressionPtr ExpressionParser::filters_and_tests(ExpressionPtr value) {
  while (true) {
    if (now().is_symbol("|")) value = filters(std::move(value));
    else if (now().is_name("is")) value = test(std::move(value));
    else if (now().is_symbol("(")) value = call(std::move(value));
    else return value;
  }
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr value) {
  const Token token = take();
  if (token.is_symbol("[")) return slice_or_item(std::move(value));
  if (now().kind == TokenKind::name)
    return adopt(make(Kind::attribute, token.line, take().text), std::move(value));
  if (now().kind != TokenKind::integer) unexpected("a name or a number");
  ExpressionPtr index = make(Kind::constant, token.line);
  index->value = Value::integer(take().integer);
  return adopt(adopt(make(Kind::item, token.line), std::move(value)), std::move(index));
}

ExpressionPtr ExpressionParser::slice_or_item(ExpressionPtr value) {
  const Nesting nesting(*this);
  const int line = now().line;
  ExpressionPtr first;
  if (!now().is_symbol(":")) first = expression();
  if (now().is_symbol(":")) return slice(std::move(value), std::move(first), line);
  end_subscript(line);
  return adopt(adopt(make(Kind::item, line), std::move(value)), std::move(first));
}

ExpressionPtr ExpressionParser::slice(ExpressionPtr value, ExpressionPtr start, int line) {
  ExpressionPtr out = adopt(make(Kind::slice, line), std::move(value));
  out = adopt(std::move(out), std::move(start));
  for (int i = 0; i < 2; ++i) {  // stop and step
    ExpressionPtr bound;
    if (skip_symbol(":") && !now().is_symbol("]") && !now().is_symbol(":")) bound = expression();
    out = adopt(std::move(out), std::move(bound));
  }
  end_subscript(line);
  return out;
}

void ExpressionParser::end_subscript(int line) {
  if (now().is_symbol(",")) fail_at(line, "an index of several values is not supported");
  expect_symbol("]");
}

Arguments ExpressionParser::arguments() {
  const Nesting nesting(*this);
  Arguments out;
  bool first = true;
  for (expect_symbol("("); !now().is_symbol(")"); first = false) {
    if (!first) expect_symbol(",");
    if (now().is_symbol(")")) break;
    argument(out);
  }
  expect_symbol(")");
  return out;
}

// Arguments come by position, then by name or as *args, then as **kwargs.
void ExpressionParser::argument(Arguments& out) {
  const auto require = [&](bool holds) {
    if (!holds) fail_at(now().line, "arguments in an order that Jinja does not allow");
  };
  if (skip_symbol("*")) {
    require(!out.spread && !out.named_spread);
    out.spread = expression();
  } else if (skip_symbol("**")) {
    require(!out.named_spread);
    out.named_spread = expression();
  } else if (now().kind == TokenKind::name && next().is_symbol("=")) {
    require(!out.named_spread);
    const std::string name = take().text;
    take();
    for (const auto& [known, value] : out.named) require(known != name);
    out.named.emplace_back(name, expression());
  } else {
    require(!out.spread && !out.named_spread && out.named.empty());
    out.positional.push_back(expression());
  }
}

ExpressionPtr ExpressionParser::call(ExpressionPtr value) {
  ExpressionPtr out = adopt(make(Kind::call, now().line), std::move(value));
  out->arguments = arguments();
  return out;
}

std::string ExpressionParser::dotted_name() {
  std::string name = expect_name();
  while (skip_symbol(".")) name += "." + expect_name();
  return name;
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr value) {
  while (skip_symbol("|")) value = filter(std::move(value));
  return value;
}

ExpressionPtr ExpressionParser::filter(ExpressionPtr value) {
  const int line = now().line;
  ExpressionPtr out = adopt(make(Kind::filter, line, dotted_name()), std::move(value));
  if (now().is_symbol("(")) out->arguments = arguments();
  return out;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  const int line = take().line;
  const bool negated = skip_name("not");
  ExpressionPtr out = adopt(make(Kind::test, line, dotted_name()), std::move(value));
  const Token& token = now();
  const bool is_word = token.kind == TokenKind::name && token.text != "else" &&
                       token.text != "or" && token.text != "and";
  const bool is_literal = token.kind == TokenKind::text || token.kind == TokenKind::integer ||
                          token.kind == TokenKind::number || token.is_symbol("[") ||
                          token.is_symbol("{");
  if (token.is_symbol("(")) {
    out->arguments = arguments();
  } else if (is_word || is_literal) {
    if (token.is_name("is")) fail_at(line, "tests cannot be chained with is");
    out->arguments.positional.push_back(postfix(primary()));
  }
  return negated ? adopt(make(Kind::unary, line, "not"), std::move(out)) : std::move(out);
}

}  // namespace tinyzero::jinja
