#pragma once

namespace eg {

namespace detail {
/// Whether this thread records operations.
inline constinit thread_local bool recording = true;
}  // namespace detail

/// True where operations of this thread are recorded on the tape (the default).
inline bool grad_enabled() noexcept { return detail::recording; }

/// Sets recording on or off in this thread until the end of the scope.
class GradMode {
 public:
  explicit GradMode(bool on) noexcept : before_(detail::recording) { detail::recording = on; }
  ~GradMode() { detail::recording = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};

/// Nothing is recorded in this thread until the end of the scope: `{ eg::NoGrad guard; ... }`.
class NoGrad : public GradMode {
 public:
  NoGrad() noexcept : GradMode(false) {}
};

}  // namespace eg
