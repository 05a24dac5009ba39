//! Which numbers of a buffer are which tensor: what parameters, optimisers and files speak of.

/// One named tensor within a parameter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name in the formulas: `w1`, `b1`.
    pub name: &'static str,
    /// Where its first entry stands in the buffer.
    pub offset: usize,
    /// Its extents: `[units, inputs]` for a weight, `[units]` for a bias. Entries are stored row by row.
    pub shape: &'static [usize],
}

impl TensorSpec {
    /// A tensor of this name and shape, from the entry `offset` of the buffer on.
    #[must_use]
    pub const fn new(name: &'static str, offset: usize, shape: &'static [usize]) -> Self {
        Self { name, offset, shape }
    }

    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        let (mut product, mut axis) = (1, 0);
        while axis < self.shape.len() {
            product *= self.shape[axis];
            axis += 1;
        }
        product
    }

    /// Whether it has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
