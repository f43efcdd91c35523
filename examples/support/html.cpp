#include "html.h"

#include <fmt/format.h>

#include <cstdlib>

#include "png.h"
#include "svg_frame.h"

namespace ex {
namespace {

using svg::escape;

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--paper:#fff;--ink:#1b2330;--soft:#5b6472;--line:#e3e7ed;--box:#f6f7f9;--link:#0067a8}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e6e9ee;--soft:#9aa4b2;--line:#2a313c;--box:#1d232c;--link:#6cbcf0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.62 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
main{max-width:52rem;margin:0 auto;padding:3.2rem 1.25rem 4rem}
h1{font-size:2.15rem;line-height:1.15;letter-spacing:-.02em;margin:0 0 .5rem}
.sub{color:var(--soft);font-size:1.12rem;margin:0 0 2rem;max-width:42rem}
h2{font-size:1.38rem;line-height:1.25;letter-spacing:-.01em;margin:3rem 0 .7rem;padding-top:1.4rem;border-top:1px solid var(--line)}
p{margin:.7rem 0;max-width:42rem;overflow-wrap:break-word}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
nav{margin:0 0 1.6rem;font-size:.93rem;line-height:1.9}
nav a{margin-right:1.15rem;white-space:nowrap;text-decoration:none}
nav a:hover{text-decoration:underline}
figure{margin:1.5rem 0}
.fit{overflow-x:auto}
.fit>svg{display:block;max-width:100%;height:auto}
.fit>svg[width='720']{width:100%;min-width:31rem}
.row{display:flex;flex-wrap:wrap;gap:1.2rem}
.row>.fit{flex:1 1 13.5rem;min-width:0}
figcaption,caption{color:var(--soft);font-size:.9rem;line-height:1.5;margin-top:.45rem;max-width:42rem;text-align:left;caption-side:bottom}
img{max-width:100%;height:auto;border-radius:6px}
audio{width:100%;max-width:30rem;display:block}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.6rem,1fr));gap:.7rem;margin:1.5rem 0;padding:0}
.facts div{background:var(--box);border-radius:10px;padding:.75rem .95rem}
.facts dt{color:var(--soft);font-size:.82rem;line-height:1.3}
.facts dd{margin:.15rem 0 0;font-size:1.3rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.table{overflow-x:auto;margin:1.4rem 0}
table{border-collapse:collapse;font-size:.93rem;line-height:1.4;font-variant-numeric:tabular-nums;min-width:55%}
th,td{padding:.42rem .9rem .42rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft);border-bottom-width:2px}
.num{text-align:right;white-space:nowrap}
caption{max-width:min(42rem,88vw)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.86em}
code{background:var(--box);border-radius:4px;padding:.1em .32em;overflow-wrap:anywhere}
pre{background:var(--box);border-radius:10px;padding:.9rem 1.1rem;overflow-x:auto;line-height:1.5;margin:1.1rem 0}
pre code{background:none;padding:0;font-size:inherit;overflow-wrap:normal}
.note{background:var(--box);border-left:4px solid var(--link);border-radius:0 10px 10px 0;padding:.55rem 1.1rem;margin:1.3rem 0}
@media(max-width:36rem){body{font-size:16px}main{padding:1.8rem 1rem 3rem}h1{font-size:1.7rem}h2{margin-top:2.2rem}td:not(.num){min-width:6.5rem}td:last-child:not(.num){min-width:9rem}}
@media print{main{max-width:none;padding:0}body{font-size:11pt}nav,audio{display:none}figure,.table,pre,.facts{break-inside:avoid}h2{break-after:avoid}
.fit>svg[width='720']{min-width:0}}
)";

// `code` and **strong** in text that is escaped already; a mark without its partner stays as it is.
std::string marked(std::string_view text) {
  std::string s = escape(text), out;
  for (std::size_t i = 0; i < s.size();) {
    const std::string_view mark = s[i] == '`' ? "`" : s.compare(i, 2, "**") == 0 ? "**" : "";
    const std::size_t end = mark.empty() ? std::string::npos : s.find(mark, i + mark.size());
    if (end == std::string::npos || end == i + mark.size()) {
      out += s[i++];
      continue;
    }
    const char* tag = mark == "`" ? "code" : "strong";
    out += fmt::format("<{0}>{1}</{0}>", tag, s.substr(i + mark.size(), end - i - mark.size()));
    i = end + mark.size();
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    const std::string_view one = text.substr(0, end);
    if (one.find_first_not_of(" \n\t") != std::string_view::npos) out += fmt::format("<p>{}</p>\n", marked(one));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return out;
}

std::string caption_of(std::string_view caption) {
  return caption.empty() ? "" : fmt::format("<figcaption>{}</figcaption>", marked(caption));
}

// "12", "-1.5e3", "98.2 %", "3 ± 1", "-", "": a cell of a column of numbers.
bool numeric(const std::string& s) {
  if (s.empty() || s == "-" || s == "nan") return true;
  char* end = nullptr;
  std::strtod(s.c_str(), &end);
  return end != s.c_str() && (*end == 0 || *end == ' ' || *end == '%');
}

}  // namespace

Page& Page::section(const std::string& title) {
  sections_.push_back(title);
  body_ += fmt::format("<h2 id=\"s{}\">{}</h2>\n", sections_.size(), escape(title));
  return *this;
}

Page& Page::text(std::string_view text) { return raw(paragraphs(text)); }
Page& Page::note(std::string_view text) { return raw(fmt::format("<div class=\"note\">{}</div>\n", paragraphs(text))); }

Page& Page::figure(const std::string& markup, std::string_view caption) {
  return raw(fmt::format("<figure><div class=\"fit\">{}</div>{}</figure>\n", markup, caption_of(caption)));
}

Page& Page::figures(const std::vector<std::string>& markups, std::string_view caption) {
  std::string inner;
  for (const std::string& m : markups) inner += fmt::format("<div class=\"fit\">{}</div>", m);
  return raw(fmt::format("<figure><div class=\"row\">{}</div>{}</figure>\n", inner, caption_of(caption)));
}

Page& Page::png(std::string_view bytes, std::string_view description, std::string_view caption) {
  return raw(fmt::format("<figure><img alt=\"{}\" src=\"{}\">{}</figure>\n", escape(description),
                         data_uri("image/png", bytes), caption_of(caption)));
}

Page& Page::audio(std::string_view wav_bytes, std::string_view caption) {
  return raw(fmt::format("<figure><audio controls preload=\"none\" src=\"{}\"></audio>{}</figure>\n",
                         data_uri("audio/wav", wav_bytes), caption_of(caption)));
}

Page& Page::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  std::string_view caption) {
  std::vector<bool> right(header.size(), !rows.empty());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < header.size(); ++i) right[i] = right[i] && i < row.size() && numeric(row[i]);
  const auto cells = [&](const std::vector<std::string>& row, const char* tag) {
    std::string out = "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out +=
          fmt::format("<{0}{1}>{2}</{0}>", tag, i < right.size() && right[i] ? " class=\"num\"" : "", marked(row[i]));
    return out + "</tr>\n";
  };
  std::string out = "<div class=\"table\"><table>";
  if (!caption.empty()) out += fmt::format("<caption>{}</caption>", marked(caption));
  out += "<thead>" + cells(header, "th") + "</thead><tbody>";
  for (const auto& row : rows) out += cells(row, "td");
  return raw(out + "</tbody></table></div>\n");
}

Page& Page::facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string out = "<dl class=\"facts\">";
  for (const auto& [what, value] : facts)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape(what), escape(value));
  return raw(out + "</dl>\n");
}

Page& Page::code(std::string_view text) { return raw(fmt::format("<pre><code>{}</code></pre>\n", escape(text))); }

Page& Page::raw(std::string_view html) {
  body_ += html;
  return *this;
}

Page& Page::script(std::string_view javascript) {
  // "</script" and "<!--" would end or derail the element they stand in; in a string literal the escapes mean the same.
  for (std::size_t i = 0; i < javascript.size(); ++i) {
    scripts_ += javascript[i];
    if (javascript[i] == '<' && i + 1 < javascript.size() && (javascript[i + 1] == '/' || javascript[i + 1] == '!'))
      scripts_ += '\\';
  }
  scripts_ += '\n';
  return *this;
}

std::string Page::str() const {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{0}</title><style>{1}</style></"
      "head>\n<body><main>\n<h1>{0}</h1>\n",
      escape(title_), style);
  if (!subtitle_.empty()) out += fmt::format("<p class=\"sub\">{}</p>\n", marked(subtitle_));
  if (sections_.size() >= 3) {
    out += "<nav>";
    for (std::size_t i = 0; i < sections_.size(); ++i)
      out += fmt::format("<a href=\"#s{}\">{}</a> ", i + 1, escape(sections_[i]));
    out += "</nav>\n";
  }
  out += body_;
  out += "</main>\n";
  if (!scripts_.empty()) out += fmt::format("<script>\n{}</script>\n", scripts_);
  return out + "</body></html>\n";
}

}  // namespace ex
