// Calls into an algorithm's code, which may be anybody's: what it throws, and what it records under
// a name of the host's, is an error that says so.
#pragma once

#include <exception>
#include <new>

#include "core/base/error.h"
#include "core/base/stop.h"
#include "core/check/check.h"
#include "tinyzero/batch.h"

namespace tinyzero {

// Throws Error for a metric whose name the host records itself.
void check_own_metrics(const Metrics& metrics);

// Throws Failure: the algorithm threw `e` in `method`.
[[noreturn]] void fail_in_algorithm(const char* method, const std::exception& e);

// Returns what `call` does. An exception that is not the host's becomes a Failure.
template <class Call>
decltype(auto) call_algorithm(const char* method, Call&& call) {
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const CheckFailed&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    fail_in_algorithm(method, e);
  }
}

}  // namespace tinyzero
