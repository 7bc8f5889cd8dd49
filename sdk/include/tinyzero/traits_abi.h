/* The extension "tinyzero.traits/1" of the task ABI: what a completion does, as named numbers. They
 * are measured and shown, and never rewarded. Compiles as C11, C++17 and C++20. C++ authors use
 * task.h instead of this file. */
#ifndef TINYZERO_TRAITS_ABI_H
#define TINYZERO_TRAITS_ABI_H

#include "tinyzero/task_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TINYZERO_TRAITS "tinyzero.traits/1"
#define TINYZERO_TASK_MAX_TRAITS 64u

/* An element of an array: frozen. */
typedef struct tz_trait {
  const char* name; /* snake_case, unique; at most TINYZERO_TASK_MAX_NAME bytes */
  const char* doc;  /* one sentence; at most TINYZERO_TASK_MAX_LINE bytes */
  /* The trait that counts what this one is a share of ("steps"): the mean over completions weighs
   * each of them by it. NULL: all completions weigh the same. */
  const char* per;
} tz_trait;

typedef struct tz_traits {
  uint32_t size;
  uint32_t n_traits;
  const tz_trait* traits;
  /* [one] Writes n rows of n_traits numbers to `out`. NaN: the trait does not apply to the
   * completion, so no mean counts it. Pure in (state, completion). Of `call` only the cursor is
   * given. */
  tz_status (*count)(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                     uint32_t n, double* out, tz_error* error);
} tz_traits;

#ifdef __cplusplus
}
#endif

#endif
