// How far the asking of an endpoint is: on a terminal one live line, elsewhere a line every ten seconds.
#pragma once

#include <chrono>
#include <string>

#include "core/eval/ask.h"

namespace tinyzero {

class EvalProgress {
 public:
  // `total` completions of which `known` were there before.
  EvalProgress(std::string name, std::size_t known, std::size_t total);
  ~EvalProgress() { clear(); }
  EvalProgress(const EvalProgress&) = delete;
  EvalProgress& operator=(const EvalProgress&) = delete;

  void show(const AskReport& report);
  void note(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  void clear();

  std::string name_;
  std::size_t known_, total_;
  int width_;
  Clock::time_point begin_ = Clock::now(), shown_ = begin_;
  bool live_ = false;
};

}  // namespace tinyzero
