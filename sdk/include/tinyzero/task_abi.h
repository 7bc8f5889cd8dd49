/* The task ABI, version 1, frozen: everything that crosses between a task plugin and its host.
 *
 * A plugin is a shared library that exports one function, tinyzero_task_v1, and carries a note
 * (note.h) that says what it is without being run. The contract, for every call:
 *   - ownership never changes: inputs are borrowed until the call returns, and outputs go into the
 *     host's sink or the host's arrays;
 *   - no exception, longjmp or signal crosses; a call returns a tz_status and, unless it is TZ_OK,
 *     fills in the error text;
 *   - draw and verify are pure: equal inputs give equal outputs, in any order, in any process, on
 *     any machine;
 *   - text that the task writes is UTF-8; completions may hold any bytes, including NUL and broken
 *     UTF-8.
 *
 * Growth: a struct with a `size` field may gain fields at its end in a later minor version. The
 * side that reads such a struct uses no field beyond `size`. Structs without `size` are elements
 * of arrays: they are frozen.
 *
 * Threads: functions marked [any] may be called from any thread at any time. Of those marked
 * [one], only one at a time may be called on an instance. Compiles as C11, C++17 and C++20. C++
 * authors use task.h instead of this file. */
#ifndef TINYZERO_TASK_ABI_H
#define TINYZERO_TASK_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The major version is also in the name of the entry function. Later minor versions only append
 * fields and extensions. */
#define TINYZERO_TASK_ABI_MAJOR 1u
#define TINYZERO_TASK_ABI_MINOR 0u

/* Limits of what a task may hand over. A host refuses more and names the task. Lengths are in
 * bytes, without the NUL. */
#define TINYZERO_TASK_MAX_PARTS 6u        /* reward components */
#define TINYZERO_TASK_MAX_REASONS 256u    /* reasons of a verdict */
#define TINYZERO_TASK_MAX_PARAMS 256u     /* settings */
#define TINYZERO_TASK_MAX_CHOICES 256u    /* choices of a setting */
#define TINYZERO_TASK_MAX_VALUES 65536u   /* values of a setting that is a list */
#define TINYZERO_TASK_MAX_NAME 64u        /* id, version, names of reward components and settings */
#define TINYZERO_TASK_MAX_LINE 4096u      /* title, reason; doc, default and choice of a setting */
#define TINYZERO_TASK_MAX_DOC 65536u      /* the task's doc */
#define TINYZERO_TASK_MAX_PROMPT 1048576u /* prompt of a problem */
#define TINYZERO_TASK_MAX_KEY 65536u      /* key of a problem */
#define TINYZERO_TASK_MAX_STATE 65536u    /* state of a problem */
#define TINYZERO_TASK_MAX_TEXT 1048576u   /* solution, demonstration */
#define TINYZERO_TASK_MAX_DETAIL 4096u    /* text given to `explain`; longer ones are cut */

/* Borrowed bytes. `data` may be NULL when `size` is 0; not NUL-terminated. */
typedef struct tz_bytes {
  const char* data;
  uint64_t size;
} tz_bytes;

typedef int32_t tz_status;
enum {
  TZ_OK = 0,
  TZ_BAD_ARGUMENT = 1,  /* the host broke the contract, or this task did not write the state */
  TZ_BAD_PARAMETER = 2, /* create: settings that contradict each other; the text names them */
  TZ_EXHAUSTED = 3,     /* draw: no problem exists under these settings */
  TZ_INTERNAL = 4       /* anything else; the text says what */
};

/* Owned by the host; `text` is NUL-terminated and cut if too long. */
typedef struct tz_error {
  char text[1024];
} tz_error;

/* ---- settings: the host checks them, prints their help and writes their schema from a typed
 * table ---- */

enum { TZ_INTEGER = 1, TZ_REAL = 2, TZ_BOOLEAN = 3, TZ_TEXT = 4 };

/* One row of the table. `size` is also the stride of the table, so rows may grow. */
typedef struct tz_param {
  uint32_t size;
  uint32_t type;        /* TZ_INTEGER … TZ_TEXT */
  uint32_t max_count;   /* 1: one value; more: a list of 1 to max_count values */
  uint32_t n_choices;   /* TZ_TEXT: number of allowed values; 0: any text */
  const char* name;     /* snake_case, unique */
  const char* doc;      /* one sentence, with the unit and the value that switches it off */
  const char* fallback; /* the default, as YAML text: "3", "[3, 4]", "strict" */
  double low, high;     /* allowed range of numbers, both ends included */
  const char* const* choices;
  /* Unless needs_name is NULL, this setting has an effect only while the setting of that name has
   * the value needs_value; the host refuses it otherwise. */
  const char* needs_name;
  const char* needs_value;
} tz_param;

/* A checked value, in the order of the table: `count` elements of the array of its type
 * (booleans in `integers`). */
typedef struct tz_value {
  uint32_t type;
  uint32_t count;
  const int64_t* integers;
  const double* reals;
  const tz_bytes* texts;
} tz_value;

/* ---- problems and verdicts ---- */

/* The only source of randomness of a problem. */
typedef struct tz_draw {
  uint64_t seed;
  uint64_t index;
} tz_draw;

typedef struct tz_item {
  tz_bytes prompt;   /* the problem in words; the host adds templates and chat roles */
  tz_bytes key;      /* canonical identity: equal problems have equal keys. Its hash is the split */
  tz_bytes state;    /* all that verify needs; JSON by convention, at most 64 KiB */
  double difficulty; /* in the task's own unit, larger is harder; from -1e15 to 1e15 */
} tz_item;

/* Takes one item; the host copies it before it returns. If add returns anything but TZ_OK, draw
 * must return that at once. */
typedef struct tz_item_sink {
  void* context;
  tz_status (*add)(void* context, const tz_item* item);
} tz_item_sink;

typedef struct tz_text_sink {
  void* context;
  tz_status (*write)(void* context, tz_bytes text);
} tz_text_sink;

typedef struct tz_answer {
  tz_bytes state;
  tz_bytes completion; /* what the model wrote after the prompt; the prompt is never scored */
} tz_answer;

enum {
  TZ_SCORED = 0,     /* an answer was found and judged */
  TZ_UNPARSABLE = 1, /* no answer, or not in the task's grammar; the reward still counts */
  TZ_ABSTAIN = 2,    /* the task cannot tell: the row is left out of the loss */
  TZ_ERROR = 3,      /* the task failed on this row: left out of the loss, never a reward of 0 */
  TZ_TIMEOUT = 4     /* set by hosts only */
};

typedef struct tz_verdict {
  double reward;
  uint32_t outcome;                      /* TZ_SCORED … */
  uint32_t reason;                       /* index into tz_task.reasons */
  double parts[TINYZERO_TASK_MAX_PARTS]; /* in the order of tz_task.parts */
} tz_verdict;

/* What the host gives to one verify call. Every pointer may be NULL. */
typedef struct tz_call {
  uint32_t size;
  uint32_t reserved;
  /* Here the task stores the row it is working on, so that a crash is blamed on that row. */
  volatile uint32_t* cursor;
  void* context;
  /* Takes a text that explains more than `reason`, to a person. */
  void (*explain)(void* context, uint32_t row, tz_bytes text);
} tz_call;

/* What the host offers at create. `log` and `extension` may be NULL. */
typedef struct tz_host {
  uint32_t size;
  uint32_t abi_minor;
  void* context;
  void (*log)(void* context, tz_bytes text);
  const void* (*extension)(void* context, const char* id);
} tz_host;

/* ---- the task ---- */

typedef struct tz_instance tz_instance; /* defined by the plugin */

enum { TZ_REENTRANT = 1u /* draw, verify and the extensions are [any] */ };

typedef struct tz_task {
  uint32_t size;
  uint32_t flags;
  const char* id;      /* snake_case; the name in `task: {use: id}` */
  const char* title;   /* a few words */
  const char* version; /* semantic version of the task: another version may draw other problems */
  const char* doc;     /* a paragraph */
  /* An answer is right when its reward is at least reward_full. The minimum and the maximum are
   * finite, with reward_full between them. */
  double reward_full;
  double reward_min, reward_max;
  uint32_t n_parts, n_reasons;
  const char* const* parts;   /* names of the reward components */
  const char* const* reasons; /* a few words each: "wrong value" */
  const tz_param* params;
  uint64_t n_params;

  /* [any] Makes an instance from n_params checked values. */
  tz_status (*create)(const tz_host* host, const tz_value* values, tz_instance** out,
                      tz_error* error);
  /* [one] Accepts NULL. */
  void (*destroy)(tz_instance* instance);
  /* [one] Gives one item for each of `n` draws, in order. */
  tz_status (*draw)(tz_instance* instance, const tz_draw* draws, uint32_t n,
                    const tz_item_sink* sink, tz_error* error);
  /* [one] Judges `n` answers into `out`. A row that fails gets TZ_ERROR; the status is that of the
   * call as a whole. */
  tz_status (*verify)(tz_instance* instance, const tz_call* call, const tz_answer* answers,
                      uint32_t n, tz_verdict* out, tz_error* error);
  /* [any] An extension's table by id, or NULL. The table lives as long as the library. */
  const void* (*extension)(const char* id);
} tz_task;

/* Extension "tinyzero.solve/1": an oracle. */
#define TINYZERO_SOLVE "tinyzero.solve/1"
typedef struct tz_solve {
  uint32_t size;
  uint32_t reserved;
  /* [one] Sets *solvable; if it is 1, writes a completion that verify gives the full reward. */
  tz_status (*solve)(tz_instance* instance, tz_bytes state, uint32_t* solvable,
                     const tz_text_sink* out, tz_error* error);
} tz_solve;

/* Extension "tinyzero.demonstrate/1": imperfect worked traces, for a warm start. */
#define TINYZERO_DEMONSTRATE "tinyzero.demonstrate/1"
typedef struct tz_demonstrate {
  uint32_t size;
  uint32_t reserved;
  /* [one] Writes a completion such as a fallible person would; pure in (state, draw). */
  tz_status (*demonstrate)(tz_instance* instance, tz_bytes state, tz_draw draw,
                           const tz_text_sink* out, tz_error* error);
} tz_demonstrate;

/* Extension "tinyzero.paths/1": which settings of type TZ_TEXT name a file. A relative path
 * starts at the folder of the file that sets it, or at the current folder on the command line.
 * The host passes the absolute path to create, refuses a file that does not exist, and remembers
 * the hash of its bytes. An empty text names no file. create may open the file for reading; no
 * other call may. A host that does not know the extension passes the text on unchanged. */
#define TINYZERO_PATHS "tinyzero.paths/1"
typedef struct tz_paths {
  uint32_t size;
  uint32_t n_names;
  const char* const* names; /* of rows of tz_task.params */
} tz_paths;

/* "tinyzero.turns/1" is reserved for tasks with several turns. */

/* The contents of a library. */
typedef struct tz_module {
  uint32_t size;
  uint32_t abi_major, abi_minor;
  uint32_t n_tasks;
  const tz_task* const* tasks;
} tz_module;

/* The one exported function. It receives the host's version, so that a plugin can refuse a host
 * that is too old (return NULL). The host calls it once after loading. The result lives as long
 * as the library, which is never unloaded. */
#define TINYZERO_TASK_ENTRY "tinyzero_task_v1"
typedef const tz_module* (*tz_task_entry)(uint32_t host_major, uint32_t host_minor);

#ifdef __cplusplus
}
#endif

#endif
