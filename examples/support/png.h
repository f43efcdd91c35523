#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ex {

/// PNG files as bytes. `pixels` holds height rows of width pixels, top row first.
/// Throws std::invalid_argument where the sizes disagree or a side is not in [1, 65535].
std::string png_grey(std::span<const std::uint8_t> pixels, int width, int height);
/// Three bytes a pixel: red, green, blue.
std::string png_rgb(std::span<const std::uint8_t> pixels, int width, int height);

using Rgb = std::array<std::uint8_t, 3>;
using Palette = std::array<Rgb, 256>;
/// One byte a pixel: an index into the palette.
std::string png_palette(std::span<const std::uint8_t> pixels, int width, int height, const Palette& palette);

/// A sequential colour map: lightness rises evenly from dark violet over teal to yellow, so that equal steps look
/// equal, in grey and to colour-blind eyes too.
const Palette& sequential_colors();
/// A diverging colour map: blue, neutral in the middle (index 128), orange.
const Palette& diverging_colors();
/// sRGB of a colour given in OKLCh (lightness 0..1, chroma, hue in degrees); chroma is lowered until it can be shown.
Rgb oklch(double lightness, double chroma, double hue);

std::string base64(std::string_view bytes);
/// "data:<type>;base64,...": a file inside a page.
std::string data_uri(std::string_view mime_type, std::string_view bytes);

}  // namespace ex
