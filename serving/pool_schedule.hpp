// SPDX-License-Identifier: Apache-2.0
// When the slices of a model, the attention of a memory pool and the network between them work: rotational staggered
// pipelining as a deterministic list schedule.
#pragma once
#include <vector>

namespace superlane::serving {

/// One step of one batch; all batches are alike.
struct PoolWork {
    std::vector<double> slice_s;  ///< on a replica of the weights: one more than there are attentions
    std::vector<double> late_s;   ///< of each but the last: at its end, after the query is ready: keys and values
    double attention_s = 0;       ///< of one layer over the tokens in the cache
    double merge_s = 0;           ///< of one layer: the new token joins
    /// Bytes of one layer: to the memory pool before and after, back from it, and from one replica to the next.
    double query_bytes = 0, rows_bytes = 0, result_bytes = 0, kept_bytes = 0;
};

struct PoolLinks {
    double one_way_s = 0;
    double replica_bytes_per_s = 0, memory_bytes_per_s = 0;  ///< all ports of one replica, of the memory pool
};

struct PoolPlan {
    int replicas = 1, batches = 1;  ///< slice k of batch j runs on replica (j + k) mod replicas
    bool overlap = true;            ///< the query leaves first; else it leaves with keys and values
};

struct PoolTimes {
    double step_s = 0;                         ///< of each batch, in the steady state: time between tokens
    double replica_busy = 0, memory_busy = 0;  ///< shares of the steady state
};

/// Runs whole steps of all batches until they repeat. Each resource serves whoever asks first; of equals the lower
/// batch.
PoolTimes schedule_pools(const PoolWork& work, const PoolLinks& links, const PoolPlan& plan);

}  // namespace superlane::serving
