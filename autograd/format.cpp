#include <eigengrad/autograd/format.h>

#include <algorithm>
#include <cmath>

#include <eigengrad/core/detail/format.h>

namespace eg {
namespace {

constexpr std::int64_t summarize_above = 1000, edge = 3;
constexpr std::size_t line_width = 100;
constexpr int digits = 4;

// Indices along dimension d that are shown; -1 stands for the dots.
template <class F> void each_shown(std::int64_t n, bool summarize, F&& f) {
  const bool cut = summarize && n > 2 * edge;
  for (std::int64_t i = 0; i < n; ++i) {
    if (cut && i == edge) {
      f(std::int64_t{-1});
      i = n - edge;
    }
    f(i);
  }
}

// How the numbers of one tensor are written: alike, so that they line up.
//
// Note [Number formats] as NumPy's: scientific where the largest is 1e8 or more, the smallest but 0 is less than 1e-4, or
// they are more than a factor of 1000 apart; as many decimals as some number needs, at most 4.
class Printer {
 public:
  explicit Printer(const Array& a) : a_(a), summarize_(a.numel() > summarize_above) {
    if (is_floating(a.dtype())) choose_format();
    visit(0, 0, [&](std::int64_t at) { width_ = std::max(width_, number(at).size()); });
  }

  std::string text() const {
    std::string out;
    write(0, 0, out);
    return out;
  }

 private:
  template <class F> void visit(int d, std::int64_t at, F&& f) const {
    if (d == a_.rank()) return f(at);
    each_shown(a_.size(d), summarize_, [&](std::int64_t i) {
      if (i >= 0) visit(d + 1, at + i * a_.stride(d), f);
    });
  }

  double real(std::int64_t at) const {
    return a_.dtype() == DType::float32 ? static_cast<double>(a_.data<float>()[at]) : a_.data<double>()[at];
  }

  void choose_format() {
    double low = INFINITY, high = 0;
    visit(0, 0, [&](std::int64_t at) {
      const double v = std::abs(real(at));
      if (!std::isfinite(v) || v == 0) return;
      low = std::min(low, v);
      high = std::max(high, v);
    });
    scientific_ = high > 0 && (high >= 1e8 || low < 1e-4 || high / low > 1000);
    int needed = 0;
    visit(0, 0, [&](std::int64_t at) {
      const double v = real(at);
      if (!std::isfinite(v)) return;
      const std::string s = scientific_ ? fmt::format("{:.{}e}", v, digits) : fmt::format("{:.{}f}", v, digits);
      const std::size_t point = s.find('.'), end = std::min(s.find('e'), s.size());
      const std::size_t last = s.find_last_not_of('0', end - 1);
      needed = std::max(needed, static_cast<int>(last - point));
    });
    decimals_ = needed;
  }

  std::string number(std::int64_t at) const {
    if (a_.dtype() == DType::boolean) return a_.data<bool>()[at] ? "true" : "false";
    if (a_.dtype() == DType::int64) return fmt::format("{}", a_.data<std::int64_t>()[at]);
    const double v = real(at);
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    if (scientific_) return fmt::format("{:#.{}e}", v, decimals_);
    return fmt::format("{:#.{}f}", v, decimals_);
  }

  void write(int d, std::int64_t at, std::string& out) const {
    if (d == a_.rank()) {
      out += number(at);
      return;
    }
    const bool innermost = d + 1 == a_.rank();
    const std::string indent(static_cast<std::size_t>(d) + 1, ' ');
    std::size_t column = indent.size();
    bool first = true;
    out += '[';
    each_shown(a_.size(d), summarize_, [&](std::int64_t i) {
      std::string item;
      if (i < 0) item = "...";
      else if (innermost) item = number(at + i * a_.stride(d));
      if (innermost) {
        if (i >= 0) item.insert(0, width_ - item.size(), ' ');
        if (!first && column + 1 + item.size() >= line_width) {
          out += '\n' + indent;
          column = indent.size();
        } else if (!first) {
          out += ' ';
          ++column;
        }
        out += item;
        column += item.size();
      } else {
        if (!first) out += std::string(static_cast<std::size_t>(a_.rank() - d - 1), '\n') + indent;
        if (i < 0) out += item;
        else write(d + 1, at + i * a_.stride(d), out);
      }
      first = false;
    });
    out += ']';
  }

  const Array& a_;
  bool summarize_, scientific_ = false;
  int decimals_ = 0;
  std::size_t width_ = 0;
};

}  // namespace

std::string Tensor::str() const {
  if (!defined()) return "undefined tensor";
  std::string out = numel() == 0 ? "[]" : Printer(array()).text();
  out += out.find('\n') == out.npos ? ' ' : '\n';
  out += fmt::format("{} {}", dtype(), shape());
  return requires_grad() ? out + ", requires grad" : out;
}

}  // namespace eg
