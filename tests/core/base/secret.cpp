#include "core/base/secret.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/file.h"
#include "support/process.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/secret");

TEST_CASE("a secret is taken once, and its memory overwritten") {
  CHECK(take_secret("TINYZERO_NO_SUCH_VARIABLE").empty());
  ::setenv("TINYZERO_TEST_SECRET", "sesame", 1);
  const char* where = std::getenv("TINYZERO_TEST_SECRET");
  CHECK(take_secret("TINYZERO_TEST_SECRET") == "sesame");
  CHECK(std::getenv("TINYZERO_TEST_SECRET") == nullptr);
  for (int i = 0; i < 6; ++i) CHECK(where[i] == '\0');
}
