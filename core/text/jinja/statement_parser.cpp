// Statements and whole templates.

#include <algorithm>

#include "core/text/jinja/line_error.h"
#include "core/text/jinja/parser.h"

namespace tinyzero::jinja {
namespace {

class StatementParser : ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body run() { return statements({}); }

 private:
  using Ends = std::vector<std::string_view>;
  enum class Attributes { allowed, refused };

  // Statements up to a tag named in `ends`. The next token is that name.
  Body statements(const Ends& ends) {
    const Nesting nesting(*this);
    Body body;
    while (now().kind != TokenKind::end) {
      const int line = now().line;
      if (now().kind == TokenKind::block_begin) {
        take();
        const auto is_now = [&](std::string_view end) { return now().is_name(end); };
        if (std::any_of(ends.begin(), ends.end(), is_now)) return body;
        body.push_back(statement());
        expect(TokenKind::block_end, "%}");
      } else {
        Output output;
        output.pieces.push_back(printed());
        body.emplace_back(line, std::move(output));
      }
    }
    if (!ends.empty()) unexpected(std::string(ends.back()).c_str());
    return body;
  }

  ExpressionPtr printed() {
    if (now().kind == TokenKind::data) {
      ExpressionPtr out = make(Expression::Kind::constant, now().line);
      out->value = Value::text(take().text);
      return out;
    }
    take();
    ExpressionPtr out = tuple(Conditional::allowed);
    expect(TokenKind::print_end, "}}");
    return out;
  }

  // The statements of a block whose tag ends here.
  Body block(const Ends& ends) {
    skip_symbol(":");
    expect(TokenKind::block_end, "%}");
    return statements(ends);
  }
  Body block_to(std::string_view end) {
    Body body = block({end});
    take();
    return body;
  }

  Statement statement() {
    const int line = now().line;
    const std::string name = expect_name();
    if (name == "if") return {line, if_statement()};
    if (name == "for") return {line, for_statement()};
    if (name == "set") return set_statement(line);
    if (name == "macro") return {line, macro_statement()};
    if (name == "call") return {line, call_block()};
    if (name == "filter") return {line, filter_block()};
    if (name == "with") return {line, with_statement()};
    if (name == "print") return {line, print_statement()};
    if (name == "generation") return {line, generation_block()};
    if (name == "break") return {line, Break{}};
    if (name == "continue") return {line, Continue{}};
    const bool closes = name.starts_with("end") || name == "else" || name == "elif";
    fail_at(line, "the tag \"" + name.substr(0, 40) + "\" " +
                      (closes ? "closes no open block" : "is not supported"));
  }

  If if_statement() {
    If out;
    bool more = true;
    while (more) {
      ExpressionPtr test = tuple(Conditional::refused);
      Body body = block({"elif", "else", "endif"});
      out.branches.emplace_back(std::move(test), std::move(body));
      more = skip_name("elif");
    }
    if (skip_name("else")) out.otherwise = block({"endif"});
    expect_name("endif");
    return out;
  }

  For for_statement() {
    For out;
    out.target = target(Attributes::refused, "in");
    expect_name("in");
    out.sequence = tuple(Conditional::refused, "recursive");
    if (skip_name("if")) out.test = expression();
    if (now().is_name("recursive")) fail_at(now().line, "a recursive loop is not supported");
    out.body = block({"endfor", "else"});
    if (skip_name("else")) out.otherwise = block({"endfor"});
    expect_name("endfor");
    return out;
  }

  Statement set_statement(int line) {
    Target to = target(Attributes::allowed, {});
    if (skip_symbol("=")) return {line, Set{std::move(to), tuple(Conditional::allowed)}};
    SetBlock out;
    out.target = std::move(to);
    out.filter = filters(nullptr);
    out.body = block_to("endset");
    return {line, std::move(out)};
  }

  MacroStatement macro_statement() {
    MacroStatement out{std::make_shared<Routine>(), {}};
    out.routine->name = out.target.name = expect_name();
    parameters(*out.routine);
    out.routine->body = block_to("endmacro");
    return out;
  }

  CallBlock call_block() {
    CallBlock out{std::make_shared<Routine>(), nullptr};
    if (now().is_symbol("(")) parameters(*out.routine);
    const int line = now().line;
    out.call = expression();
    if (out.call->kind != Expression::Kind::call) fail_at(line, "a call block without a call");
    out.routine->body = block_to("endcall");
    return out;
  }

  CallBlock generation_block() {
    CallBlock out{std::make_shared<Routine>(), nullptr};
    out.routine->body = block_to("endgeneration");
    return out;
  }

  FilterBlock filter_block() {
    FilterBlock out;
    out.filter = filters(filter(nullptr));
    out.body = block_to("endfilter");
    return out;
  }

  With with_statement() {
    With out;
    while (now().kind != TokenKind::block_end) {
      if (!out.targets.empty()) expect_symbol(",");
      out.targets.push_back(target(Attributes::refused, {}));
      expect_symbol("=");
      out.values.push_back(expression());
    }
    out.body = block_to("endwith");
    return out;
  }

  Output print_statement() {
    Output out;
    while (now().kind != TokenKind::block_end) {
      if (!out.pieces.empty()) expect_symbol(",");
      out.pieces.push_back(expression());
    }
    return out;
  }

  void parameters(Routine& routine) {
    expect_symbol("(");
    while (!now().is_symbol(")")) {
      if (!routine.parameters.empty()) expect_symbol(",");
      Routine::Parameter parameter;
      parameter.name = variable_name();
      if (skip_symbol("=")) parameter.fallback = expression();
      else if (!routine.parameters.empty() && routine.parameters.back().fallback)
        fail_at(now().line, "a parameter without a default after one with a default");
      for (const Routine::Parameter& known : routine.parameters) {
        if (known.name == parameter.name)
          fail_at(now().line, "two parameters \"" + parameter.name + "\"");
      }
      routine.parameters.push_back(std::move(parameter));
    }
    take();
  }

  std::string variable_name() {
    static constexpr std::string_view kConstants[] = {"true",  "True", "false",
                                                      "False", "none", "None"};
    const int line = now().line;
    std::string name = expect_name();
    if (std::find(std::begin(kConstants), std::end(kConstants), name) != std::end(kConstants))
      fail_at(line, "\"" + name + "\" cannot be assigned to");
    return name;
  }

  // One target or several, up to a symbol or the name `end`.
  Target target(Attributes attributes, std::string_view end) {
    Target out = single_target(attributes, end);
    if (!now().is_symbol(",")) return out;
    Target all;
    all.kind = Target::Kind::tuple;
    all.elements.push_back(std::move(out));
    while (skip_symbol(",")) {
      const bool ends = now().kind == TokenKind::block_end || now().is_symbol(")") ||
                        (!end.empty() && now().is_name(end));
      if (ends) break;
      all.elements.push_back(single_target(attributes, end));
    }
    return all;
  }

  Target single_target(Attributes attributes, std::string_view end) {
    const Nesting nesting(*this);
    if (skip_symbol("(")) {
      Target out = target(Attributes::refused, end);
      expect_symbol(")");
      return out;
    }
    Target out;
    out.name = variable_name();
    if (attributes == Attributes::allowed && skip_symbol(".")) {
      out.kind = Target::Kind::attribute;
      out.attribute = expect_name();
    }
    return out;
  }
};

}  // namespace

Body parse(std::string_view source) { return StatementParser(tokenize(source)).run(); }

}  // namespace tinyzero::jinja
