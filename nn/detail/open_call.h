#pragma once
#include <eigengrad/nn/module.h>

#include <utility>

namespace eg::nn::detail {

/// What a module is given, and gives, beside x and the output of Module::operator(): open while that runs, for its
/// forward to take.
template <class Beside> class OpenCall {
 public:
  OpenCall(const Module& m, Beside& beside) : module_(&m), beside_(&beside), before_(current_) { current_ = this; }
  ~OpenCall() { current_ = before_; }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

  /// What was opened for m; none where m is called as any Module. Taken: what hooks call inside is not meant.
  static Beside* take(const Module& m) {
    return current_ && current_->module_ == &m ? std::exchange(current_, nullptr)->beside_ : nullptr;
  }

 private:
  static constinit inline thread_local OpenCall* current_ = nullptr;
  const Module* module_;
  Beside* beside_;
  OpenCall* before_;
};

}  // namespace eg::nn::detail
