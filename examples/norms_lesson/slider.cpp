#include "slider.h"

#include <algorithm>
#include <cmath>

#include "lesson.h"
#include "support/svg_frame.h"

namespace norms {

namespace {

constexpr double left = 44, right = 708, input_top = 28, input_bottom = 150, output_top = 190, output_bottom = 350;
constexpr double input_high = 12, output_low = -6, output_high = 10;

// A JavaScript list of whole numbers: value times factor.
std::string list(const std::vector<double>& values, double factor) {
  std::string out = "[";
  for (double v : values) out += say("%ld,", std::lround(v * factor));
  return out + "]";
}

std::string plain(const std::vector<double>& values) {
  std::string out = "[";
  for (double v : values) out += say("%g,", v);
  return out + "]";
}

std::string axis(double top, double bottom, double low, double high, double step) {
  std::string out;
  for (double v = low; v <= high; v += step) {
    const double y = bottom - (v - low) / (high - low) * (bottom - top);
    out +=
        say("<line class=\"g\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"38\" y=\"%.1f\" "
            "text-anchor=\"end\">%g</text>\n",
            left, right, y, y, y + 4, v);
  }
  return out;
}

std::string clip(const char* id, double top, double bottom) {
  return say("<clipPath id=\"%s\"><rect x=\"%g\" width=\"%g\" y=\"%g\" height=\"%g\"/></clipPath>", id, left,
             right - left, top, bottom - top);
}

std::string control(const char* id, std::size_t count, long at) {
  return say(
      "<label>%s <output id=\"%s-text\"></output><input id=\"%s\" type=\"range\" min=\"0\" max=\"%zu\" "
      "value=\"%ld\"/></label>\n",
      id, id, id, count - 1, at);
}

}  // namespace

void add_slider(ex::Page& page, const Slider& s) {
  std::string svg = ex::svg::open(720, 362, "Sample 0 under gain and offset");
  svg += "<text class=\"k\" x=\"44\" y=\"18\">input: gain × beat + offset (mV)</text>";
  svg += axis(input_top, input_bottom, -input_high, input_high, 6);
  svg +=
      "<rect class=\"f1\" x=\"44\" y=\"171\" width=\"14\" height=\"4\"/><text class=\"k\" x=\"64\" "
      "y=\"178\">BatchNorm1d</text>"
      "<rect class=\"f0\" x=\"160\" y=\"171\" width=\"14\" height=\"4\"/><text class=\"k\" x=\"180\" "
      "y=\"178\">InstanceNorm1d</text>";
  svg += axis(output_top, output_bottom, output_low, output_high, 4);
  svg += clip("slide-top", input_top, input_bottom) + clip("slide-low", output_top, output_bottom);
  svg +=
      "<path id=\"slide-x\" class=\"l s5\" clip-path=\"url(#slide-top)\" d=\"\"/>"
      "<path id=\"slide-b\" class=\"l s1\" clip-path=\"url(#slide-low)\" d=\"\"/>"
      "<path id=\"slide-i\" class=\"l s0\" clip-path=\"url(#slide-low)\" d=\"\"/>\n";
  svg += ex::svg::close;

  const auto one = std::find(s.gains.begin(), s.gains.end(), 1.0) - s.gains.begin();
  const auto none = std::find(s.offsets.begin(), s.offsets.end(), 0.0) - s.offsets.begin();
  page.raw(
      "<style>.slide{display:flex;flex-wrap:wrap;gap:.6rem 1.6rem;margin:1.2rem 0 -.4rem}.slide label{flex:1 1 14rem;"
      "font-weight:600}.slide input{display:block;width:100%;height:2rem;margin:0;accent-color:var(--link)}"
      ".slide output{font-variant-numeric:tabular-nums}</style>\n<div class=\"slide\">" +
      control("gain", s.gains.size(), one) + control("offset", s.offsets.size(), none) + "</div>\n");
  page.figure(
      svg,
      "Move the sliders (they need JavaScript). Every curve was computed by the layers in this run; the other five "
      "samples of the batch stay as they are.");
  page.raw("<p id=\"slide-says\" aria-live=\"polite\"></p>\n");

  std::string js =
      "(function(){const G=" + plain(s.gains) + ",O=" + plain(s.offsets) + ",X=" + list(s.input, 1000) + ",B=[";
  for (const auto& curve : s.batch) js += list(curve, 100) + ",";
  js += "],I=[";
  for (const auto& curve : s.instance) js += list(curve, 100) + ",";
  js += R"(];
const id=n=>document.getElementById(n);
function path(v,top,bottom,low,high){return v.map((y,k)=>(k?'L':'M')+(44+664*k/(v.length-1)).toFixed(1)+','+
  (bottom-(y-low)/(high-low)*(bottom-top)).toFixed(1)).join('');}
function spread(v){const m=v.reduce((a,b)=>a+b)/v.length;return Math.sqrt(v.reduce((a,b)=>a+(b-m)*(b-m),0)/v.length);}
function draw(){const g=+id('gain').value,o=+id('offset').value,k=g*O.length+o;
  const x=X.map(v=>G[g]*v/1000+O[o]),b=B[k].map(v=>v/100),i=I[k].map(v=>v/100);
  id('slide-x').setAttribute('d',path(x,28,150,-12,12));
  id('slide-b').setAttribute('d',path(b,190,350,-6,10));
  id('slide-i').setAttribute('d',path(i,190,350,-6,10));
  id('gain-text').textContent=G[g];id('offset-text').textContent=O[o]+' mV';
  id('slide-says').textContent='Standard deviation of the input '+spread(x).toFixed(3)+' mV, after BatchNorm1d '+
    spread(b).toFixed(2)+', after InstanceNorm1d '+spread(i).toFixed(2)+'.';}
id('gain').addEventListener('input',draw);id('offset').addEventListener('input',draw);draw();})();)";
  page.script(js);
}

}  // namespace norms
