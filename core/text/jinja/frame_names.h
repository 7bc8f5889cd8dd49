// The names of a frame, and their slots; the rules stand in scopes.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// The names of one frame. A copy is a branch of the frame: it gives out the same slots.
class Scope {
 public:
  // The first frame of a function, whose slots are counted in `count`; null: of the template.
  Scope(const Scope* parent, int& count)
      : parent_(parent), function_(parent == nullptr ? 0 : parent->function_ + 1), count_(&count) {}

  // A frame inside of this one, in the same function.
  Scope inner() const;

  struct Found {
    int function, slot;
  };
  // Where a name is, in this frame or in those around it.
  std::optional<Found> find(const std::string& name) const;
  // How many functions are around this one.
  int function() const { return function_; }

  // A name that has its value when the frame is entered. Returns its slot.
  int declare_parameter(const std::string& name);
  // A name that is assigned, and one that is read, in the order of the text.
  void store(const std::string& name);
  void load(const std::string& name);
  // Takes what branches of this frame have found.
  void merge(const std::vector<Scope>& branches);

  Loads loads() const;

 private:
  int define(const std::string& name);
  // What a name begins with that is assigned in some branches only.
  void begin_with_outer(const std::string& name, int slot, Load::How otherwise);

  const Scope* parent_;
  int function_;
  int* count_;
  std::shared_ptr<std::map<std::string, int>> slots_ =
      std::make_shared<std::map<std::string, int>>();  // given out, also by branches
  std::map<std::string, int> names_;
  std::map<int, Load> loads_;  // by slot
  std::set<std::string> stored_;
};

enum class As { variable, parameter };

// Finds the names of a frame, without those of frames inside of it.
void collect(const Body& body, Scope& scope);
void collect(const ExpressionPtr& expression, Scope& scope);
void collect(const Target& target, As as, Scope& scope);

}  // namespace tinyzero::jinja
