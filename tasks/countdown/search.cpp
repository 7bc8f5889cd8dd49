#include "search.h"

#include "tinyzero/expression_text.h"

namespace tinyzero::countdown {
namespace {

// Replaces the step's two elements by `result`, at the end.
template <class List, class Element>
void replace(List& list, const Step& step, Element result) {
  List next;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i != step.left && i != step.right) next.push_back(list[i]);
  }
  next.push_back(std::move(result));
  list = std::move(next);
}

}  // namespace

Values values_of(const std::vector<std::int64_t>& numbers) {
  Values out;
  for (const std::int64_t number : numbers) out.value.at(out.count++) = number;
  return out;
}

std::vector<Step> steps(std::size_t n, std::string_view operators) {
  std::vector<Step> out;
  out.reserve(n * n * operators.size());
  for (std::uint8_t i = 0; i < n; ++i) {
    for (std::uint8_t j = static_cast<std::uint8_t>(i + 1); j < n; ++j) {
      for (const char op : operators) {
        out.push_back({i, j, op});
        if (op == '-' || op == '/') out.push_back({j, i, op});
      }
    }
  }
  return out;
}

bool take(Values& values, const Step& step) {
  Rational result = values.value[step.left];
  if (result.apply(step.op, values.value[step.right]) != Rational::Status::ok) return false;
  std::size_t count = 0;
  for (std::size_t i = 0; i < values.count; ++i) {
    if (i != step.left && i != step.right) values.value[count++] = values.value[i];
  }
  values.value[count++] = result;
  values.count = count;
  return true;
}

Ways::Ways(std::string_view operators) {
  count_[1] = 1;
  for (std::size_t n = 2; n <= kMaxNumbers; ++n) {
    for (const Step& step : steps(n, operators)) steps_[n].emplace_back(step);
    count_[n] = count_[n - 1] * steps_[n].size();  // 21 million for six numbers
  }
}

std::string expression_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path) {
  std::vector<ExpressionText> terms;
  for (const std::int64_t number : numbers) terms.push_back({std::to_string(number)});
  for (const Step& step : path)
    replace(terms, step, joined(terms[step.left], step.op, terms[step.right]));
  return terms.front().text;
}

std::string lines_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path) {
  Values values = values_of(numbers);
  std::string out;
  for (const Step& step : path) {
    out += (out.empty() ? "" : ",") + to_string(values.value[step.left]) + step.op +
           to_string(values.value[step.right]);
    take(values, step);
    out += "=" + to_string(values.value[values.count - 1]);
    for (std::size_t i = 0; i + 1 < values.count; ++i) out += " " + to_string(values.value[i]);
  }
  return out;
}

}  // namespace tinyzero::countdown
