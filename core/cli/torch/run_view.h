// What a person sees of a run: on a terminal one live line below lines that stay, elsewhere plain
// lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/cli/screen.h"
#include "core/train/observer.h"

namespace tinyzero {

class RunFolder;

struct RunViewOptions {
  bool quiet = false;  // warnings only
  bool json = false;   // metrics to standard output
};

// Writes to standard error; `folder` gets the same lines in log.txt, at the width of a page.
class RunView : public Observer {
 public:
  RunView(RunFolder& folder, RunViewOptions options);

  void started(const RunFacts& facts) override;
  void preflight(const PreflightReport& report) override;
  void warm_start_step(std::int64_t step, std::int64_t steps, double loss, double seconds) override;
  void evaluated(const Json& record, const Json& last_step, const EvalSample& sample) override;
  void stepped(std::int64_t step, std::int64_t steps, const Json& metrics,
               double seconds_left) override;
  void recorded(const Json& record) override;
  void warned(const std::string& text) override;
  void noted(const std::string& text) override;
  void finished(bool interrupted, const std::string& folder, double seconds) override;

 private:
  // Each writes a line that stays; the second makes it for the columns of the screen.
  void line(const std::string& text);
  void line(const std::function<std::string(std::size_t columns)>& text,
            Screen::Style style = Screen::Style::plain);

  RunFolder& folder_;
  RunViewOptions options_;
  Screen screen_;
  bool preflight_told_ = false;
  bool output_lost_ = false;  // standard output takes no metrics any more
};

}  // namespace tinyzero
