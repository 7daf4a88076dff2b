// SPDX-License-Identifier: Apache-2.0
//! Places for instances that are kept ready, where many are made and go: what an instance used is cleared and used again,
//! in place of being mapped and unmapped. Address space is reserved for all of them; memory is taken as it is used.

use wasmtime::{Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// What one component may take of a pool; one that asks for more gets memory of its own, with any engine that has no pool.
const CORE_INSTANCES: u32 = 12;
const MEMORIES: u32 = 2;
const TABLES: u32 = 8;
const TABLE_ELEMENTS: usize = 50_000;

/// What a place that isn't used keeps, for the next instance in it: pages that were written are cleared, where the kernel
/// says which (Linux 6.7), instead of given back.
const MEMORY_KEPT: usize = 2 << 20;
const TABLE_KEPT: usize = 64 << 10;
const STACK_KEPT: usize = 64 << 10;

/// Places that are kept so at most; those that a rush has left give all back.
const WARM: u32 = 100;

/// A pool that has room for so many components at once.
pub(crate) fn of(places: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_core_instances(places * CORE_INSTANCES)
        .total_memories(places * MEMORIES)
        .total_tables(places * TABLES)
        .total_stacks(places)
        .total_gc_heaps(places)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_memories_per_module(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .max_unused_warm_slots(WARM)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        .async_stack_keep_resident(STACK_KEPT)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}
