/* Preloaded into a program, makes flock fail with the number in NO_FLOCK, as file systems without
 * locks do. */
#include <errno.h>
#include <stdlib.h>

int flock(int fd, int operation) {
  const char* number = getenv("NO_FLOCK");
  (void)fd;
  (void)operation;
  errno = number != NULL ? atoi(number) : ENOLCK;
  return -1;
}
