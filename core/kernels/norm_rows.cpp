#include "norm_rows.h"

namespace eg::kernels {

template <class T>
void NormCoefs<T>::prepare(int count) {
  i64x8 ordinary = ~i64x8{};
  for (int i = 0; i < count; i += 8) {
    const SplitMean m = split_means<T>(mean + i);
    const f64x8 r = load<f64x8>(rstd + i), s = r * load<f64x8>(w + i);
    store(hi + i, m.hi);
    store(scale + i, convert<Eight<T>>(s));
    store(shift + i, convert<Eight<T>>(load<f64x8>(b + i) - m.lo * s));
    ordinary &= is_ordinary<T>(load<f64x8>(mean + i), r);
  }
  any_extreme = !every_lane(ordinary);
}

template <class T>
void GradCoefs<T>::prepare(int count) {
  for (int i = 0; i < count; i += 8) {
    const SplitMean m = split_means<T>(mean + i);
    const f64x8 r = load<f64x8>(rstd + i), bx = -r * r * load<f64x8>(mean_gxh + i);
    store(hi + i, m.hi);
    store(by_g + i, convert<Eight<T>>(r * load<f64x8>(w + i)));
    store(by_x + i, convert<Eight<T>>(bx));
    store(constant + i, convert<Eight<T>>(-r * load<f64x8>(mean_g + i) - bx * m.lo));
  }
}

template <class T>
void run_sums(const RowWalk<T>& walk, int count, const T* g, const T* x, const double* mean, RowSums& sums) {
  block_sums<T, 2>(walk, 1, count, sums.of, grad_runs(g, x, walk.length, mean));
}

template <class T>
void finish_grad_sums(int count, const RowSums& of, const double* mean, const double* rstd, RunSums& sums) {
  for (int i = 0; i < count; i += 8) {
    const f64x8 sum_g = load<f64x8>(of.of[0] + i);
    store(sums.g + i, sum_g);
    store(sums.gxh + i, (load<f64x8>(of.of[1] + i) - split_means<T>(mean + i).lo * sum_g) * load<f64x8>(rstd + i));
  }
}

#define EG_INSTANTIATE(T)                                                                      \
  template void NormCoefs<T>::prepare(int);                                                    \
  template void GradCoefs<T>::prepare(int);                                                    \
  template void run_sums(const RowWalk<T>&, int, const T*, const T*, const double*, RowSums&); \
  template void finish_grad_sums<T>(int, const RowSums&, const double*, const double*, RunSums&);
EG_INSTANTIATE(float)
EG_INSTANTIATE(double)
#undef EG_INSTANTIATE

}  // namespace eg::kernels
