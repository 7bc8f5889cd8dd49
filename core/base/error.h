// Errors that people read: what happened, where, both values, and what to do about it.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tinyzero {

// Where something stands in a text that a person wrote.
struct Place {
  std::string source;        // a file, or "command line"
  int line = 0, column = 0;  // from 1; 0 for the command line

  // "configs/a.yaml:3:5", or "command line".
  std::string text() const;
};

// Wrong usage, configuration or input: the command line prints it and exits with 2. Nothing has
// been lost or half-written.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, std::string hint = {})
      : std::runtime_error(what), hint_(std::move(hint)) {}
  // One that begins with where the mistake stands; a place without a source says nothing.
  Error(const Place& place, const std::string& what, std::string hint = {})
      : std::runtime_error(place.source.empty() ? what : place.text() + ": " + what),
        hint_(std::move(hint)),
        place_(place) {}
  // What to do, one sentence; may be empty.
  const std::string& hint() const { return hint_; }
  // Where the mistake stands; without a source if nobody knows.
  const Place& place() const { return place_; }

 private:
  std::string hint_;
  Place place_;
};

// Several of them, which were found in one go. what() is that of the first.
class Errors : public Error {
 public:
  explicit Errors(std::vector<Error> all) : Error(all.front()), all_(std::move(all)) {}
  const std::vector<Error>& all() const { return all_; }

 private:
  std::vector<Error> all_;
};

// The work itself failed although it was asked for correctly (a full disk, a task that keeps
// failing): exit code 1.
class Failure : public Error {
 public:
  using Error::Error;
};

// Collects errors, so that a person hears of all mistakes at once.
class Mistakes {
 public:
  // Takes one error, or each of several. One that is known already is not taken again.
  void add(const Error& error);
  // Does the work; an Error ends it and is collected. A Failure passes through.
  void collect(const std::function<void()>& work);
  bool empty() const { return found_.empty(); }
  // Throws what was collected, in the order of files and lines: an Error, or Errors.
  void refuse() const;

 private:
  std::vector<Error> found_;
};

}  // namespace tinyzero
