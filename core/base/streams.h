// The standard streams, descriptors 0, 1 and 2.
#pragma once

namespace tinyzero {

// Opens those of the three that are closed, so that no later file gets the number of a standard
// stream, and with it everything that is printed. Call it before anything else is opened. Then
// reading from standard input ends at once, writing to standard error has no effect, and writing to
// standard output fails with EBADF, in this program and in one that replaces it.
void open_standard_streams();

}  // namespace tinyzero
