//! The thread's buffer that products pack their factors into.

use super::{Scratch, ThreadMemory};

/// Bytes of a line of the cache.
pub(crate) const LINE: usize = 64;

/// Bytes that a product packs at most: a block of each factor, each up to a panel longer.
const MOST_PACKED: usize = 3 << 20;

/// Bytes of each of the three arrays that the sums of very many terms take at a time.
pub(crate) const LONG: usize = 1 << 20;

/// A buffer to pack matrices into. Its numbers are left from the last use.
#[derive(Debug)]
pub(crate) struct Packing<T>(Vec<T>);

impl<T: ThreadMemory> Packing<T> {
    /// Numbers in a line of the cache.
    const LINE: usize = LINE / size_of::<T>();

    /// Takes the thread's buffer, grown to `len` numbers.
    pub(crate) fn take(len: usize) -> Self {
        let mut numbers = T::packing().take();
        let needed = len + Self::LINE;
        if numbers.len() < needed {
            // Afresh: zeroed memory is not touched before it is used, and nothing in the old is worth moving.
            numbers = vec![T::default(); needed];
        }
        Self(numbers)
    }

    /// Gives it back for the next product.
    pub(crate) fn put(self) {
        T::packing().set(self.0);
    }

    /// The first `len` numbers, from the start of a line on.
    #[inline]
    pub(crate) fn numbers(&mut self, len: usize) -> &mut [T] {
        let start = self.0.as_ptr().align_offset(LINE).min(Self::LINE);
        &mut self.0[start..start + len]
    }
}

/// Takes the memory that products of this type pack their factors into and sum up many terms in, 6 MiB of the
/// thread's, so that none of them allocates. Else it grows with the products.
pub(crate) fn reserve<T: ThreadMemory>() {
    Packing::<T>::take(MOST_PACKED / size_of::<T>()).put();
    drop(Scratch::<T>::new(3 * LONG / size_of::<T>()));
}
