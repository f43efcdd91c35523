#pragma once
#include <eigengrad/autograd/named.h>

namespace eg::optim {

/// Base of the optimizers. An optimizer holds handles to parameters, in groups with options of their own, and changes
/// them in place by their gradients at each step(). Parameters without a gradient are passed over and keep their state.
/// Errors    ValueError for parameters that are no contiguous leaves requiring grad, or that are given twice
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  /// One update of every parameter that has a gradient. Not recorded.
  void step();
  /// Drops the gradients.
  void zero_grad();

  std::size_t num_groups() const noexcept { return groups_.size(); }
  const std::vector<Tensor>& parameters(std::size_t group = 0) const { return groups_.at(group); }
  /// Learning rate of a group; schedulers set it.
  virtual double lr(std::size_t group = 0) const = 0;
  virtual void set_lr(double lr, std::size_t group = 0) = 0;

  /// Everything a resumed run needs but the parameters: state by "<parameter index>.<name>", and each group's rate as
  /// "group<index>.lr". Copies.
  NamedTensors state_dict() const;
  /// Errors: ValueError for keys, types or shapes that are not those of this optimizer's state. Nothing is changed on
  /// error. Dicts come from files: nothing is taken unchecked.
  void load_state_dict(const NamedTensors& dict);

 protected:
  /// What an optimizer keeps for one parameter: named tensors, made at the parameter's first step.
  using State = NamedTensors;

  explicit Optimizer(const char* name) : name_(name) {}
  void add_parameters(std::vector<Tensor> parameters);
  /// The state of a parameter before its first step: names, types and shapes are what load_state_dict accepts.
  virtual State initial_state(std::size_t group, const Array& parameter) const = 0;
  /// Updates one parameter. Parameter and gradient are contiguous and of one type; `state` is empty at the first step.
  virtual void update(std::size_t group, Array& parameter, const Array& gradient, State& state) = 0;
  virtual void begin_step() {}

  const char* name_;

 private:
  std::vector<std::vector<Tensor>> groups_;
  std::vector<State> states_;  // by parameter, groups one after the other
};

/// Optimizer with groups of `Options`.
template <class Options> class OptimizerOf : public Optimizer {
 public:
  struct Group {
    std::vector<Tensor> parameters;
    Options options;
  };
  Options& options(std::size_t group = 0) { return options_.at(group); }
  double lr(std::size_t group = 0) const override { return options_.at(group).lr; }
  void set_lr(double lr, std::size_t group = 0) override { options_.at(group).lr = lr; }

 protected:
  OptimizerOf(const char* name, std::vector<Group> groups) : Optimizer(name) {
    for (Group& g : groups) {
      add_parameters(std::move(g.parameters));
      options_.push_back(g.options);
    }
  }
  std::vector<Options> options_;
};

}  // namespace eg::optim
