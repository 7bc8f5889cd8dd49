// Errors for people: what happened, where, both values, and what to do about it.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tinyzero {

// A position in a text that a person wrote.
struct Place {
  std::string source;  // a file, or "command line"
  int line = 0;        // from 1; 0 for the command line
  int column = 0;      // from 1; 0 for the command line

  // "configs/a.yaml:3:5", or "command line".
  std::string text() const;
};

// Wrong usage, configuration or input: the command line prints it and exits with 2. Nothing was
// lost or half written.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, std::string hint = {})
      : std::runtime_error(what), hint_(std::move(hint)) {}
  // The message begins with the position of the mistake, unless `place` has no source.
  Error(const Place& place, const std::string& what, std::string hint = {})
      : std::runtime_error(place.source.empty() ? what : place.text() + ": " + what),
        hint_(std::move(hint)),
        place_(place) {}
  // What to do, in one sentence; may be empty.
  const std::string& hint() const { return hint_; }
  // The position of the mistake; without a source if it is unknown.
  const Place& place() const { return place_; }

 private:
  std::string hint_;
  Place place_;
};

// Several errors that were found together. what() is the first one's.
class Errors : public Error {
 public:
  explicit Errors(std::vector<Error> all) : Error(all.front()), all_(std::move(all)) {}
  const std::vector<Error>& all() const { return all_; }

 private:
  std::vector<Error> all_;
};

// The request was correct, but the work failed (a full disk, a task that keeps failing): exit code
// 1.
class Failure : public Error {
 public:
  using Error::Error;
};

// Collects errors, so that a person sees all mistakes at once.
class Mistakes {
 public:
  // Adds an error, or each one of Errors. An error with the same message is added only once.
  void add(const Error& error);
  // Runs `work` and collects the Error that ends it. A Failure is not collected but thrown.
  void collect(const std::function<void()>& work);
  bool empty() const { return found_.empty(); }
  // Throws what was collected as Error or Errors, sorted by file and line. Returns if there is
  // nothing.
  void refuse() const;

 private:
  std::vector<Error> found_;
};

}  // namespace tinyzero
