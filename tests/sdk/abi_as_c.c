/* task_abi.h must be usable from C11, and its layout on 64-bit machines is frozen: plugins were
 * built with it. New members of a struct that has a `size` go to its end, with a line here; the
 * numbers of the lines that are here never change. */
#include <stddef.h>

#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"
#include "tinyzero/traits_abi.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, #type)
#define AT(type, member, bytes) _Static_assert(offsetof(type, member) == bytes, #type "." #member)

SIZE(tz_bytes, 16);
AT(tz_bytes, data, 0);
AT(tz_bytes, size, 8);

SIZE(tz_error, 1024);
AT(tz_error, text, 0);

SIZE(tz_param, 80);
AT(tz_param, size, 0);
AT(tz_param, type, 4);
AT(tz_param, max_count, 8);
AT(tz_param, n_choices, 12);
AT(tz_param, name, 16);
AT(tz_param, doc, 24);
AT(tz_param, fallback, 32);
AT(tz_param, low, 40);
AT(tz_param, high, 48);
AT(tz_param, choices, 56);
AT(tz_param, needs_name, 64);
AT(tz_param, needs_value, 72);

SIZE(tz_value, 32);
AT(tz_value, type, 0);
AT(tz_value, count, 4);
AT(tz_value, integers, 8);
AT(tz_value, reals, 16);
AT(tz_value, texts, 24);

SIZE(tz_draw, 16);
AT(tz_draw, seed, 0);
AT(tz_draw, index, 8);

SIZE(tz_item, 56);
AT(tz_item, prompt, 0);
AT(tz_item, key, 16);
AT(tz_item, state, 32);
AT(tz_item, difficulty, 48);

SIZE(tz_item_sink, 16);
AT(tz_item_sink, context, 0);
AT(tz_item_sink, add, 8);

SIZE(tz_text_sink, 16);
AT(tz_text_sink, context, 0);
AT(tz_text_sink, write, 8);

SIZE(tz_answer, 32);
AT(tz_answer, state, 0);
AT(tz_answer, completion, 16);

SIZE(tz_verdict, 64);
AT(tz_verdict, reward, 0);
AT(tz_verdict, outcome, 8);
AT(tz_verdict, reason, 12);
AT(tz_verdict, parts, 16);

SIZE(tz_call, 32);
AT(tz_call, size, 0);
AT(tz_call, reserved, 4);
AT(tz_call, cursor, 8);
AT(tz_call, context, 16);
AT(tz_call, explain, 24);

SIZE(tz_host, 32);
AT(tz_host, size, 0);
AT(tz_host, abi_minor, 4);
AT(tz_host, context, 8);
AT(tz_host, log, 16);
AT(tz_host, extension, 24);

SIZE(tz_task, 144);
AT(tz_task, size, 0);
AT(tz_task, flags, 4);
AT(tz_task, id, 8);
AT(tz_task, title, 16);
AT(tz_task, version, 24);
AT(tz_task, doc, 32);
AT(tz_task, reward_full, 40);
AT(tz_task, reward_min, 48);
AT(tz_task, reward_max, 56);
AT(tz_task, n_parts, 64);
AT(tz_task, n_reasons, 68);
AT(tz_task, parts, 72);
AT(tz_task, reasons, 80);
AT(tz_task, params, 88);
AT(tz_task, n_params, 96);
AT(tz_task, create, 104);
AT(tz_task, destroy, 112);
AT(tz_task, draw, 120);
AT(tz_task, verify, 128);
AT(tz_task, extension, 136);

SIZE(tz_solve, 16);
AT(tz_solve, size, 0);
AT(tz_solve, solve, 8);

SIZE(tz_demonstrate, 16);
AT(tz_demonstrate, size, 0);
AT(tz_demonstrate, demonstrate, 8);

SIZE(tz_trait, 24);
AT(tz_trait, name, 0);
AT(tz_trait, doc, 8);
AT(tz_trait, per, 16);

SIZE(tz_traits, 24);
AT(tz_traits, size, 0);
AT(tz_traits, n_traits, 4);
AT(tz_traits, traits, 8);
AT(tz_traits, count, 16);

SIZE(tz_module, 24);
AT(tz_module, size, 0);
AT(tz_module, abi_major, 4);
AT(tz_module, abi_minor, 8);
AT(tz_module, n_tasks, 12);
AT(tz_module, tasks, 16);

TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=nothing\n");

int tinyzero_abi_as_c(void) { return (int)tinyzero_note.note_type; }
