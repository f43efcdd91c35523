#pragma once
#include "changes.h"
#include "support/html.h"

namespace norms {

/// Two sliders over curves that this run computed: the page only chooses among them.
void add_slider(ex::Page& page, const Slider& s);

}  // namespace norms
