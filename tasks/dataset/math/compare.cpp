#include "tasks/dataset/math/compare.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "tasks/dataset/math/words.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

using Kind = Value::Kind;

Sameness known(bool is_same) { return is_same ? Sameness::same : Sameness::different; }

// The same only where all parts are, and different where one is.
Sameness both(Sameness a, Sameness b) {
  if (a == Sameness::different || b == Sameness::different) return Sameness::different;
  return a == Sameness::unknown || b == Sameness::unknown ? Sameness::unknown : Sameness::same;
}

std::string folded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out += ascii_lower(c);
  }
  return out;
}

// The name of a lone variable; "" for anything else.
std::string variable(const Value& value) {
  if (value.kind != Kind::scalar || value.scalar.top.size() != 1 ||
      !same(value.scalar.bottom, kOne))
    return "";
  const auto& [monomial, coefficient] = *value.scalar.top.begin();
  const bool is_lone = monomial.size() == 1 && monomial[0].exponent == Rational(1) &&
                       coefficient == Rational(1) && !is_ascii_digit(monomial[0].symbol[0]);
  return is_lone ? monomial[0].symbol : "";
}

// What "x = 5" says about a variable: 5.
const Value* assigned(const Value& value) {
  const bool assigns =
      value.kind == Kind::relation && value.text == "=" && !variable(value.items[0]).empty();
  return assigns ? &value.items[1] : nullptr;
}

// An inequality read from the right: 5 > x of x < 5.
Value mirrored(const Value& value) {
  constexpr std::string_view kSigns = "<>lg", kMirrored = "><gl";
  Value out = value;
  std::reverse(out.text.begin(), out.text.end());
  std::reverse(out.items.begin(), out.items.end());
  for (char& sign : out.text) {
    const std::size_t at = kSigns.find(sign);
    if (at != std::string_view::npos) sign = kMirrored[at];
  }
  return out;
}

class Comparison {
 public:
  explicit Comparison(Algebra& algebra) : algebra_(algebra) {}

  Sameness compare(const Value& a, const Value& b) {
    if (a.kind == Kind::relation || b.kind == Kind::relation) return relations(a, b);
    if (a.kind != b.kind) return Sameness::different;
    switch (a.kind) {
      case Kind::scalar: return scalars(a, b);
      case Kind::group: return groups(a, b);
      case Kind::join: return in_any_order(a.items, b.items);
      default: return known(folded(a.text) == folded(b.text));
    }
  }

 private:
  Sameness relations(const Value& a, const Value& b) {
    const Value *left = assigned(a), *right = assigned(b);
    if (left != nullptr && right != nullptr) {
      const Sameness values = compare(*left, *right);
      const bool same_variable = variable(a.items[0]) == variable(b.items[0]);
      return same_variable ? values : both(values, Sameness::unknown);
    }
    if (left != nullptr && b.kind != Kind::relation) return compare(*left, b);
    if (right != nullptr && a.kind != Kind::relation) return compare(a, *right);
    if (a.kind != b.kind) return Sameness::different;
    if (a.text == "=" && b.text == "=") return equations(a, b);
    const Value turned = mirrored(b);
    for (const Value* other : {&b, &turned}) {
      if (a.text == other->text && in_order(a.items, other->items) == Sameness::same)
        return Sameness::same;
    }
    return Sameness::unknown;
  }

  // Equations are the same if their differences of both sides are multiples.
  Sameness equations(const Value& a, const Value& b) {
    for (const Value* equation : {&a, &b}) {
      for (const Value& side : equation->items) {
        if (side.kind != Kind::scalar) return in_order(a.items, b.items);
      }
    }
    const auto difference = [&](const Value& e) {
      return algebra_.add(e.items[0].scalar, algebra_.negative(e.items[1].scalar)).top;
    };
    const Sum left = difference(a), right = difference(b);
    return known(same(left, right) || is_multiple(left, right));
  }

  Sameness scalars(const Value& a, const Value& b) {
    const bool percent_a = a.text == kPercent, percent_b = b.text == kPercent;
    const Sameness values = algebra_.compare(a.scalar, b.scalar);
    if (percent_a != percent_b && values != Sameness::same) {
      const Scalar hundredth = algebra_.divide(Algebra::number(1), Algebra::number(100));
      const auto share = [&](const Value& value, bool is_percent) {
        return is_percent ? algebra_.multiply(value.scalar, hundredth) : value.scalar;
      };
      return algebra_.compare(share(a, percent_a), share(b, percent_b));
    }
    const bool other_units = !a.text.empty() && !b.text.empty() && folded(a.text) != folded(b.text);
    if (other_units) return both(values, Sameness::unknown);
    return values == Sameness::different && differ_by_letter(a, b) ? Sameness::unknown : values;
  }

  // 5 and 5m: meters, perhaps.
  bool differ_by_letter(const Value& a, const Value& b) {
    const Scalar& one = a.scalar.top.size() == 1 && is_rational(a.scalar) ? a.scalar : b.scalar;
    const Scalar& other = &one == &a.scalar ? b.scalar : a.scalar;
    if (!is_rational(one) || one.top.empty() || other.top.size() != 1) return false;
    const Value ratio{.kind = Kind::scalar, .scalar = algebra_.divide(other, one)};
    return is_unit_letter(variable(ratio));
  }

  Sameness groups(const Value& a, const Value& b) {
    const auto is_unordered = [](const Value& v) { return v.text.empty() || v.text == "{}"; };
    if (is_unordered(a) && is_unordered(b)) return in_any_order(a.items, b.items);
    const Sameness items = in_order(a.items, b.items);
    if (a.text == b.text) return items;
    const auto is_interval = [](const Value& v) {
      return v.items.size() == 2 && (v.text[0] == '(' || v.text[0] == '[');
    };
    const bool other_ends = !a.text.empty() && !b.text.empty() && is_interval(a) && is_interval(b);
    return other_ends ? Sameness::different : both(items, Sameness::unknown);
  }

  Sameness in_order(const std::vector<Value>& a, const std::vector<Value>& b) {
    if (a.size() != b.size()) return Sameness::different;
    Sameness out = Sameness::same;
    for (std::size_t i = 0; i < a.size() && out != Sameness::different; ++i)
      out = both(out, compare(a[i], b[i]));
    return out;
  }

  // Each item of one has its own in the other. Where some comparisons are open, so is the result,
  // unless an item differs from all.
  Sameness in_any_order(const std::vector<Value>& a, const std::vector<Value>& b) {
    if (a.size() != b.size()) return Sameness::different;
    std::vector<bool> is_used(b.size(), false);
    Sameness out = Sameness::same;
    for (const Value& item : a) {
      Sameness found = Sameness::different;
      for (std::size_t i = 0; i < b.size() && found != Sameness::same; ++i) {
        const Sameness here = is_used[i] ? Sameness::different : compare(item, b[i]);
        if (here == Sameness::same) is_used[i] = true;
        if (here != Sameness::different) found = here;
      }
      out = both(out, found);
    }
    return out;
  }

  Algebra& algebra_;
};

}  // namespace

Sameness compare(const Value& reference, const Value& answer, Algebra& algebra) {
  return Comparison(algebra).compare(reference, answer);
}

}  // namespace tinyzero::dataset
