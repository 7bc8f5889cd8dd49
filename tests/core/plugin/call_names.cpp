#include "core/plugin/worker/call_names.h"

#include <doctest/doctest.h>
#include <sys/syscall.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/call_names");

TEST_CASE("calls that a worker must not make have names") {
  CHECK(system_call_name(SYS_socket) == "socket");
  CHECK(system_call_name(SYS_openat) == "openat");
  CHECK(system_call_name(SYS_execve) == "execve");
  CHECK(system_call_name(SYS_io_uring_setup) == "io_uring_setup");
  CHECK(system_call_name(SYS_write) == "write");
}

TEST_CASE("other calls are numbers") {
  CHECK(system_call_name(99999) == "number 99999");
  CHECK(system_call_name(-1) == "number -1");
}
