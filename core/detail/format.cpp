// The compiled part of fmt, under our private name (Note [Private namespaces]).
#define fmt eigengrad_private_fmt
#define FMT_HEADER_ONLY
#define FMT_STATIC_THOUSANDS_SEPARATOR ','  // without it fmt asks std::locale, and a static program grows by its tables
#include <fmt/format.h>

namespace eigengrad_private_fmt_anchor {
// Out-of-line copies of what <fmt/core.h> declares; every other .cpp of ours links against them.
auto vformat_anchor = static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);
}  // namespace eigengrad_private_fmt_anchor
