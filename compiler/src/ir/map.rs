//! Values by node, in an array: what every pass over a graph looks up at each step.

use super::graph::NodeId;

/// A value for each of some nodes.
#[derive(Clone, Debug)]
pub struct NodeMap<T> {
    /// By the node's number; nodes after the last one with a value have no entry.
    slots: Vec<Option<T>>,
}

impl<T> Default for NodeMap<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> NodeMap<T> {
    /// A map without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the node.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&T> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    /// Gives the node a value; the one it had.
    pub fn insert(&mut self, id: NodeId, value: T) -> Option<T> {
        let k = id.0 as usize;
        if self.slots.len() <= k {
            self.slots.resize_with(k + 1, || None);
        }
        self.slots[k].replace(value)
    }

    /// All values, in the order of the nodes.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten()
    }

    /// All values, in the order of the nodes, to be taken away or changed.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Option<T>> {
        self.slots.iter_mut()
    }
}

impl NodeMap<NodeId> {
    /// The node that stands for `id`: another one, or itself.
    #[must_use]
    pub fn replaced(&self, id: NodeId) -> NodeId {
        self.get(id).copied().unwrap_or(id)
    }
}
