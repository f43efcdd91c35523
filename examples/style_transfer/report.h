#pragma once
#include <string>
#include <vector>

#include "clip.h"
#include "transfer.h"

namespace style {

/// All that a run found out.
struct Results {
  Clip content, style, result;
  std::vector<Losses> losses;  ///< by step
  // By the loss net, and by another one with other random filters, that training never asked.
  double gram_before, gram_after, other_before, other_after;
  double content_after, content_of_style;  ///< distance of deep features to the content's: of the result, of the style
  double rhythm_after, rhythm_of_style;    ///< correlation of loudness with the content's
  double training_seconds, seconds;
  std::string command;
};

/// The spectrogram as a PNG: a pixel for each frame and bin, low frequencies at the bottom.
std::string spectrogram_png(const Clip& clip);
/// The page that shows and explains the run, with its sounds inside.
std::string report_page(const Results& r, const std::string& folder);

}  // namespace style
