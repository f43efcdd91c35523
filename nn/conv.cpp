#include <eigengrad/core/error.h>
#include <eigengrad/nn/conv.h>
#include <eigengrad/nn/init.h>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/nn/detail/listed.h>

namespace eg::nn {
namespace {

void check(const char* op, std::int64_t in, std::int64_t out, Pair kernel, Pair stride, Pair padding, Pair dilation, std::int64_t groups) {
  if (in < 1 || out < 1 || kernel.h < 1 || kernel.w < 1)
    fail<ValueError>(op, "expected channels and kernel >= 1, got in {}, out {}, kernel {} x {}", in, out, kernel.h, kernel.w);
  if (groups < 1 || in % groups != 0 || out % groups != 0)
    fail<ValueError>(op, "expected groups >= 1 that divide in and out channels, got groups {}, in {}, out {}", groups, in, out);
  if (stride.h < 1 || stride.w < 1 || dilation.h < 1 || dilation.w < 1)
    fail<ValueError>(op, "expected stride and dilation >= 1, got {} x {} and {} x {}", stride.h, stride.w, dilation.h, dilation.w);
  if (padding.h < 0 || padding.w < 0) fail<ValueError>(op, "expected padding >= 0, got {} x {}", padding.h, padding.w);
}

/// PyTorch's fan of a weight [a, b, kernel...]: b times the kernel.
std::int64_t fan(const Shape& w) { return init::fans(w).in; }

template <class Options> std::string listed(const Options& o) {
  detail::Listed l;
  l("stride", o.stride, 1)("padding", o.padding, 0);
  if constexpr (requires { o.output_padding; }) l("output_padding", o.output_padding, 0);
  l("dilation", o.dilation, 1)("groups", o.groups, 1);
  return l.all + (o.bias ? "" : ", bias=false");
}

}  // namespace

Conv1d::Conv1d(std::int64_t in, std::int64_t out, std::int64_t k, Conv1dOptions o) : options(o) {
  check("Conv1d", in, out, k, o.stride, o.padding, o.dilation, o.groups);
  const Shape shape{out, in / o.groups, k};
  weight = Parameter(init::default_uniform(shape, fan(shape)));
  if (o.bias) bias = Parameter(init::default_uniform({out}, fan(shape)));
}
Tensor Conv1d::forward(const Tensor& x) {
  return conv1d(x, weight, bias, {options.stride, options.padding, options.dilation, options.groups});
}
std::string Conv1d::describe() const {
  return fmt::format("Conv1d({}, {}, {}{})", weight->size(1) * options.groups, weight->size(0), weight->size(2), listed(options));
}

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Pair k, Conv2dOptions o) : options(o) {
  check("Conv2d", in, out, k, o.stride, o.padding, o.dilation, o.groups);
  const Shape shape{out, in / o.groups, k.h, k.w};
  weight = Parameter(init::default_uniform(shape, fan(shape)));
  if (o.bias) bias = Parameter(init::default_uniform({out}, fan(shape)));
}
Tensor Conv2d::forward(const Tensor& x) {
  return conv2d(x, weight, bias, {options.stride, options.padding, options.dilation, options.groups});
}
std::string Conv2d::describe() const {
  return fmt::format("Conv2d({}, {}, {}{})", weight->size(1) * options.groups, weight->size(0),
                     detail::text({weight->size(2), weight->size(3)}), listed(options));
}

ConvTranspose1d::ConvTranspose1d(std::int64_t in, std::int64_t out, std::int64_t k, ConvTranspose1dOptions o) : options(o) {
  check("ConvTranspose1d", in, out, k, o.stride, o.padding, o.dilation, o.groups);
  const Shape shape{in, out / o.groups, k};
  weight = Parameter(init::default_uniform(shape, fan(shape)));
  if (o.bias) bias = Parameter(init::default_uniform({out}, fan(shape)));
}
Tensor ConvTranspose1d::forward(const Tensor& x) {
  return conv_transpose1d(x, weight, bias,
                          {options.stride, options.padding, options.output_padding, options.dilation, options.groups});
}
std::string ConvTranspose1d::describe() const {
  return fmt::format("ConvTranspose1d({}, {}, {}{})", weight->size(0), weight->size(1) * options.groups, weight->size(2), listed(options));
}

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, Pair k, ConvTranspose2dOptions o) : options(o) {
  check("ConvTranspose2d", in, out, k, o.stride, o.padding, o.dilation, o.groups);
  const Shape shape{in, out / o.groups, k.h, k.w};
  weight = Parameter(init::default_uniform(shape, fan(shape)));
  if (o.bias) bias = Parameter(init::default_uniform({out}, fan(shape)));
}
Tensor ConvTranspose2d::forward(const Tensor& x) {
  return conv_transpose2d(x, weight, bias,
                          {options.stride, options.padding, options.output_padding, options.dilation, options.groups});
}
std::string ConvTranspose2d::describe() const {
  return fmt::format("ConvTranspose2d({}, {}, {}{})", weight->size(0), weight->size(1) * options.groups,
                     detail::text({weight->size(2), weight->size(3)}), listed(options));
}

}  // namespace eg::nn
