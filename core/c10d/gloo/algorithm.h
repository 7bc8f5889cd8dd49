// Stands in for Gloo's header, which LibTorch's wheel lacks: ProcessGroupGloo.hpp only names these
// types.
#pragma once
