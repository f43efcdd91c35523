#pragma once
// fmt for our own .cpp files, and `fail`, which throws with a formatted text.
//
// Note [Private namespaces]: Eigen and fmt are compiled into our libraries under names of their own, by renaming
// their namespaces. A user may then link another fmt, or compile another Eigen with other flags, in the same program:
// no symbol of ours meets one of theirs.
#define fmt eigengrad_private_fmt
#include <fmt/core.h>

#include <string_view>

#include <eigengrad/core/dtype.h>
#include <eigengrad/core/shape.h>

namespace eg::detail {
/// Formatter of a type by a text; takes no format options.
struct TextFormatter {
  constexpr auto parse(fmt::format_parse_context& ctx) { return ctx.begin(); }
  template <class Out> static auto write(std::string_view text, Out out) {
    for (char c : text) *out++ = c;
    return out;
  }
};
}  // namespace eg::detail
template <> struct fmt::formatter<eg::Shape> : eg::detail::TextFormatter {
  auto format(const eg::Shape& s, fmt::format_context& ctx) const { return write(s.str(), ctx.out()); }
};
template <> struct fmt::formatter<eg::DType> : eg::detail::TextFormatter {
  auto format(eg::DType t, fmt::format_context& ctx) const { return write(eg::name(t), ctx.out()); }
};

namespace eg {

/// Throws E(op, formatted text). House style of the text: lower case, `expected ..., got ...; what to do`, no full stop.
template <class E, class... Args>
[[noreturn]] void fail(const char* op, fmt::format_string<const Args&...> text, const Args&... args) {
  throw E(op, fmt::vformat(text, fmt::make_format_args(args...)));
}

}  // namespace eg
