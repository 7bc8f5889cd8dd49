// Cuts a template into tokens, as Jinja's lexer does with trim_blocks and lstrip_blocks (the
// settings of transformers): a line end after a block is removed, and so are blanks before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinyzero::jinja {

enum class TokenKind {
  data,  // text outside tags
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
  std::string text;  // data, names, texts (unescaped) and symbols
  int line;
  std::int64_t integer = 0;
  double number = 0;

  bool is_name(std::string_view name) const { return kind == TokenKind::name && text == name; }
  bool is_symbol(std::string_view name) const { return kind == TokenKind::symbol && text == name; }
};

// The tokens of a template; the last one is `end`. Throws Error naming the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace tinyzero::jinja
