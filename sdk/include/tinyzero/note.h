/* The note: what a plugin library is, readable from the ELF file without running it.
 *
 * Section .note.tinyzero holds one ELF note, owner "tinyzero", whose text is lines of name=value.
 * The host reads it before it loads a library (core/plugin/elf.h), refuses by name what does not
 * fit, and lists plugins without loading them. Compiles as C11 and C++17. */
#ifndef TINYZERO_NOTE_H
#define TINYZERO_NOTE_H

#include <stdint.h>

#define TINYZERO_VERSION "0.1.0"

#define TINYZERO_NOTE_OWNER "tinyzero"
#define TINYZERO_NOTE_TASK 1u
#define TINYZERO_NOTE_ALGORITHM 2u

#if defined(__clang__)
#define TINYZERO_COMPILER "clang " __clang_version__
#else
#define TINYZERO_COMPILER "gcc " __VERSION__
#endif

/* Defines the note of this library; once, at file scope. `type` is TINYZERO_NOTE_TASK or
 * _ALGORITHM, `text` a string literal of lines "name=value\n". */
#define TINYZERO_NOTE(type, text)                                                  \
  static const struct {                                                            \
    uint32_t owner_size, text_size, note_type;                                     \
    char owner[12];                                                                \
    char body[sizeof(text)];                                                       \
  } tinyzero_note __attribute__((section(".note.tinyzero"), used, aligned(4))) = { \
      sizeof(TINYZERO_NOTE_OWNER), sizeof(text), type, TINYZERO_NOTE_OWNER, text}

#endif
