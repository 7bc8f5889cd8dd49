// The batch that an algorithm sees. Its definition is next to the primitives, which need nothing
// else.
#pragma once

#include "tinyzero/primitives/batch.h"
