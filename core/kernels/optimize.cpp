#include "optimize.h"

#include <eigengrad/core/parallel.h>

#include <cmath>

#include "simd.h"

namespace eg::kernels {
namespace {

constexpr std::int64_t grain = 8192;  // values a thread takes at a time

template <class T>
Simd<T> splat(double value) {
  return Simd<T>{} + static_cast<T>(value);
}

// sign g + decay p; without decay the parameter, which may be infinite, stays out of it.
template <class V>
V decayed(V g, V p, double weight_decay, V sign, V decay) {
  return weight_decay == 0 ? g * sign : g * sign + decay * p;
}

// body(get, put) over [begin, end): whole vectors, then one that reads and writes `rest` lanes. Elementwise, so
// a value has the same bits wherever it stands.
template <class T, class F>
void for_vectors(std::int64_t begin, std::int64_t end, F body) {
  using V = Simd<T>;
  std::int64_t i = begin;
  for (; i + lanes<T> <= end; i += lanes<T>)
    body([i](const T* p) { return load<V>(p + i); }, [i](T* p, V v) { store(p + i, v); });
  const std::int64_t rest = end - i;
  if (rest > 0)
    body(
        [=](const T* p) {
          T last[lanes<T>] = {};
          for (std::int64_t k = 0; k < rest; ++k) last[k] = p[i + k];
          return load<V>(last);
        },
        [=](T* p, V v) {
          T last[lanes<T>];
          store(last, v);
          for (std::int64_t k = 0; k < rest; ++k) p[i + k] = last[k];
        });
}

}  // namespace

template <class T>
void adam_step(const AdamStep& step, std::int64_t n, T* param, const T* grad, T* exp_avg, T* exp_avg_sq,
               T* max_exp_avg_sq) {
  using V = Simd<T>;
  const V b1 = splat<T>(step.beta1), a1 = splat<T>(1 - step.beta1), b2 = splat<T>(step.beta2),
          a2 = splat<T>(1 - step.beta2), eps = splat<T>(step.eps), size = splat<T>(step.lr / step.bias_correction1),
          root = splat<T>(1 / std::sqrt(step.bias_correction2)), sign = splat<T>(step.maximize ? -1 : 1),
          decay = splat<T>(step.weight_decay), keep = splat<T>(step.decoupled ? 1 - step.lr * step.weight_decay : 1);
  const double added_decay = step.decoupled ? 0 : step.weight_decay;
  const auto run = [&](auto amsgrad, std::int64_t begin, std::int64_t end) {
    for_vectors<T>(begin, end, [&](auto get, auto put) {
      V p = get(param);
      const V g = decayed(get(grad), p, added_decay, sign, decay);
      const V m = get(exp_avg) * b1 + a1 * g, v = get(exp_avg_sq) * b2 + (a2 * g) * g;
      put(exp_avg, m);
      put(exp_avg_sq, v);
      V largest = v;
      if constexpr (amsgrad) {
        const V old = get(max_exp_avg_sq);
        largest = select(old > v, old, v);
        put(max_exp_avg_sq, largest);
      }
      put(param, p * keep - size * m / (sqrt(largest) * root + eps));
    });
  };
  detail::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    if (max_exp_avg_sq)
      run(std::true_type{}, begin, end);
    else
      run(std::false_type{}, begin, end);
  });
}

template <class T>
void sgd_step(const SgdStep& step, std::int64_t n, T* param, const T* grad, T* momentum_buffer) {
  using V = Simd<T>;
  const V lr = splat<T>(step.lr), decay = splat<T>(step.weight_decay), sign = splat<T>(step.maximize ? -1 : 1),
          momentum = splat<T>(step.momentum), take = splat<T>(1 - step.dampening);
  detail::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    if (!momentum_buffer)
      for_vectors<T>(begin, end, [&](auto get, auto put) {
        const V p = get(param);
        put(param, p - lr * decayed(get(grad), p, step.weight_decay, sign, decay));
      });
    else
      for_vectors<T>(begin, end, [&](auto get, auto put) {
        const V p = get(param), g = decayed(get(grad), p, step.weight_decay, sign, decay);
        const V b = step.first ? g : get(momentum_buffer) * momentum + take * g;
        put(momentum_buffer, b);
        put(param, p - lr * (step.nesterov ? g + momentum * b : b));
      });
  });
}

template void adam_step(const AdamStep&, std::int64_t, float*, const float*, float*, float*, float*);
template void adam_step(const AdamStep&, std::int64_t, double*, const double*, double*, double*, double*);
template void sgd_step(const SgdStep&, std::int64_t, float*, const float*, float*);
template void sgd_step(const SgdStep&, std::int64_t, double*, const double*, double*);

}  // namespace eg::kernels
