// Tables of kernels are chosen by name, by precision and by the environment.

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/kernels/kernels.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/dispatch");

namespace {

// TINYZERO_CPU for a scope.
class NamedTable {
 public:
  explicit NamedTable(const char* name) {
    if (const char* before = std::getenv("TINYZERO_CPU")) before_ = before;
    ::setenv("TINYZERO_CPU", name, /*overwrite=*/1);
  }
  ~NamedTable() {
    if (before_.empty()) ::unsetenv("TINYZERO_CPU");
    else ::setenv("TINYZERO_CPU", before_.c_str(), /*overwrite=*/1);
  }
  NamedTable(const NamedTable&) = delete;
  NamedTable& operator=(const NamedTable&) = delete;

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("every machine has the scalar tables, and they are its last choice") {
  const auto names = kernel_names();
  REQUIRE(names.size() >= 2);
  CHECK(names[names.size() - 2] == std::string("scalar"));
  CHECK(names.back() == std::string("scalar-bf16"));
}

TEST_CASE("tables are found by name, and say how many numbers a word holds") {
  for (const std::string name : kernel_names()) {
    CAPTURE(name);
    CHECK(kernels(name).name == name);
    CHECK(kernels(name).numbers_per_word == (name.ends_with("-bf16") ? 2 : 1));
    CHECK(kernels(name).words(7) == (name.ends_with("-bf16") ? 4 : 7));
  }
  CHECK_THROWS_WITH_AS(kernels("sse9"), "no kernels \"sse9\" on this machine", Error);
}

TEST_CASE("a precision gives the best table that has it") {
  const NamedTable none("");
  CHECK(kernels_for("f32").numbers_per_word == 1);
  CHECK(kernels_for("bf16").numbers_per_word == 2);
  CHECK(kernels_for("auto").name == std::string(kernel_names().front()));
}

TEST_CASE("TINYZERO_CPU names the table, and a precision its sibling") {
  const NamedTable scalar("scalar");
  CHECK(kernels_for("auto").name == std::string("scalar"));
  CHECK(kernels_for("f32").name == std::string("scalar"));
  CHECK(kernels_for("bf16").name == std::string("scalar-bf16"));
  const NamedTable sibling("scalar-bf16");
  CHECK(kernels_for("auto").name == std::string("scalar-bf16"));
  CHECK(kernels_for("f32").name == std::string("scalar"));
  const NamedTable wrong("sse9");
  CHECK_THROWS_AS(kernels_for("f32"), Error);
}

TEST_CASE("the table in use is the one that was chosen last") {
  const Kernels& before = kernels();
  use_kernels(kernels("scalar-bf16"));
  CHECK(&kernels() == &kernels("scalar-bf16"));
  use_kernels(before);
  CHECK(&kernels() == &before);
}
