#include <eigengrad/nn/init.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/ops.h>
#include <eigengrad/autograd/random.h>
#include <eigengrad/core/error.h>

#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg::nn::init {

Fans fans(const Shape& w) {
  if (w.rank() < 2) fail<ShapeError>("init", "expected a weight with at least 2 dimensions, got {}", w);
  std::int64_t kernel = 1;
  for (int i = 2; i < w.rank(); ++i) kernel *= w[i];
  return {w[1] * kernel, w[0] * kernel};
}

double gain(Gain f, double slope) {
  switch (f) {
    case Gain::tanh: return 5.0 / 3;
    case Gain::relu: return std::sqrt(2.0);
    case Gain::leaky_relu: return std::sqrt(2 / (1 + slope * slope));
    case Gain::selu: return 0.75;
    default: return 1;
  }
}

Tensor& constant_(Tensor& t, double value) {
  NoGrad guard;
  return t.fill_(value);
}

Tensor& uniform_(Tensor& t, double low, double high) {
  NoGrad guard;
  return t.copy_(rand(t.shape(), {.dtype = t.dtype()}) * (high - low) + low);
}

Tensor& normal_(Tensor& t, double mean, double std) {
  NoGrad guard;
  return t.copy_(randn(t.shape(), {.dtype = t.dtype()}) * std + mean);
}

Tensor& xavier_uniform_(Tensor& t, double g) {
  const Fans f = fans(t.shape());
  const double bound = g * std::sqrt(6.0 / static_cast<double>(f.in + f.out));
  return uniform_(t, -bound, bound);
}

Tensor& xavier_normal_(Tensor& t, double g) {
  const Fans f = fans(t.shape());
  return normal_(t, 0, g * std::sqrt(2.0 / static_cast<double>(f.in + f.out)));
}

namespace {
double kaiming_std(const Tensor& t, double slope, Mode mode) {
  const Fans f = fans(t.shape());
  return gain(Gain::leaky_relu, slope) / std::sqrt(static_cast<double>(mode == Mode::fan_in ? f.in : f.out));
}
}  // namespace

Tensor& kaiming_uniform_(Tensor& t, double slope, Mode mode) {
  const double bound = std::sqrt(3.0) * kaiming_std(t, slope, mode);
  return uniform_(t, -bound, bound);
}

Tensor& kaiming_normal_(Tensor& t, double slope, Mode mode) { return normal_(t, 0, kaiming_std(t, slope, mode)); }

Tensor default_uniform(const Shape& shape, std::int64_t fan_in) {
  Tensor t = empty(shape);
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  return uniform_(t, -bound, bound);
}

}  // namespace eg::nn::init
