#include <eigengrad/core/error.h>
#include <eigengrad/nn/pool.h>

#include <eigengrad/core/detail/format.h>
#include <eigengrad/nn/detail/listed.h>

namespace eg::nn {
using detail::text;

namespace {

void check(const char* op, Pair kernel, Pair stride, Pair padding, Pair dilation) {
  if (kernel.h < 1 || kernel.w < 1) fail<ValueError>(op, "expected a kernel >= 1, got {}", text(kernel));
  if (stride.h < 0 || stride.w < 0 || dilation.h < 1 || dilation.w < 1)
    fail<ValueError>(op, "expected a stride >= 1 (0: the kernel) and a dilation >= 1, got {} and {}", text(stride), text(dilation));
  if (padding.h < 0 || padding.w < 0 || padding.h > kernel.h / 2 || padding.w > kernel.w / 2)
    fail<ValueError>(op, "expected a padding from 0 to half the kernel, got {} for kernel {}", text(padding), text(kernel));
}

void check_size(const char* op, Pair size) {
  if (size.h < 1 || size.w < 1) fail<ValueError>(op, "expected an output size >= 1, got {}", text(size));
}

/// The kernel, then ", name=value" for every option that is not the default.
template <class Options> std::string listed(const char* name, Pair kernel, const Options& o) {
  detail::Listed l;
  if (!(Pair(o.stride) == kernel)) l("stride", o.stride, 0);
  l("padding", o.padding, 0);
  if constexpr (requires { o.dilation; }) l("dilation", o.dilation, 1);
  std::string s = fmt::format("{}({}{}", name, text(kernel), l.all);
  if (o.ceil_mode) s += ", ceil_mode=true";
  if constexpr (requires { o.count_include_pad; })
    if (!o.count_include_pad) s += ", count_include_pad=false";
  return s + ")";
}

}  // namespace

MaxPool1d::MaxPool1d(std::int64_t k, MaxPool1dArgs o) : kernel(k), options(o) { check("MaxPool1d", k, o.stride, o.padding, o.dilation); }
Tensor MaxPool1d::forward(const Tensor& x) { return max_pool1d(x, kernel, options); }
std::string MaxPool1d::describe() const { return listed("MaxPool1d", kernel, options); }

MaxPool2d::MaxPool2d(Pair k, MaxPool2dArgs o) : kernel(k), options(o) { check("MaxPool2d", k, o.stride, o.padding, o.dilation); }
Tensor MaxPool2d::forward(const Tensor& x) { return max_pool2d(x, kernel, options); }
std::string MaxPool2d::describe() const { return listed("MaxPool2d", kernel, options); }

AvgPool1d::AvgPool1d(std::int64_t k, AvgPool1dArgs o) : kernel(k), options(o) { check("AvgPool1d", k, o.stride, o.padding, 1); }
Tensor AvgPool1d::forward(const Tensor& x) { return avg_pool1d(x, kernel, options); }
std::string AvgPool1d::describe() const { return listed("AvgPool1d", kernel, options); }

AvgPool2d::AvgPool2d(Pair k, AvgPool2dArgs o) : kernel(k), options(o) { check("AvgPool2d", k, o.stride, o.padding, 1); }
Tensor AvgPool2d::forward(const Tensor& x) { return avg_pool2d(x, kernel, options); }
std::string AvgPool2d::describe() const { return listed("AvgPool2d", kernel, options); }

AdaptiveAvgPool1d::AdaptiveAvgPool1d(std::int64_t size) : output_size(size) { check_size("AdaptiveAvgPool1d", size); }
Tensor AdaptiveAvgPool1d::forward(const Tensor& x) { return adaptive_avg_pool1d(x, output_size); }
std::string AdaptiveAvgPool1d::describe() const { return fmt::format("AdaptiveAvgPool1d({})", output_size); }

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Pair size) : output_size(size) { check_size("AdaptiveAvgPool2d", size); }
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return adaptive_avg_pool2d(x, output_size); }
std::string AdaptiveAvgPool2d::describe() const { return fmt::format("AdaptiveAvgPool2d({})", text(output_size)); }

AdaptiveMaxPool1d::AdaptiveMaxPool1d(std::int64_t size) : output_size(size) { check_size("AdaptiveMaxPool1d", size); }
Tensor AdaptiveMaxPool1d::forward(const Tensor& x) { return adaptive_max_pool1d(x, output_size); }
std::string AdaptiveMaxPool1d::describe() const { return fmt::format("AdaptiveMaxPool1d({})", output_size); }

}  // namespace eg::nn
