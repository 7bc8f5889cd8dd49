// How much of the gradients of a run's recent steps is signal (learn/gradient_signal.h).
#pragma once

namespace tinyzero {

// Of an update, or averaged over steps.
struct GradientSignal {
  double signal = 0;  // estimate of the mean gradient's squared norm; below 0 where noise hides it
  double total = 0;   // the squared norm of the gradient
};

class NoiseScale {
 public:
  NoiseScale() = default;
  explicit NoiseScale(const GradientSignal& recent) : recent_(recent) {}

  void add(const GradientSignal& step);
  // Means over steps, of which older ones weigh less.
  const GradientSignal& recent() const { return recent_; }

  // The completions of an update in which noise would be as large as signal, from the number that
  // updates had: the simple noise scale of McCandlish et al. (arXiv:1812.06162), by completions.
  // Infinite where there is no signal.
  double completions(double in_update) const;

 private:
  GradientSignal recent_;
};

}  // namespace tinyzero
