// Descriptors 0, 1 and 2.
#pragma once

namespace tinyzero {

// Fills those of the three that are closed, so that no file that is opened later gets the number of
// a standard stream, and with it what is printed. To be called before anything is opened. Reading
// from one that was closed ends at once, words to standard error vanish, and writing to standard
// output fails with EBADF, also in a program that takes this one's place.
void open_standard_streams();

}  // namespace tinyzero
