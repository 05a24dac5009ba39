//! One array as several.
#![allow(unsafe_code, reason = "an array of slices is filled one by one")]

use core::mem::MaybeUninit;

/// The first numbers of an array in pieces of these sizes.
///
/// # Panics
/// If it has fewer.
#[inline(always)]
#[track_caller]
pub fn split<T, const K: usize>(array: &[T], sizes: [usize; K]) -> [&[T]; K] {
    let (mut rest, mut pieces) = (array, [&[][..]; K]);
    for (piece, size) in pieces.iter_mut().zip(sizes) {
        (*piece, rest) = rest.split_at(size);
    }
    pieces
}

/// The same, to write.
///
/// # Panics
/// If it has fewer.
#[inline(always)]
#[track_caller]
pub fn split_mut<T, const K: usize>(array: &mut [T], sizes: [usize; K]) -> [&mut [T]; K] {
    // Not `map`, whose closure is not always compiled in place: a small network takes a tenth more time then.
    let mut rest = array;
    let mut pieces = [const { MaybeUninit::<&mut [T]>::uninit() }; K];
    for (place, size) in pieces.iter_mut().zip(sizes) {
        let (piece, after) = rest.split_at_mut(size);
        place.write(piece);
        rest = after;
    }
    // SAFETY: all K have been written, and nothing else has them.
    unsafe { pieces.as_ptr().cast::<[&mut [T]; K]>().read() }
}
