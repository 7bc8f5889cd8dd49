/* What the two files of the hostile task share: hostile_acts.c (the task and what it tells its
 * host) and hostile_process.c (what it does to its process and to the system). */
#ifndef HOSTILE_PROCESS_H
#define HOSTILE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* The library's file name, STAGE-ACT.so, and its folder. */
extern char stage[64], act[64], folder[4096];
extern pid_t host; /* the process that started this one */

/* The memory shared with the host, whose layout is in core/plugin/worker/region.h. */
struct header {
  volatile uint32_t turn, operation, status;
  uint32_t padding;
  volatile uint64_t request_size, reply_size;
  volatile uint32_t cursor;
  volatile int32_t forbidden_call;
};
extern struct header* header; /* NULL: this process is no worker */
extern char* reply;

int is(const char* name); /* whether this is the act */
void in_thread(void* (*work)(void*));
void* spin(void* unused);
void find_region(void);
void end_itself(void);
void crash(void);
/* Performs the act if it is for this stage. */
void misbehave(const char* where);

#endif
