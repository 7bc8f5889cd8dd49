#include "core/text/jinja/frame_names.h"

namespace tinyzero::jinja {

Scope Scope::inner() const {
  Scope out(this, *count_);
  out.function_ = function_;
  return out;
}

std::optional<Scope::Found> Scope::find(const std::string& name) const {
  const auto found = names_.find(name);
  if (found != names_.end()) return Found{function_, found->second};
  return parent_ == nullptr ? std::nullopt : parent_->find(name);
}

int Scope::define(const std::string& name) {
  const auto [known, fresh] = slots_->try_emplace(name, *count_);
  if (fresh) ++*count_;
  names_[name] = known->second;
  return known->second;
}

int Scope::declare_parameter(const std::string& name) {
  stored_.insert(name);
  const int slot = define(name);
  loads_.erase(slot);
  return slot;
}

void Scope::begin_with_outer(const std::string& name, int slot, Load::How otherwise) {
  const auto outer = parent_ == nullptr ? std::nullopt : parent_->find(name);
  if (outer)
    loads_[slot] = {.slot = slot,
                    .how = Load::How::alias,
                    .original = {function_ - outer->function, outer->slot}};
  else loads_[slot] = {.slot = slot, .how = otherwise, .name = name};
}

void Scope::store(const std::string& name) {
  stored_.insert(name);
  if (!names_.contains(name)) begin_with_outer(name, define(name), Load::How::missing);
}

void Scope::load(const std::string& name) {
  if (find(name)) return;
  const int slot = define(name);
  loads_[slot] = {.slot = slot, .how = Load::How::context, .name = name};
}

void Scope::merge(const std::vector<Scope>& branches) {
  std::set<std::string> fresh;
  for (const Scope& branch : branches) {
    for (const std::string& name : branch.stored_) {
      if (!stored_.contains(name)) fresh.insert(name);
    }
  }
  for (const Scope& branch : branches) {
    for (const auto& [name, slot] : branch.names_) names_[name] = slot;
    for (const auto& [slot, load] : branch.loads_) loads_[slot] = load;
    stored_.insert(branch.stored_.begin(), branch.stored_.end());
  }
  for (const std::string& name : fresh) begin_with_outer(name, names_.at(name), Load::How::context);
}

Loads Scope::loads() const {
  Loads out;
  for (const auto& [slot, load] : loads_) out.push_back(load);
  return out;
}

namespace {

class Collector {
 public:
  explicit Collector(Scope& scope) : scope_(&scope) {}

  void body(const Body& body) {
    for (const Statement& statement : body)
      std::visit([&](const auto& node) { visit(*node); }, statement.node);
  }

  void expression(const ExpressionPtr& e) {
    if (!e) return;
    if (e->kind == Expression::Kind::name) scope_->load(e->name);
    for (const ExpressionPtr& child : e->children) expression(child);
    for (const ExpressionPtr& value : e->arguments.positional) expression(value);
    for (const auto& [name, value] : e->arguments.named) expression(value);
    expression(e->arguments.spread);
    expression(e->arguments.named_spread);
  }

  void target(const Target& target, As as) {
    if (target.kind == Target::Kind::attribute) scope_->load(target.name);
    else if (target.kind == Target::Kind::tuple)
      for (const Target& element : target.elements) this->target(element, as);
    else if (as == As::parameter) scope_->declare_parameter(target.name);
    else scope_->store(target.name);
  }

 private:
  void visit(const Output& node) {
    for (const ExpressionPtr& piece : node.pieces) expression(piece);
  }
  // Like Jinja: a branch for the first body, one for everything after "elif", one for "else". Each
  // elif is an if of its own, including its test.
  void visit(const If& node) {
    expression(node.branches.front().first);
    std::vector<Scope> branches;
    branches.push_back(branch([&] { body(node.branches.front().second); }));
    branches.push_back(branch([&] {
      for (std::size_t i = 1; i < node.branches.size(); ++i) {
        expression(node.branches[i].first);
        scope_->merge({branch([&] { body(node.branches[i].second); })});
      }
    }));
    branches.push_back(branch([&] { body(node.otherwise); }));
    scope_->merge(branches);
  }
  // A copy of the frame after `visit_branch`.
  template <class Visit>
  Scope branch(const Visit& visit_branch) {
    Scope* const own = scope_;
    Scope copy = *own;
    scope_ = &copy;
    visit_branch();
    scope_ = own;
    return copy;
  }
  void visit(const For& node) { expression(node.sequence); }
  void visit(const Set& node) {
    expression(node.value);
    target(node.target, As::variable);
  }
  void visit(const SetBlock& node) { target(node.target, As::variable); }
  void visit(const FilterBlock& node) { expression(node.filter); }
  void visit(const With& node) {
    for (const ExpressionPtr& value : node.values) expression(value);
  }
  void visit(const MacroStatement& node) { scope_->store(node.target.name); }
  void visit(const CallBlock& node) { expression(node.call); }
  void visit(const Break&) {}
  void visit(const Continue&) {}

  Scope* scope_;
};

}  // namespace

void collect(const Body& body, Scope& scope) { Collector(scope).body(body); }
void collect(const ExpressionPtr& expression, Scope& scope) {
  Collector(scope).expression(expression);
}
void collect(const Target& target, As as, Scope& scope) { Collector(scope).target(target, as); }

}  // namespace tinyzero::jinja
