#include "png.h"

#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "deflate.h"

namespace ex {
namespace {

void put32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
}

void put_chunk(std::string& out, std::string_view type, std::string_view data) {
  put32(out, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  out += body;
  put32(out, crc32(body));
}

// One row through filter `kind`: 0 as it is, 1 minus the left neighbour, 2 minus the upper one.
void filter_row(const std::uint8_t* row, const std::uint8_t* above, std::size_t n, std::size_t channels, int kind,
                std::string& out) {
  out.clear();
  out += static_cast<char>(kind);
  for (std::size_t i = 0; i < n; ++i) {
    const int left = i >= channels ? row[i - channels] : 0, up = above ? above[i] : 0;
    out += static_cast<char>(row[i] - (kind == 1 ? left : kind == 2 ? up : 0));
  }
}

std::string png(std::span<const std::uint8_t> pixels, int width, int height, int channels, int color_type,
                const Palette* palette) {
  if (width < 1 || height < 1 || width > 65535 || height > 65535 ||
      pixels.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels)
    throw std::invalid_argument("png: the number of pixels is not width x height");
  const std::size_t n = static_cast<std::size_t>(width) * channels;
  std::string raw, best, candidate;
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = pixels.data() + static_cast<std::size_t>(y) * n;
    long best_cost = -1;
    for (int kind = 0; kind < (palette ? 1 : 3); ++kind) {  // differences of palette indices mean nothing
      filter_row(row, y ? row - n : nullptr, n, channels, kind, candidate);
      long cost = 0;
      for (char c : candidate) cost += std::abs(static_cast<signed char>(c));
      if (best_cost < 0 || cost < best_cost) {
        best_cost = cost;
        best = candidate;
      }
    }
    raw += best;
  }
  std::string header;
  put32(header, static_cast<std::uint32_t>(width));
  put32(header, static_cast<std::uint32_t>(height));
  header += '\x08';
  header += static_cast<char>(color_type);
  header.append(3, '\0');  // deflate, adaptive filters, not interlaced

  std::string out("\x89PNG\r\n\x1a\n", 8);
  put_chunk(out, "IHDR", header);
  if (palette) {
    std::string colors;
    for (const Rgb& c : *palette)
      for (std::uint8_t v : c) colors += static_cast<char>(v);
    put_chunk(out, "PLTE", colors);
  }
  put_chunk(out, "IDAT", zlib_compress(raw));
  put_chunk(out, "IEND", "");
  return out;
}

}  // namespace

std::string png_grey(std::span<const std::uint8_t> p, int w, int h) { return png(p, w, h, 1, 0, nullptr); }
std::string png_rgb(std::span<const std::uint8_t> p, int w, int h) { return png(p, w, h, 3, 2, nullptr); }
std::string png_palette(std::span<const std::uint8_t> p, int w, int h, const Palette& c) {
  return png(p, w, h, 1, 3, &c);
}

// Source: B. Ottosson, A perceptual color space for image processing, 2020 (the OKLab matrices).
Rgb oklch(double lightness, double chroma, double hue) {
  const double radians = hue * 3.14159265358979323846 / 180;
  for (;; chroma *= 0.97) {
    const double a = chroma * std::cos(radians), b = chroma * std::sin(radians);
    const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    const double linear[3] = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                              -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                              -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    Rgb out{};
    bool shown = true;
    for (std::size_t i = 0; i < 3; ++i) {
      double v = linear[i];
      if (v < -1e-4 || v > 1.0001) shown = false;
      v = v < 0 ? 0 : v > 1 ? 1 : v;
      v = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
      out[i] = static_cast<std::uint8_t>(std::lround(255 * v));
    }
    if (shown || chroma < 1e-3) return out;
  }
}

const Palette& sequential_colors() {
  static const Palette colors = [] {
    Palette p;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double t = static_cast<double>(i) / 255;
      p[i] = oklch(0.18 + 0.75 * t, 0.10 + 0.07 * t, 305 - 200 * t);
    }
    return p;
  }();
  return colors;
}

const Palette& diverging_colors() {
  static const Palette colors = [] {
    Palette p;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double t = (static_cast<double>(i) - 128) / 128, m = std::abs(t);
      p[i] = oklch(0.96 - 0.50 * m, 0.17 * m, t < 0 ? 250 : 50);
    }
    return p;
  }();
  return colors;
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t v = 0;
    for (std::size_t k = 0; k < 3; ++k)
      v = v << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? digits[v >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string data_uri(std::string_view mime_type, std::string_view bytes) {
  std::string out = "data:";
  out += mime_type;
  out += ";base64,";
  return out += base64(bytes);
}

}  // namespace ex
