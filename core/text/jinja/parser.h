// Tokens to a tree, by Jinja's grammar.
#pragma once

#include <string_view>

#include "core/text/jinja/lexer.h"
#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// The statements of a template, whose variables have no slots yet. Throws Error naming the line,
// also for statements that need other templates, which a chat template lacks.
Body parse(std::string_view source);

// Expressions, token by token.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

 protected:
  enum class Conditional { allowed, refused };

  const Token& now() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool skip_name(std::string_view name);
  bool skip_symbol(std::string_view symbol);
  std::string expect_name();
  void expect_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  void expect(TokenKind kind, const char* what);
  [[noreturn]] void unexpected(const char* wanted) const;

  ExpressionPtr expression(Conditional conditional = Conditional::allowed);
  // One or several expressions, separated by commas, up to the end of a tag, a bracket or the name
  // `end`.
  ExpressionPtr tuple(Conditional conditional, std::string_view end = {});
  // Filters after `value`, which is null in a filter block.
  ExpressionPtr filters(ExpressionPtr value);
  ExpressionPtr filter(ExpressionPtr value);
  Arguments arguments();
  ExpressionPtr make(Expression::Kind kind, int line, std::string name = {});
  // The parent with one more child, which may be null.
  ExpressionPtr adopt(ExpressionPtr parent, ExpressionPtr child) const;

  // Counts nesting during its lifetime.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };

 private:
  using Rule = ExpressionPtr (ExpressionParser::*)();

  ExpressionPtr conditional();
  ExpressionPtr left_to_right(Rule rule, std::initializer_list<std::string_view> operators);
  ExpressionPtr disjunction();
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  std::string comparison_operator();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary();
  ExpressionPtr signed_primary(bool with_filters);
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr text_literal();
  ExpressionPtr parenthesized();
  ExpressionPtr list_literal();
  ExpressionPtr dict_literal();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr filters_and_tests(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr slice_or_item(ExpressionPtr value);
  ExpressionPtr slice(ExpressionPtr value, ExpressionPtr start, int line);
  void end_subscript(int line);
  ExpressionPtr call(ExpressionPtr value);
  void argument(Arguments& out);
  ExpressionPtr test(ExpressionPtr value);
  std::string dotted_name();
  bool ends_tuple(std::string_view end) const;

  std::vector<Token> tokens_;
  std::size_t at_ = 0;  // tokens consumed
  int depth_ = 0;
};

}  // namespace tinyzero::jinja
