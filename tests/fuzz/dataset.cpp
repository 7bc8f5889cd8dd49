// libFuzzer target: the grades of data files, on any reference and any answer. A finding is a
// crash, a sanitizer's report, a hang, or a judgement that breaks a promise below.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tasks/dataset/find.h"
#include "tasks/dataset/grade.h"

using namespace tinyzero::dataset;

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void judge(const Grade& grade, std::string_view cell, std::string_view completion) {
  const std::string reference = grade.reference(cell);
  require(grade.reference(reference) == reference, "a reference is its own reference");
  if (const auto answer = grade.answer(reference)) {
    const Judgement own = grade.judge(reference, *answer);
    require(own == Judgement::right || own == Judgement::undecided, "a reference is right");
  }
  for (const char* find : {"auto", "boxed", "marker", "last_line"}) {
    AnswerPlace place;
    place.find = find;
    const auto answer = place(completion);
    if (!answer) continue;
    require(grade.judge(reference, *answer) == grade.judge(reference, *answer),
            "the same answer has the same judgement");
  }
}

}  // namespace

// The first byte chooses the grade; a NUL stands between the reference and the completion.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Grade> kGrades[] = {exact_grade(true), number_grade(),
                                                   choice_grade(5), regex_grade(), math_grade()};
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t nul = text.find('\0');
  try {
    judge(*kGrades[data[0] % 5], text.substr(0, nul),
          nul == std::string_view::npos ? std::string_view() : text.substr(nul + 1));
  } catch (const std::invalid_argument&) {  // no reference answer
  }
  return 0;
}
