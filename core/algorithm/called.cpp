#include "core/algorithm/called.h"

#include <stdexcept>
#include <string>

#include "core/run/metrics.h"

namespace tinyzero {

void check_own_metrics(const Metrics& metrics) {
  for (const auto& [name, mean] : metrics.values()) {
    if (is_of_host(name))
      throw Error("the algorithm records a metric \"" + name + "\", a name of the host's own",
                  "take another name; none may end in _loss or _gradient_norm");
  }
}

void fail_in_algorithm(const char* method, const std::exception& e) {
  const std::string what = e.what();
  const bool is_missing = dynamic_cast<const std::out_of_range*>(&e) != nullptr;
  throw Failure(
      "the algorithm threw in " + std::string(method) + ": " + what.substr(0, what.find('\n')),
      is_missing ? "does it read a name that prepare() did not put into batch.added?"
                 : "`tinyzero algorithm check` tries its code on small batches");
}

}  // namespace tinyzero
