/* Preloaded into a program, makes every look at the time of day show one hour less than the look
   before, and the first one some time after 2030. The clocks that only go forward are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

static atomic_long looks;

static time_t shown(void) { return 1900000000 - 3600 * atomic_fetch_add(&looks, 1); }

time_t time(time_t* out) {
  const time_t now = shown();
  if (out != NULL) *out = now;
  return now;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  (void)zone;
  out->tv_sec = shown();
  out->tv_usec = 0;
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  static int (*next)(clockid_t, struct timespec*);
  if (next == NULL) next = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  if (clock != CLOCK_REALTIME) return next(clock, out);
  out->tv_sec = shown();
  out->tv_nsec = 0;
  return 0;
}
