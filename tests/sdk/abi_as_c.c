/* task_abi.h must be usable from C11; the layout on 64-bit machines is what plugins were built with. */
#include <stddef.h>

#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"

_Static_assert(sizeof(tz_bytes) == 16, "tz_bytes");
_Static_assert(sizeof(tz_param) == 80, "tz_param");
_Static_assert(offsetof(tz_param, choices) == 56 && offsetof(tz_param, needs_value) == 72, "tz_param");
_Static_assert(sizeof(tz_value) == 32, "tz_value");
_Static_assert(sizeof(tz_draw) == 16, "tz_draw");
_Static_assert(sizeof(tz_item) == 56, "tz_item");
_Static_assert(sizeof(tz_answer) == 32, "tz_answer");
_Static_assert(sizeof(tz_verdict) == 64, "tz_verdict");
_Static_assert(sizeof(tz_call) == 32, "tz_call");
_Static_assert(sizeof(tz_task) == 144, "tz_task");
_Static_assert(offsetof(tz_task, create) == 104 && offsetof(tz_task, extension) == 136, "tz_task");
_Static_assert(sizeof(tz_module) == 24, "tz_module");

TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=nothing\n");

int tinyzero_abi_as_c(void) { return (int)tinyzero_note.note_type; }
