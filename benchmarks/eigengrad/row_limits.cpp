// What a norm in training cannot avoid, in the plainest form: every row is read and summed, then read again and mapped.
// The sums stay vectors, as if they were the statistics: no horizontal sums, no mean, no square root, no double.
#include <eigengrad/eigengrad.h>

#include "vectors.h"
#include "workload.h"

namespace bench {
namespace {

/// Rows of `runs` runs of `length` values, `row` and `run` apart.
struct Rows {
  std::int64_t rows, runs, length, row, run;
  std::int64_t values() const { return rows * runs * length; }
};

/// f(k, i) for the vectors at i of a run, k in turns 0 and 1; the last one ends with the run.
template <class F> void each_vector(std::int64_t n, F f) {
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) f(0, i), f(1, i + lanes);
  if (i + lanes <= n) f(0, i), i += lanes;
  if (i < n) f(1, n - lanes);
}

/// y = x a + b, a and b from the sums of x and x^2; with parameters of elements, (x a + b) w + w.
template <class Store, bool elements> void forward(const Rows& r, const float* x, float* y, const float* w) {
  in_parts(r.rows, [=](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t row = begin; row < end; ++row) {
      Vector sum[2] = {}, square[2] = {};
      for (std::int64_t s = 0; s < r.runs; ++s) {
        const float* in = x + row * r.row + s * r.run;
        each_vector(r.length, [&](int k, std::int64_t i) {
          const Vector v = load(in + i);
          sum[k] += v;
          square[k] += v * v;
        });
      }
      const Vector a = sum[0] + sum[1], b = square[0] + square[1];
      for (std::int64_t s = 0; s < r.runs; ++s) {
        const std::int64_t at = row * r.row + s * r.run;
        each_vector(r.length, [&](int, std::int64_t i) {
          const Vector v = load(x + at + i) * a + b;
          Store::store(y + at + i, elements ? v * load(w + i) + load(w + i) : v);
        });
      }
    }
    Store::finish();
  });
}

/// dx = g a + x b, a and b from the sums of g and g x; with parameters of elements, the sums are of w g, and each thread
/// adds g x and g to its dw and db.
template <class Store, bool elements>
void backward(const Rows& r, const float* g, const float* x, float* dx, const float* w, float* sums) {
  in_parts(r.rows, [=](std::int64_t begin, std::int64_t end, std::int64_t part) {
    float *const dw = sums + 2 * r.length * part, *const db = dw + r.length;
    for (std::int64_t row = begin; row < end; ++row) {
      Vector sum[2] = {}, product[2] = {};
      for (std::int64_t s = 0; s < r.runs; ++s) {
        const std::int64_t at = row * r.row + s * r.run;
        each_vector(r.length, [&](int k, std::int64_t i) {
          const Vector gv = elements ? load(g + at + i) * load(w + i) : load(g + at + i);
          sum[k] += gv;
          product[k] += gv * load(x + at + i);
        });
      }
      const Vector a = sum[0] + sum[1], b = product[0] + product[1];
      for (std::int64_t s = 0; s < r.runs; ++s) {
        const std::int64_t at = row * r.row + s * r.run;
        each_vector(r.length, [&](int, std::int64_t i) {
          const Vector gv = load(g + at + i), xv = load(x + at + i);
          Store::store(dx + at + i, (elements ? gv * load(w + i) : gv) * a + xv * b);
          if (!elements) return;
          Ordinary::store(dw + i, load(dw + i) + gv * xv);
          Ordinary::store(db + i, load(db + i) + gv);
        });
      }
    }
    Store::finish();
  });
}

struct Tensors {
  eg::Tensor x, y, g, dx, w, sums;
};

template <class Store, bool elements> void add_sweeps(const std::string& name, const std::string& kind, const Rows& r) {
  const auto make = [=](bool with_backward) -> Maker {
    return [=]() -> Workload {
      const auto tensor = [&] { return eg::zeros({r.values()}); };  // the library's memory, as the workload's
      const Tensors t{tensor(), tensor(), tensor(), tensor(), eg::zeros({r.length}),
                      eg::zeros({2 * r.length * eg::num_threads()})};
      const auto at = [](eg::Tensor of) { return of.mutable_data<float>().data(); };
      return Call([=, owners = t] {
        forward<Store, elements>(r, at(t.x), at(t.y), at(t.w));
        if (with_backward) backward<Store, elements>(r, at(t.g), at(t.x), at(t.dx), at(t.w), at(t.sums));
      });
    };
  };
  add("limit/sweeps/" + name + "/fwd" + kind, make(false));
  add("limit/sweeps/" + name + "/fwdbwd" + kind, make(true));
}

template <bool elements> void add_rows(const std::string& name, const Rows& r) {
  add_sweeps<Ordinary, elements>(name, "", r);
  if (r.length % 16 == 0) add_sweeps<PastCaches, elements>(name, "/past_caches", r);
}

}  // namespace

void add_row_limits() {
  for (const auto& s : norm_shapes) {
    const std::int64_t n = s[0], c = s[1], l = s[2];
    add_rows<false>("channels/" + text(s), {n * c, 1, l, l, 0});
    add_rows<false>("groups/" + text(s), {n * 8, 1, c / 8 * l, c / 8 * l, 0});
    add_rows<false>("batch/" + text(s), {c, n, l, l, c * l});
    add_rows<true>("elements/" + text(s), {n * c, 1, l, l, 0});
  }
}

}  // namespace bench
