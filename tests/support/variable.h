// A variable of the environment that has a value for one test.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace tinyzero {

class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str()); before != nullptr) before_ = before;
    ::setenv(name_.c_str(), value.c_str(), /*overwrite=*/1);
  }
  ~ScopedVariable() {
    if (before_) ::setenv(name_.c_str(), before_->c_str(), /*overwrite=*/1);
    else ::unsetenv(name_.c_str());
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace tinyzero
