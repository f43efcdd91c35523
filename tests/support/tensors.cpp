#include "support/tensors.h"

#include <cmath>
#include <cstdio>

eg::Tensor to_tensor(const oracle::Value& v, eg::DType floating) {
  const eg::DType type = v.dtype == "int64" ? eg::int64 : v.dtype == "bool" ? eg::boolean : floating;
  eg::Array a(eg::Shape(v.shape), type);
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = v.data[static_cast<std::size_t>(i)];
    switch (type) {
      case eg::DType::boolean: a.data<bool>()[i] = x != 0; break;
      case eg::DType::int64: a.data<std::int64_t>()[i] = static_cast<std::int64_t>(x); break;
      case eg::DType::float32: a.data<float>()[i] = static_cast<float>(x); break;
      default: a.data<double>()[i] = x;
    }
  }
  return eg::Tensor(std::move(a));
}

std::string difference(const eg::Tensor& a, const eg::Tensor& b, double tolerance) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined() ? "" : "one of two tensors is undefined";
  if (a.shape() != b.shape()) return "shape " + a.shape().str() + ", expected " + b.shape().str();
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double scale = 1;
  for (double v : y)
    if (std::isfinite(v)) scale = std::max(scale, 1 + std::abs(v));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    if (same || (std::isfinite(x[i]) && std::isfinite(y[i]) && std::abs(x[i] - y[i]) <= tolerance * scale)) continue;
    char text[200];
    std::snprintf(text, sizeof text, "element %zu of %s is %.17g, expected %.17g (tolerance %g of %g)", i,
                  a.shape().str().c_str(), x[i], y[i], tolerance, scale);
    return text;
  }
  return "";
}
