#include <eigengrad/autograd/function.h>
#include <eigengrad/core/error.h>

#include <eigengrad/core/detail/format.h>

namespace eg {

Tensor Context::saved(std::size_t i) const {
  const char* op = node_ ? node_->name() : "custom function";
  if (i >= saved_.size()) fail<IndexError>(op, "expected a saved tensor below {}, got {}", saved_.size(), i);
  const Item& item = saved_[i];
  if (!item.tensor.defined() && !item.saved.defined()) return {};
  if (!node_) return item.tensor;
  if (item.kind == Kind::output) return item.saved.get_output(*node_);
  if (item.kind == Kind::other && grad_enabled() && is_floating(item.saved.get(*node_).dtype()))
    fail<GradError>(op, "expected saved tensor {} to be an input or the output, since the gradient is to be differentiated "
                    "again; compute it from the inputs in backward, or save_constants where it does not depend on them", i);
  return item.saved.get(*node_);
}

void Context::settle(std::span<const Tensor* const> inputs, const Tensor& output, Node* self) {
  node_ = self;
  for (Item& item : saved_) {
    if (!item.tensor.defined()) continue;
    if (item.tensor.impl() == output.impl()) {
      item.kind = Kind::output;
      item.saved = Saved::output(item.tensor.array());
    } else {
      for (const Tensor* in : inputs)
        if (in->impl() == item.tensor.impl()) item.kind = Kind::input;
      item.saved = Saved(item.tensor);
    }
    item.tensor = Tensor();
  }
}

void detail::FunctionNode::give(std::span<const Tensor> from, Grads to) const {
  if (from.size() != tensors)
    fail<GradError>(name(), "expected backward to return one gradient a tensor argument, got {} for {} arguments",
                    from.size(), tensors);
  for (std::size_t i = 0; i < from.size(); ++i)
    if (needs(static_cast<int>(i))) to[i] = from[i];
}

Tensor detail::record_function(Ref<Node> node, FunctionNode& self, std::span<const Tensor* const> inputs, Tensor output) {
  if (!output.defined()) fail<ValueError>(self.name(), "expected forward to return a tensor, got an undefined one");
  bool wanted = false;
  for (const Tensor* t : inputs) wanted = wanted || wants_grad(*t);
  // An input handed back gets a handle of its own.
  if (!recording || !wanted || !is_floating(output.dtype())) return output.detach();
  self.set_inputs(inputs);
  self.set_output(output.array());
  self.context.settle(inputs, output, &self);
  return attach(output.array(), std::move(node));
}

}  // namespace eg
