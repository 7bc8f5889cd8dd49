// Writing expressions: operands joined by + - * /, with no parentheses that are not needed.
#pragma once

#include <string>

namespace tinyzero {

// An expression and the operation it is made by last; '\0' for a number.
struct ExpressionText {
  std::string text;
  char op = '\0';
};

// "left op right", an operand in parentheses where the operation would otherwise bind differently:
// (9-7)*3, 9-(7-3), 8/(4*2).
inline ExpressionText joined(const ExpressionText& left, char op, const ExpressionText& right) {
  const auto is_sum = [](char c) { return c == '+' || c == '-'; };
  const auto operand = [&](const ExpressionText& e, bool is_right) {
    const bool needed = is_sum(op) ? is_right && op == '-' && is_sum(e.op)
                                   : is_sum(e.op) || (is_right && op == '/' && e.op != '\0');
    return needed ? "(" + e.text + ")" : e.text;
  };
  return {operand(left, false) + op + operand(right, true), op};
}

}  // namespace tinyzero
