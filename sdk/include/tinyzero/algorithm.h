// Writing an algorithm: derive from Algorithm, end the file with TINYZERO_ALGORITHM.
//
// An algorithm is a page of formula over primitives.h: `describe` lists its settings, `prepare` turns rewards into advantages once a
// step, `loss` returns a scalar for each micro-batch. The host does the rest: sampling, scoring, packing, micro-batches, gradients,
// clipping, the optimizer, checkpoints.
//
// C++ and LibTorch have no stable ABI. So the library carries a fingerprint (LibTorch, compiler, standard library, string ABI,
// language standard, this header's hash) in its note, and a host with another fingerprint refuses it before any of its code runs.
#pragma once

#include <memory>
#include <string>

#include "tinyzero/batch.h"
#include "tinyzero/note.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// What the host offers an algorithm.
class AlgorithmHost {
 public:
  virtual ~AlgorithmHost() = default;
  // Log-probabilities (N) of the batch's tokens under the policy as it was when RL began, at the sampling temperature. Only for
  // algorithms whose needs_reference() is true. No gradient.
  virtual at::Tensor reference_logp(const Batch& batch) = 0;
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;

  // Settings, with their defaults; called once, before values are assigned.
  virtual void describe(SettingsTable& table) = 0;

  // Checks settings against each other after they are assigned; throws std::invalid_argument naming them.
  virtual void check() const {}

  // Whether the loss compares the policy with the policy at the start.
  virtual bool needs_reference() const { return false; }

  // Whether an episode with advantage 0 has no gradient, so that the host may leave it out of the backward pass.
  virtual bool only_advantages_teach() const { return true; }

  // Once a step, with all its episodes: fills batch.advantage, and what else loss() needs in batch.added.
  virtual void prepare(Batch& batch, AlgorithmHost& host) = 0;

  // The loss of a micro-batch, divided by the batch's global counts: the losses of all micro-batches add up to the update's. Adds the
  // metrics named in its docs. Called from several threads at once.
  virtual at::Tensor loss(const Batch& batch, const PolicyOutput& policy, Metrics& metrics) const = 0;
};

struct AlgorithmModule {
  const char* id;
  const char* title;
  const char* doc;
  std::unique_ptr<Algorithm> (*make)();
};

#define TINYZERO_ALGORITHM_ENTRY "tinyzero_algorithm_v1"
using AlgorithmEntry = const AlgorithmModule* (*)();

#define TINYZERO_STRING_(x) #x
#define TINYZERO_STRING(x) TINYZERO_STRING_(x)

#if defined(_LIBCPP_VERSION)
#define TINYZERO_STDLIB "libc++ " TINYZERO_STRING(_LIBCPP_VERSION)
#else
#define TINYZERO_STDLIB                                                                                                       \
  "libstdc++ " TINYZERO_STRING(_GLIBCXX_RELEASE) " debug " TINYZERO_STRING(TINYZERO_DEBUG_STL) " cxx11 abi " TINYZERO_STRING( \
      _GLIBCXX_USE_CXX11_ABI)
#endif
#if defined(_GLIBCXX_DEBUG)
#define TINYZERO_DEBUG_STL 1
#else
#define TINYZERO_DEBUG_STL 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TINYZERO_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define TINYZERO_SANITIZER "thread"
#else
#define TINYZERO_SANITIZER "none"
#endif

// Everything that must be equal between a host and an algorithm. TINYZERO_TORCH and TINYZERO_ALGORITHM_API come from the build
// (tinyzero_add_algorithm).
#define TINYZERO_FINGERPRINT                                                                                          \
  "api=" TINYZERO_ALGORITHM_API "\ntorch=" TINYZERO_TORCH "\ncompiler=" TINYZERO_COMPILER "\nstdlib=" TINYZERO_STDLIB \
  "\nstandard=" TINYZERO_STRING(__cplusplus) "\nsanitizer=" TINYZERO_SANITIZER "\n"

// Exports the algorithm; once in a library.
#define TINYZERO_ALGORITHM(Type, id_, title_, doc_)                                                                                  \
  TINYZERO_NOTE(TINYZERO_NOTE_ALGORITHM, "id=" id_ "\nsdk=" TINYZERO_VERSION "\n" TINYZERO_FINGERPRINT);                             \
  extern "C" __attribute__((visibility("default"))) const tinyzero::AlgorithmModule* tinyzero_algorithm_v1() {                       \
    static const tinyzero::AlgorithmModule module{id_, title_, doc_, [] { return std::unique_ptr<tinyzero::Algorithm>(new Type); }}; \
    return &module;                                                                                                                  \
  }

}  // namespace tinyzero
