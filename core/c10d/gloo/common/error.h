// Stands in for Gloo's header: see ../algorithm.h.
#pragma once
