#pragma once
#include <eigengrad/autograd/node.h>

namespace eg::detail {

/// While anomalies are looked for: remembers the module that records `n`, and checks its result.
/// Errors: AnomalyError.
void inspect_result(Node& n, const Array& out);
/// Checks gradient i that the backward of n made. Errors: AnomalyError.
void inspect_gradient(const Node& n, int i, const Array& g);
/// Checks a gradient given by the caller. Errors: AnomalyError.
void inspect_upstream(const char* op, const Array& g);

/// The node whose backward runs in this thread while anomalies are looked for; what it records is checked as a whole.
class Inspecting {
 public:
  explicit Inspecting(const Node* n) noexcept;
  ~Inspecting();

 private:
  const Node* before_;
};

}  // namespace eg::detail
