// One notation for what people write.

#include "tasks/dataset/math/plain_math.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/plain_math");

TEST_CASE("spacing, sizes, dollars and signs of Unicode are brought to one notation") {
  struct Case {
    const char *text, *plain;
  };
  const Case cases[] = {{"$\\left(1,\\,2\\right)$.", "(1, 2)"},
                        {"\\dfrac{1}{2}", "\\frac{1}{2}"},
                        {"\\leftarrow", "\\leftarrow"},
                        {"10,\\!000", "10,000"},
                        {"3\\times 4", "3* 4"},
                        {"\\(x\\)", "x"},
                        {"\\$5", "5"},
                        {"5\\%", "5%"},
                        {"2**3", "2^3"},
                        {"\xE2\x88\x92"
                         "5",
                         "-5"},
                        {"3\xC3\x97"
                         "4",
                         "3*4"},
                        {"\\mathrm{cm}", "\\text{cm}"},
                        {"x \\leq 3", "x \\le 3"},
                        {"90\xC2\xB0", "90^\\circ"},
                        {"42...", "42"},
                        {"\\", "\\"}};
  for (const Case& c : cases) CHECK(plain_math(c.text) == c.plain);
}
