// The grade `math`: the same value, in exact arithmetic. It abstains where it cannot tell.

#include <stdexcept>

#include "tasks/dataset/grade.h"
#include "tasks/dataset/math/compare.h"
#include "tasks/dataset/math/plain_math.h"
#include "tasks/dataset/math/reader.h"

namespace tinyzero::dataset {
namespace {

class Math : public Grade {
 public:
  std::string reference(std::string_view cell) const override {
    const std::string text(final_answer(cell));
    Algebra algebra;
    read_reference(text, algebra);
    return text;
  }

  Judgement judge(const std::string& reference, std::string_view answer) const override {
    Algebra algebra;
    const Value truth = read_reference(reference, algebra);
    if (answer.size() > kLongestMath) return Judgement::unreadable;
    const std::string text = plain_math(answer);
    try {
      const Value value = read_math(text, algebra);
      if (is_list(value) && truth.kind != Value::Kind::group) return Judgement::several;
      switch (compare(truth, value, algebra)) {
        case Sameness::same: return Judgement::right;
        case Sameness::different: return Judgement::wrong;
        default: return Judgement::undecided;
      }
    } catch (const Unreadable&) {
      return Judgement::unreadable;
    } catch (const Undecided&) {
      return Judgement::undecided;
    }
  }

 private:
  // Values without brackets around them.
  static bool is_list(const Value& value) {
    return value.kind == Value::Kind::group && value.text.empty();
  }

  static Value read_reference(const std::string& text, Algebra& algebra) {
    try {
      return read_math(plain_math(text), algebra);
    } catch (const std::runtime_error& e) {  // Unreadable or Undecided
      throw std::invalid_argument(std::string("it is not read as mathematics: ") + e.what());
    }
  }
};

}  // namespace

std::unique_ptr<Grade> math_grade() { return std::make_unique<Math>(); }

}  // namespace tinyzero::dataset
