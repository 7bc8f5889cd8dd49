#include "core/base/error.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tinyzero {
namespace {

// Files come first, then the command line, then mistakes without a position.
std::tuple<int, std::string, int, int> sort_key(const Place& p) {
  const int group = p.source.empty() ? 2 : p.line > 0 ? 0 : 1;
  return {group, p.source, p.line, p.column};
}

}  // namespace

std::string Place::text() const {
  return line > 0 ? source + ":" + std::to_string(line) + ":" + std::to_string(column) : source;
}

void Mistakes::add(const Error& error) {
  if (const auto* several = dynamic_cast<const Errors*>(&error)) {
    for (const Error& one : several->all()) add(one);
    return;
  }
  const auto same = [&](const Error& other) { return std::string(other.what()) == error.what(); };
  if (std::none_of(found_.begin(), found_.end(), same)) found_.push_back(error);
}

void Mistakes::collect(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure&) {
    throw;
  } catch (const Error& e) {
    add(e);
  }
}

void Mistakes::refuse() const {
  if (found_.empty()) return;
  std::vector<Error> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) {
    return sort_key(a.place()) < sort_key(b.place());
  });
  if (sorted.size() == 1) throw Error(sorted.front());
  throw Errors(std::move(sorted));
}

}  // namespace tinyzero
