/* A task that does what the name of its file says: STAGE-ACT.so misbehaves by ACT at STAGE, and
 * is a good task otherwise. For tests of workers. STAGE is constructor, entry, create, draw,
 * verify, solve, demonstrate or thread (one that create starts, and that acts once verify is
 * called); or about, item, verdict, call, batch, cursor or silent, for what the task tells its
 * host.
 *
 * verify gives 1 for the answer "right", and acts on the answer "act". An act that must not
 * succeed but does says so by "IT WORKED" in an error. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hostile_process.h"
#include "tinyzero/note.h"
#include "tinyzero/task_abi.h"

TINYZERO_NOTE(TINYZERO_NOTE_TASK, "id=acts\nabi=1.0\n");

static atomic_int asked; /* verify has been called */
static void* act_when_asked(void* unused) {
  (void)unused;
  while (asked == 0) nanosleep(&(struct timespec){0, 1000000}, NULL);
  misbehave("thread");
  return NULL;
}

__attribute__((constructor)) static void begin(void) {
  Dl_info info;
  if (dladdr((void*)begin, &info) == 0) return;
  const char* slash = strrchr(info.dli_fname, '/');
  const char* dash = slash == NULL ? NULL : strchr(slash, '-');
  if (dash == NULL) return;
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - info.dli_fname), info.dli_fname);
  snprintf(stage, sizeof stage, "%.*s", (int)(dash - slash - 1), slash + 1);
  snprintf(act, sizeof act, "%.*s", (int)(strlen(dash + 1) - 3), dash + 1);
  host = getppid();
  find_region();
  misbehave("constructor");
}

static void* change_cursor(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) header->cursor = i & 1;
  return NULL;
}
static void* raise_cursor(void* unused) {
  (void)unused;
  for (uint32_t i = 0;; ++i) header->cursor = 1000 + i;
  return NULL;
}

static tz_status say(tz_error* error, const char* text) {
  snprintf(error->text, sizeof error->text, "%s", text);
  return TZ_INTERNAL;
}

static tz_status create(const tz_host* offers, const tz_value* values, tz_instance** out,
                        tz_error* error) {
  (void)offers, (void)values;
  misbehave("create");
  if (strcmp(stage, "thread") == 0) in_thread(act_when_asked);
  if (strcmp(stage, "cursor") == 0 && is("by_thread")) in_thread(change_cursor);
  if (strcmp(stage, "cursor") == 0 && is("by_thread_beyond")) in_thread(raise_cursor);
  if (is("not_terminated")) {
    memset(error->text, 'A', sizeof error->text);
    return TZ_INTERNAL;
  }
  *out = NULL;
  return is("IT WORKED") ? say(error, act) : TZ_OK;
}
static void destroy(tz_instance* instance) { (void)instance; }

static void spoil_item(tz_item* item) {
  static char* large;
  if (strcmp(stage, "item") != 0) return;
  if (is("no_address")) {
    item->prompt.data = NULL;
    item->prompt.size = 9;
  }
  if (large == NULL) {
    large = malloc(2 << 20);
    memset(large, 'x', 2 << 20);
  }
  if (is("nan")) item->difficulty = NAN;
  if (is("infinite")) item->difficulty = INFINITY;
  if (is("very_hard")) item->difficulty = 1e300;
  if (is("large_prompt")) item->prompt = (tz_bytes){large, (1 << 20) + 1};
  if (is("large_key")) item->key = (tz_bytes){large, (64 << 10) + 1};
  if (is("large_state")) item->state = (tz_bytes){large, (64 << 10) + 1};
  if (is("endless")) item->prompt.size = (uint64_t)1 << 62;
  if (is("nowhere")) item->prompt = (tz_bytes){(const char*)8, 100};
}

static tz_status draw(tz_instance* instance, const tz_draw* draws, uint32_t n,
                      const tz_item_sink* sink, tz_error* error) {
  (void)instance;
  misbehave("draw");
  if (strcmp(stage, "item") == 0 && is("status")) return 12345;
  if (strcmp(stage, "item") == 0 && is("fewer")) --n;
  for (uint32_t i = 0; i < n; ++i) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)draws[i].index);
    const tz_bytes bytes = {text, strlen(text)};
    tz_item item = {bytes, bytes, bytes, 1};
    spoil_item(&item);
    const tz_status status = sink->add(sink->context, &item);
    if (status != TZ_OK && !is("deaf")) return status;
    if (strcmp(stage, "item") == 0 && (is("more") || is("deaf"))) {
      for (int more = 0; more < 100000; ++more) sink->add(sink->context, &item);
    }
  }
  return is("IT WORKED") ? say(error, act) : TZ_OK;
}

static void spoil_verdict(const tz_call* call, uint32_t row, tz_verdict* verdict) {
  static char escapes[1 << 20];
  if (strcmp(stage, "verdict") != 0) return;
  if (is("nan")) verdict->reward = NAN;
  if (is("infinite")) verdict->reward = INFINITY;
  if (is("too_much")) verdict->reward = 1.5;
  if (is("nan_part")) verdict->parts[0] = NAN;
  if (is("infinite_part")) verdict->parts[5] = -INFINITY;
  if (is("outcome")) verdict->outcome = 0x7fffffff;
  if (is("timeout")) verdict->outcome = TZ_TIMEOUT;
  if (is("reason")) verdict->reason = UINT32_MAX;
  if (is("long_detail")) {
    memset(escapes, 'x', sizeof escapes);
    call->explain(call->context, row, (tz_bytes){escapes, sizeof escapes});
    verdict->outcome = TZ_ERROR;
  }
  if (is("detail_of_nobody")) call->explain(call->context, UINT32_MAX, (tz_bytes){"x", 1});
}

static void jump_the_cursor(const tz_call* call, uint32_t row) {
  if (strcmp(stage, "cursor") != 0) return;
  if (is("to_and_fro")) {
    for (uint32_t i = 0;; ++i) *call->cursor = row - (i & 1);
  }
  if (is("beyond")) {
    for (uint32_t i = 1000;; ++i) *call->cursor = i;
  }
  spin(NULL);
}

static tz_status verify(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                        uint32_t n, tz_verdict* out, tz_error* error) {
  (void)instance;
  asked = 1;
  if (strcmp(stage, "thread") == 0) nanosleep(&(struct timespec){0, 50000000}, NULL);
  if (strcmp(stage, "batch") == 0 && n > 1) {
    if (is("segv")) crash();
    if (is("status")) return say(error, "not together");
  }
  for (uint32_t i = 0; i < n; ++i) {
    const int acts =
        answers[i].completion.size == 3 && memcmp(answers[i].completion.data, "act", 3) == 0;
    const int right =
        answers[i].completion.size == 5 && memcmp(answers[i].completion.data, "right", 5) == 0;
    if (strcmp(stage, "silent") != 0 && call->cursor != NULL) *call->cursor = i;
    out[i] =
        (tz_verdict){.reward = right, .outcome = TZ_SCORED, .reason = !right, .parts = {right}};
    if (!acts) continue;
    misbehave("verify");
    if (strcmp(stage, "silent") == 0) end_itself();
    jump_the_cursor(call, i);
    spoil_verdict(call, i, &out[i]);
    if (strcmp(stage, "call") == 0) return is("status") ? say(error, "no verdicts today") : 12345;
    if (is("IT WORKED")) out[i].reward = 1;
  }
  return TZ_OK;
}

static tz_status write_text(const char* where, const tz_text_sink* out, tz_error* error) {
  misbehave(where);
  if (strcmp(stage, where) == 0 && is("large")) {
    char* text = calloc(1, (1 << 20) + 1);
    const tz_status status = out->write(out->context, (tz_bytes){text, (1 << 20) + 1});
    free(text);
    return status;
  }
  if (strcmp(stage, where) == 0 && is("endless"))
    return out->write(out->context, (tz_bytes){"x", (uint64_t)1 << 62});
  return is("IT WORKED") ? say(error, act) : out->write(out->context, (tz_bytes){"right", 5});
}
static tz_status solve(tz_instance* instance, tz_bytes state, uint32_t* solvable,
                       const tz_text_sink* out, tz_error* error) {
  (void)instance, (void)state;
  *solvable = 1;
  return write_text("solve", out, error);
}
static tz_status demonstrate(tz_instance* instance, tz_bytes state, tz_draw seed,
                             const tz_text_sink* out, tz_error* error) {
  (void)instance, (void)state, (void)seed;
  return write_text("demonstrate", out, error);
}

static tz_solve solver = {sizeof solver, 0, solve};
static tz_demonstrate demonstrator = {sizeof demonstrator, 0, demonstrate};
static const void* extension(const char* id) {
  if (strcmp(id, TINYZERO_SOLVE) == 0) return &solver;
  if (strcmp(id, TINYZERO_DEMONSTRATE) == 0) return &demonstrator;
  return NULL;
}

static const char* const parts[] = {"correct", "2", "3", "4", "5", "6", "7"};
static const char* reasons[] = {"correct", "wrong"};
static tz_param param = {sizeof param, TZ_TEXT, 1, 0,    "file", "a file",
                         "none",       0,       0, NULL, NULL,   NULL};
static tz_task task = {sizeof task, 0,      "acts",  "acts", "1.0.0", "For tests.", 1,
                       0,           1,      6,       2,      parts,   reasons,      &param,
                       1,           create, destroy, draw,   verify,  extension};
static const tz_task* tasks[] = {&task};
static tz_module module = {sizeof module, TINYZERO_TASK_ABI_MAJOR, 0, 1, tasks};

static void spoil_about(void) {
  static const char* many[100000];
  static char lengthy[100000];
  static tz_param twins[2];
  for (int i = 0; i < 100000; ++i) many[i] = "x";
  memset(lengthy, 'x', sizeof lengthy - 1);
  if (is("seven_parts")) task.n_parts = 7;
  if (is("many_parts")) task.n_parts = UINT32_MAX;
  if (is("many_reasons")) {
    task.n_reasons = 100000;
    task.reasons = many;
  }
  if (is("many_settings")) task.n_params = (uint64_t)1 << 40;
  if (is("many_choices")) {
    param.n_choices = 100000;
    param.choices = many;
  }
  if (is("many_values")) param.max_count = UINT32_MAX;
  if (is("long_id")) task.id = lengthy;
  if (is("path_as_id")) task.id = "\x1b]/etc/passwd";
  if (is("long_title")) task.title = lengthy;
  if (is("long_doc")) task.doc = lengthy;
  if (is("long_part")) {
    task.n_parts = 1;
    task.parts = many;
    many[0] = lengthy;
  }
  if (is("long_default")) param.fallback = lengthy;
  if (is("unknown_type")) param.type = 9;
  if (is("deep_default")) memset(lengthy, '[', sizeof lengthy - 1);
  if (is("deep_default")) lengthy[4000] = '\0';
  if (is("deep_default")) param.fallback = lengthy;
  if (is("no_name")) param.name = "";
  if (is("odd_name")) param.name = "a\x1b[31mb";
  if (is("dotted_name")) param.name = "a.b";
  if (is("reserved_name")) param.name = "use";
  if (is("upside_down")) param.low = 1;
  if (is("no_values")) param.max_count = 0;
  if (is("other_id")) task.id = "countdown";
  if (is("twin_parts") || is("odd_part")) {
    task.n_parts = 2;
    task.parts = many;
    many[1] = is("odd_part") ? "a\x1b[31m" : "x";
  }
  if (is("many_lines")) {
    task.title = "a\npass  anything";
    task.doc = "b\n\n  hint: c";
    task.version = "1\n2";
    param.doc = "d\n  e";
    reasons[1] = "wrong\nright";
  }
  if (is("needs_nobody")) {
    param.needs_name = "nobody";
    param.needs_value = "1";
  }
  if (is("twins")) {
    twins[0] = twins[1] = param;
    task.params = twins;
    task.n_params = 2;
  }
  if (is("no_range")) param.low = NAN;
  if (is("short_setting")) param.size = 8;
  if (is("nan_reward")) task.reward_full = NAN;
  if (is("infinite_reward")) task.reward_max = INFINITY;
  if (is("rewards_reversed")) task.reward_min = 2;
  if (is("no_id")) task.id = NULL;
  if (is("no_verify")) task.verify = NULL;
  if (is("short_table")) task.size = 8;
  if (is("short_solver")) solver.size = 4;
  if (is("no_table")) tasks[0] = NULL;
  if (is("no_tables")) module.tasks = NULL;
  if (is("no_tasks")) module.n_tasks = 0;
}

__attribute__((visibility("default"))) const tz_module* tinyzero_task_v1(uint32_t major,
                                                                         uint32_t minor) {
  (void)major, (void)minor;
  misbehave("entry");
  if (strcmp(stage, "about") == 0) spoil_about();
  return &module;
}
