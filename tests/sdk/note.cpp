// The note of a library, here of this test program.

#include "tinyzero/note.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

TINYZERO_NOTE(TINYZERO_NOTE_ALGORITHM, "id=test\nabi=1.0\n");

TEST_SUITE_BEGIN("sdk/note");

// An ELF note is three words, the owner and the text, each padded to 4 bytes (elf.h: Elf64_Nhdr).
TEST_CASE("a note has the layout of an ELF note") {
  CHECK(tinyzero_note.owner_size == sizeof "tinyzero");
  CHECK(tinyzero_note.text_size == sizeof "id=test\nabi=1.0\n");
  CHECK(tinyzero_note.note_type == TINYZERO_NOTE_ALGORITHM);
  CHECK(std::string(tinyzero_note.owner) == "tinyzero");
  CHECK(std::string(tinyzero_note.body) == "id=test\nabi=1.0\n");
  CHECK(offsetof(decltype(tinyzero_note), owner) == 12);
  CHECK(offsetof(decltype(tinyzero_note), body) == 12 + 12);
  CHECK(reinterpret_cast<std::uintptr_t>(&tinyzero_note) % 4 == 0);
}

TEST_CASE("the compiler and the version are named") {
  CHECK(std::string(TINYZERO_VERSION).find('.') != std::string::npos);
  const std::string compiler = TINYZERO_COMPILER;
  CHECK((compiler.starts_with("gcc ") || compiler.starts_with("clang ")));
}
