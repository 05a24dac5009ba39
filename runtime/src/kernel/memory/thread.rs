//! What a thread keeps, per number type.

use core::cell::Cell;
use std::thread::LocalKey;

/// Where a thread keeps the memory for numbers of a type. Not nameable outside this crate.
pub trait ThreadMemory: Copy + Default + 'static {
    /// The buffer that products pack their factors into.
    fn packing() -> &'static LocalKey<Cell<Vec<Self>>>;

    /// The arrays of [`Scratch`](super::Scratch) that nobody has at the moment.
    fn arrays() -> &'static LocalKey<Cell<Vec<Vec<Self>>>>;
}

macro_rules! thread_memory {
    ($t:ident, $packing:ident, $arrays:ident) => {
        thread_local! {
            static $packing: Cell<Vec<$t>> = const { Cell::new(Vec::new()) };
            static $arrays: Cell<Vec<Vec<$t>>> = const { Cell::new(Vec::new()) };
        }

        impl ThreadMemory for $t {
            #[inline]
            fn packing() -> &'static LocalKey<Cell<Vec<Self>>> {
                &$packing
            }

            #[inline]
            fn arrays() -> &'static LocalKey<Cell<Vec<Vec<Self>>>> {
                &$arrays
            }
        }
    };
}

thread_memory!(f32, PACKING_32, ARRAYS_32);
thread_memory!(f64, PACKING_64, ARRAYS_64);
