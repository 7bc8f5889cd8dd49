// The lines that other processes append to a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

class Follower {
 public:
  explicit Follower(fs::path path) : path_(std::move(path)) {}

  // Lines that were completed since the last call, without their ends; none while there is no such
  // file. A file that became shorter is read from its new end on: a run that returns to a
  // checkpoint cuts its files.
  std::vector<std::string> lines();

 private:
  fs::path path_;
  std::int64_t read_ = 0;   // bytes
  std::string unfinished_;  // the start of a line whose end is not there yet
};

}  // namespace tinyzero
