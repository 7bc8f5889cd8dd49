// What Ctrl-C, SIGTERM and SIGHUP do to a command.
//
// The first asks it to end, and says so at once. A further Ctrl-C, or the third where children are
// asked before, ends the process on the spot. A further SIGTERM or SIGHUP changes nothing: a
// scheduler sends one to every process of a job, and some of them pass theirs on. A command that
// was ended so exits with 128 + the signal's number: 130 after Ctrl-C, 143 after SIGTERM.
#pragma once

#include <string>

#include "core/base/stop.h"

namespace tinyzero {

struct InterruptWords {
  std::string first;    // said at the first signal
  std::string at_once;  // said at the one that ends the process: how to go on
};

// From here on the signals that count are counted in the wish that is returned, and number `last`
// ends the process. SIGHUP stays ignored where it is, as under nohup. The words are copied.
const StopRequest& catch_interrupts(const InterruptWords& words, int last = 2);

// From here on the first signal ends the process, with a word.
void end_at_interrupt();

// The exit code of a command that ended because it was asked to.
int interrupt_code();

}  // namespace tinyzero
