#pragma once

namespace eg::detail {

/// Cores this process may run on; hardware_concurrency() would also count those that taskset or a container keeps.
int usable_cores();
/// The core the calling thread runs on at the moment, -1 where the system does not tell. A few ns.
int current_core();
/// Moves the calling thread to any other core it may use, or does nothing. It may be scheduled anywhere afterwards.
void leave_core(int core);

}  // namespace eg::detail
