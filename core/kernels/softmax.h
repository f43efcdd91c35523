#pragma once
#include <eigengrad/core/array.h>

namespace eg::kernels {

// Softmax along `dim` of floating-point arrays: y = exp(x - max) / sum exp(x - max), or its logarithm.
Array softmax(const Array& x, int dim, bool logarithm);
/// softmax: y (g - sum g y);  log_softmax: g - exp(y) sum g.
Array softmax_grad(const Array& g, const Array& y, int dim, bool logarithm);

/// log sum exp of each row of x [rows, n], without overflow; -inf where n is 0.
Array logsumexp_rows(const Array& x);

/// What cross entropy does with rows of logits x [M, C] and classes t [M].
struct CrossEntropy {
  Array weight;                       ///< [C] of x's type, or undefined
  double smoothing = 0;
  std::int64_t ignore = -100;         ///< rows of this class do not count
};
struct CrossEntropyResult {
  Array losses;  ///< [M], of x's type
  Array logsum;  ///< [M], of x's type
  double total = 0, weight = 0;  ///< sum of losses; sum of the classes' weights
};
/// loss = w[t] (1 - s) (lse - x[t]) + s / C sum_c w[c] (lse - x[c])
/// Errors    IndexError for a class outside [0, C) other than `ignore`
CrossEntropyResult cross_entropy(const Array& x, const Array& t, const CrossEntropy& o);
/// d loss / dx times g, which is [M] or one number.
Array cross_entropy_grad(const Array& g, double factor, const Array& x, const Array& t, const Array& logsum, const CrossEntropy& o);
/// The same gradient as (softmax(x) a - q): a [M, 1], q [M, C].
struct CrossEntropyParts {
  Array a, q;
};
CrossEntropyParts cross_entropy_parts(const Array& x, const Array& t, const CrossEntropy& o);

}  // namespace eg::kernels
