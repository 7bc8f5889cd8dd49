#include "core/base/lfs_pointer.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/lfs_pointer");

TEST_CASE("a pointer in place of a file is named, with what to do") {
  try {
    refuse_lfs_pointer("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
                       "model.safetensors");
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(std::string(e.what()) ==
          "model.safetensors is a pointer of Git LFS, not the file itself, which was never "
          "downloaded");
    CHECK(e.hint().find("git lfs pull") != std::string::npos);
  }
  for (const char* text : {"", "{}", "version 1", " version https://git-lfs.github.com/spec/v1"})
    CHECK_NOTHROW(refuse_lfs_pointer(text, "x"));
}
