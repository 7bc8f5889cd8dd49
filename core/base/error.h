// Errors that people read: what happened, where, both values, and what to do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace tinyzero {

// Wrong usage, configuration or input: the command line prints it and exits with 2. Nothing has been lost or half-written.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, std::string hint = {}) : std::runtime_error(what), hint_(std::move(hint)) {}
  // What to do, one sentence; may be empty.
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// The work itself failed although it was asked for correctly (a full disk, a task that keeps failing): exit code 1.
class Failure : public Error {
 public:
  using Error::Error;
};

}  // namespace tinyzero
