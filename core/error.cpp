#include <eigengrad/core/error.h>

#include <utility>

namespace eg {

Error::Error(std::string op, std::string text) : op_(std::move(op)), text_(std::move(text)) {
  what_ = op_.empty() ? text_ : op_ + ": " + text_;
}

void Error::set_path(std::string path, bool replace_op) {
  if (!path_.empty()) return;
  path_ = std::move(path);
  what_ = path_ + ": " + (replace_op ? text_ : what_);
}

}  // namespace eg
