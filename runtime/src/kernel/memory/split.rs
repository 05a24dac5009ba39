//! One array as several.

/// The first numbers of an array in pieces of these sizes.
///
/// # Panics
/// If it has fewer.
#[inline(always)]
#[track_caller]
pub fn split<T, const K: usize>(array: &[T], sizes: [usize; K]) -> [&[T]; K] {
    let mut rest = array;
    sizes.map(|size| {
        let (piece, after) = rest.split_at(size);
        rest = after;
        piece
    })
}

/// The same, to write.
///
/// # Panics
/// If it has fewer.
#[inline(always)]
#[track_caller]
pub fn split_mut<T, const K: usize>(array: &mut [T], sizes: [usize; K]) -> [&mut [T]; K] {
    let mut rest = array;
    sizes.map(|size| {
        let (piece, after) = core::mem::take(&mut rest).split_at_mut(size);
        rest = after;
        piece
    })
}
