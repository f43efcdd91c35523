#include "norm_rows.h"

namespace eg::kernels {

template <class T>
void NormCoefs<T>::prepare(int count) {
  for (int i = 0; i < 8; ++i) {
    const SplitMean<T> m(mean[i]);
    const double s = rstd[i] * w[i];
    hi[i] = m.hi, scale[i] = static_cast<T>(s), shift[i] = static_cast<T>(b[i] - m.lo * s);
  }
  int extreme = 0;
  for (int i = 0; i < count; ++i) extreme += is_extreme<T>(mean[i], rstd[i]);
  any_extreme = extreme > 0;
}

template <class T>
void GradCoefs<T>::prepare() {
  for (int i = 0; i < 8; ++i) {
    const SplitMean<T> m(mean[i]);
    const double bx = -rstd[i] * rstd[i] * mean_gxh[i];
    hi[i] = m.hi, by_g[i] = static_cast<T>(rstd[i] * w[i]), by_x[i] = static_cast<T>(bx);
    constant[i] = static_cast<T>(-rstd[i] * mean_g[i] - bx * m.lo);
  }
}

template <class T>
void eight_grad_sums(const RowWalk<T>& walk, int count, const T* g, const T* x, const double (&mean)[8],
                     const double (&rstd)[8], double (&sum_g)[8], double (&sum_gxh)[8]) {
  alignas(64) double sums[2][8];
  block_sums<T, 2>(walk, 1, count, sums, [&](int r, std::int64_t, auto sum) {
    sum(grad_terms(walk, static_cast<T>(mean[r])), g + r * walk.length, x + r * walk.length);
  });
  for (int i = 0; i < 8; ++i) {
    sum_g[i] = sums[0][i];
    sum_gxh[i] = (sums[1][i] - SplitMean<T>(mean[i]).lo * sums[0][i]) * rstd[i];
  }
}

#define EG_INSTANTIATE(T)                                                                                           \
  template void NormCoefs<T>::prepare(int);                                                                         \
  template void GradCoefs<T>::prepare();                                                                            \
  template void eight_grad_sums(const RowWalk<T>&, int, const T*, const T*, const double(&)[8], const double(&)[8], \
                                double(&)[8], double(&)[8]);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
