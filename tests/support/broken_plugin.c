/* Libraries that a host must refuse; -DBROKEN_… says how each is broken. */
#include <stddef.h>
#include <stdlib.h>

#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"

#if defined(BROKEN_ABI)
TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=broken\nabi=9.0\n");
#else
TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=broken\nabi=1.0\n");
#endif

#if defined(BROKEN_UNDEFINED)
extern int function_that_no_library_has(void);
int uses_it(void) { return function_that_no_library_has(); }
#endif

#if !defined(BROKEN_ENTRY)
const tz_module* tinyzero_task_v1(uint32_t major, uint32_t minor) {
#if defined(BROKEN_REFUSES)
  (void)major;
  (void)minor;
  return NULL;
#else
  static const tz_module module = {sizeof(tz_module), 1 + BROKEN_MODULE, 0, 0, NULL};
  (void)major;
  (void)minor;
  return &module;
#endif
}
#endif
