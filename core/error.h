#pragma once
#include <exception>
#include <string>

namespace eg {

/// Base of every exception of the library. The text is `<op>: expected <what>, got <what>; <what to do>`;
/// a module that the error passes through puts its path in front (see nn::Module).
class Error : public std::exception {
 public:
  /// `op` is the function as the user called it; may be empty.
  Error(std::string op, std::string text);
  const char* what() const noexcept override { return what_.c_str(); }
  const std::string& op() const noexcept { return op_; }
  const std::string& text() const noexcept { return text_; }
  /// Path of the innermost module the error came from, "" outside modules.
  const std::string& path() const noexcept { return path_; }
  /// Called once, by the innermost module: what() becomes `path: text` (replace_op) or `path: op: text`.
  void set_path(std::string path, bool replace_op);

 private:
  std::string op_, text_, path_, what_;
};

/// A wrong number of dimensions or a wrong size.
class ShapeError : public Error { using Error::Error; };
/// A value out of its range: an option, an argument.
class ValueError : public Error { using Error::Error; };
/// A wrong element type.
class DTypeError : public Error { using Error::Error; };
/// An index or a dimension out of range.
class IndexError : public Error { using Error::Error; };
/// Misuse of the tape: a freed graph, a saved tensor changed in place, no gradient to compute.
class GradError : public Error { using Error::Error; };
/// A file that cannot be read or written, or does not hold what its format says.
class FileError : public Error { using Error::Error; };

}  // namespace eg
