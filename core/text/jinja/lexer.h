// A template cut into tokens, as Jinja's lexer does with trim_blocks and lstrip_blocks, the
// settings of transformers: a line end after a block goes, and so do blanks before one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero::jinja {

enum class TokenKind {
  data,  // text outside of tags
  print_begin,
  print_end,
  block_begin,
  block_end,
  name,
  text,
  integer,
  number,
  symbol,
  end
};

struct Token {
  TokenKind kind;
  std::string text;  // of data, names, texts (unescaped) and symbols
  int line;
  std::int64_t integer = 0;
  double number = 0;

  bool is_name(std::string_view name) const { return kind == TokenKind::name && text == name; }
  bool is_symbol(std::string_view name) const { return kind == TokenKind::symbol && text == name; }
};

// The tokens of a template, `end` last. Throws Error naming the line.
std::vector<Token> tokenize(std::string_view source);

// Ends with an Error about a line of the template.
[[noreturn]] void fail_at(int line, const std::string& what);

}  // namespace tinyzero::jinja
