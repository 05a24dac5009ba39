//! Matrices of which most entries are 0 whatever the variables are: which are not, and where values of them go.

use crate::kernel::scalar::Scalar;

/// The entries of a matrix that may be other than 0, by rows and in a row by columns: what solvers call its
/// structure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    shape: [usize; 2],
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl Pattern {
    /// All entries of a matrix on and below its diagonal.
    #[must_use]
    pub fn lower(n: usize) -> Self {
        let entries = (0..n).flat_map(|row| (0..=row).map(move |column| [row, column])).collect();
        Self::sorted([n, n], entries)
    }

    /// All entries of a matrix.
    #[must_use]
    pub fn whole(rows: usize, columns: usize) -> Self {
        let entries = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column])).collect();
        Self::sorted([rows, columns], entries)
    }

    fn sorted(shape: [usize; 2], entries: Vec<[usize; 2]>) -> Self {
        let (rows, columns) = entries.into_iter().map(|[row, column]| (row, column)).unzip();
        Self { shape, rows, columns }
    }

    /// The rows and the columns of the matrix.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// How many entries it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the matrix is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of each entry.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The column of each entry.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Row and column of each entry.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, usize)> + '_ {
        self.rows.iter().copied().zip(self.columns.iter().copied())
    }
}

/// For each value that generated code computes, in order, the entry of a matrix that it is added to.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// None before it is asked for.
    pattern: Option<Pattern>,
    /// For each value, which entry of the pattern; of one that has none, as many as there are.
    slots: Vec<usize>,
}

impl Slots {
    /// Finds them, unless that is done: `places` gives row and column of each value, or none.
    pub fn find(
        &mut self,
        shape: [usize; 2],
        places: impl FnOnce(&mut dyn FnMut(Option<[usize; 2]>)),
    ) -> &Pattern {
        let Self { pattern, slots } = self;
        pattern.get_or_insert_with(|| {
            let mut all: Vec<Option<[usize; 2]>> = Vec::new();
            places(&mut |entry| all.push(entry));
            let mut entries: Vec<[usize; 2]> = all.iter().copied().flatten().collect();
            entries.sort_unstable();
            entries.dedup();
            let slot = |entry: &Option<[usize; 2]>| {
                entry.and_then(|e| entries.binary_search(&e).ok()).unwrap_or(entries.len())
            };
            *slots = all.iter().map(slot).collect();
            Pattern::sorted(shape, entries)
        })
    }

    /// The sums of the values that belong to each entry.
    pub fn fill<T: Scalar>(&self, sums: &mut [T], pieces: &[&[T]]) {
        sums.fill(T::ZERO);
        let all = pieces.iter().flat_map(|piece| piece.iter());
        for (&slot, &value) in self.slots.iter().zip(all) {
            if let Some(sum) = sums.get_mut(slot) {
                *sum += value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Slots};

    #[test]
    fn values_of_one_entry_add_up_and_others_are_left_out() {
        let mut slots = Slots::default();
        let pattern = slots.find([3, 3], |add| {
            for entry in [Some([2, 1]), None, Some([0, 0]), Some([2, 1])] {
                add(entry);
            }
        });
        assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (2, 1)]);
        let mut values = [9.0; 2];
        slots.fill(&mut values, &[&[1.0, f64::NAN], &[4.0], &[2.0]]);
        assert_eq!(values, [4.0, 3.0]);
    }

    #[test]
    fn dense_matrices_have_all_entries() {
        assert_eq!(Pattern::lower(2).iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (1, 1)]);
        let whole = Pattern::whole(2, 2);
        assert_eq!((whole.len(), whole.rows(), whole.columns()), (4, &[0, 0, 1, 1][..], &[0, 1, 0, 1][..]));
        assert!(Pattern::default().is_empty());
    }
}
