// SPDX-License-Identifier: Apache-2.0
// Looks at whole streams while a run goes on, cycle by cycle: for people, not for the machine.
#pragma once
#include <vector>

#include "sim/core.hpp"

namespace superlane::sim {

class Watcher {
public:
    /// UserError when a watch is of no stream, or of more than memory should hold.
    Watcher(const Shared& shared, const std::vector<Watch>& watches);
    /// Everything before `cycle` has happened: notes what stood on the streams until then.
    void look_until(int64_t cycle);
    /// Notes the rest.
    std::vector<Watched> take();

private:
    void look(const Watch& watch, Watched& watched, int64_t cycle);

    const Shared& shared_;
    const std::vector<Watch>& watches_;
    std::vector<Watched> watched_;
    int64_t next_ = 0, end_ = 0;
};

}  // namespace superlane::sim
