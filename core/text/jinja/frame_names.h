// The names of a frame and their slots; scopes.h explains the rules.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// The names of one frame. A copy is a branch of the frame: both allocate from the same slots.
class Scope {
 public:
  // The outermost frame of a function, which counts its slots in `count`. `parent` is null for the
  // template itself.
  Scope(const Scope* parent, int& count)
      : parent_(parent), function_(parent == nullptr ? 0 : parent->function_ + 1), count_(&count) {}

  // A frame inside this one, in the same function.
  Scope inner() const;

  struct Found {
    int function;
    int slot;
  };
  // Looks a name up in this frame and in those around it.
  std::optional<Found> find(const std::string& name) const;
  // How many functions enclose this one.
  int function() const { return function_; }

  // Declares a name that has its value when the frame is entered. Returns its slot.
  int declare_parameter(const std::string& name);
  // Records that a name is assigned, or read. Calls follow the order of the text.
  void store(const std::string& name);
  void load(const std::string& name);
  // Adds the names that branches of this frame have found.
  void merge(const std::vector<Scope>& branches);

  Loads loads() const;

 private:
  int define(const std::string& name);
  // Initializes a name that is assigned only in some branches.
  void begin_with_outer(const std::string& name, int slot, Load::How otherwise);

  const Scope* parent_;
  int function_;
  int* count_;
  // All slots of the frame and its branches, by name.
  std::shared_ptr<std::map<std::string, int>> slots_ =
      std::make_shared<std::map<std::string, int>>();
  std::map<std::string, int> names_;
  std::map<int, Load> loads_;  // by slot
  std::set<std::string> stored_;
};

enum class As { variable, parameter };

// Finds the names of a frame, without those of frames inside it.
void collect(const Body& body, Scope& scope);
void collect(const ExpressionPtr& expression, Scope& scope);
void collect(const Target& target, As as, Scope& scope);

}  // namespace tinyzero::jinja
