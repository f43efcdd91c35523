#pragma once
#include <eigengrad/core/error.h>

#include <string>

namespace eg {

/// The first NaN or infinity that DetectAnomaly met.
class AnomalyError : public GradError { using GradError::GradError; };

struct AnomalyOptions {
  bool infinity = true;  ///< false: only NaN, where infinities are meant (a mask of -inf before a softmax)
};

namespace detail {
struct Anomaly {
  bool on = false, infinity = true;
};
inline constinit thread_local Anomaly anomaly;
/// Path of the module that runs in this thread, "" outside modules; set by the layer that knows modules.
using ModulePath = std::string (*)();
inline constinit ModulePath current_module_path = nullptr;
}  // namespace detail

/// Looks for the first NaN or infinity in this thread until the end of the scope: `{ eg::DetectAnomaly guard; ... }`.
/// Every recorded operation has its result checked, and every gradient in backward is checked where it is made. The error
/// names the operation, the path of the module that ran it, forward or backward, and the shapes. Keep the guard over
/// forward and backward: backward knows the paths of what was recorded under it.
/// Errors    AnomalyError, from the operation or from backward
/// Cost      one more read of every result; none without a guard
class DetectAnomaly {
 public:
  explicit DetectAnomaly(const AnomalyOptions& o = {}) noexcept : before_(detail::anomaly) {
    detail::anomaly = {true, o.infinity};
  }
  ~DetectAnomaly() { detail::anomaly = before_; }
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  detail::Anomaly before_;
};

}  // namespace eg
