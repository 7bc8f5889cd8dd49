/* The portable task in plain C, against the ABI itself. Its states are those that it wrote. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"
#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"

TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=portable\nabi=1.0\nsdk=" TINYZERO_VERSION "\ncompiler=c\n");

struct tz_instance {
  int64_t most;
};

static tz_status create(const tz_host* host, const tz_value* values, tz_instance** out,
                        tz_error* error) {
  (void)host;
  if (values[0].integers[0] == 13) {
    strcpy(error->text, "most is 13");
    return TZ_BAD_PARAMETER;
  }
  *out = malloc(sizeof **out);
  (*out)->most = values[0].integers[0];
  return TZ_OK;
}

static void destroy(tz_instance* instance) { free(instance); }

static tz_status draw(tz_instance* instance, const tz_draw* draws, uint32_t n,
                      const tz_item_sink* sink, tz_error* error) {
  (void)error;
  for (uint32_t i = 0; i < n; ++i) {
    char prompt[32], state[64];
    const int64_t a = portable_number(draws[i].seed, draws[i].index, 0) % (instance->most + 1);
    const int64_t b = portable_number(draws[i].seed, draws[i].index, 1) % (instance->most + 1);
    const int prompt_size = snprintf(prompt, sizeof prompt, "%" PRId64 "+%" PRId64, a, b);
    const int state_size =
        snprintf(state, sizeof state, "{\"a\":%" PRId64 ",\"b\":%" PRId64 "}", a, b);
    const tz_item item = {{prompt, (uint64_t)prompt_size},
                          {prompt, (uint64_t)prompt_size},
                          {state, (uint64_t)state_size},
                          (double)(a + b)};
    const tz_status status = sink->add(sink->context, &item);
    if (status != TZ_OK) return status;
  }
  return TZ_OK;
}

/* The last place of `word` in the first `size` bytes of `text`, or NULL. */
static const char* find_last(const char* text, uint64_t size, const char* word) {
  const uint64_t length = strlen(word);
  for (uint64_t at = size; at >= length; --at) {
    if (memcmp(text + at - length, word, length) == 0) return text + at - length;
  }
  return NULL;
}

static tz_verdict judge(const tz_answer* answer) {
  tz_verdict verdict = {0, TZ_UNPARSABLE, 1, {0}};
  const char *text = answer->completion.data,
             *close = answer->completion.size
                          ? find_last(text, answer->completion.size, "</answer>")
                          : NULL;
  const char* open = close ? find_last(text, (uint64_t)(close - text), "<answer>") : NULL;
  if (!open) return verdict;
  open += strlen("<answer>");
  while (open < close && strchr(" \t\r\n", *open)) ++open;
  while (open < close && strchr(" \t\r\n", close[-1])) --close;
  char state[64] = {0}, expected[32];
  memcpy(state, answer->state.data,
         answer->state.size < sizeof state ? answer->state.size : sizeof state - 1);
  int64_t a = 0, b = 0;
  verdict.outcome = TZ_ERROR;
  verdict.reason = 3;
  if (sscanf(state, "{\"a\":%" SCNd64 ",\"b\":%" SCNd64, &a, &b) != 2) return verdict;
  if (close - open == 5 && memcmp(open, "throw", 5) == 0) return verdict;
  snprintf(expected, sizeof expected, "%" PRId64, a + b);
  const int right =
      (size_t)(close - open) == strlen(expected) && memcmp(open, expected, strlen(expected)) == 0;
  verdict.outcome = TZ_SCORED;
  verdict.reason = right ? 0 : 2;
  verdict.reward = verdict.parts[0] = right ? 1 : 0;
  return verdict;
}

static tz_status verify(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                        uint32_t n, tz_verdict* out, tz_error* error) {
  (void)instance;
  (void)error;
  for (uint32_t i = 0; i < n; ++i) {
    if (call && call->cursor) *call->cursor = i;
    out[i] = judge(&answers[i]);
  }
  return TZ_OK;
}

static const void* extension(const char* id) {
  (void)id;
  return NULL;
}

static const char* const parts[] = {"correct"};
static const char* const reasons[] = {"correct", "no answer", "wrong value", "task error"};
static const tz_param params[] = {
    {sizeof(tz_param), TZ_INTEGER, 1, 0, "most", "largest number", "999", 1, 999, NULL, NULL, NULL},
};
static const tz_task task = {sizeof(tz_task),
                             TZ_REENTRANT,
                             "portable",
                             "add two numbers",
                             "1.0.0",
                             "For tests.",
                             1,
                             0,
                             1,
                             1,
                             4,
                             parts,
                             reasons,
                             params,
                             1,
                             create,
                             destroy,
                             draw,
                             verify,
                             extension};
static const tz_task* const tasks[] = {&task};
static const tz_module module = {sizeof(tz_module), TINYZERO_TASK_ABI_MAJOR,
                                 TINYZERO_TASK_ABI_MINOR, 1, tasks};

const tz_module* tinyzero_task_v1(uint32_t host_major, uint32_t host_minor);
__attribute__((visibility("default"))) const tz_module* tinyzero_task_v1(uint32_t host_major,
                                                                         uint32_t host_minor) {
  (void)host_major;
  (void)host_minor;
  return &module;
}
