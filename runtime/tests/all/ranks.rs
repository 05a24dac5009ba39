//! Rows divided among ranks: sums have the same bits on any number of them, and what one rank meets all hear of.

use crate::common::threads::{Thread, ranks};
use gradsmith_runtime::__private::{Among, Parts, Share, axpy, fingerprint};
use gradsmith_runtime::parallel::set_threads;
use gradsmith_runtime::ranks::{Alone, Ranks, Reduction, rows};
use gradsmith_runtime::{Error, Scalar};

/// What a pass over rows comes to: the first numbers of rows doubled, sums of columns, a total.
type Sums<T> = (Vec<T>, Vec<T>, T);

/// A number of a row.
fn entry<T: Scalar>(row: usize, column: usize) -> T {
    T::from_f64(((row * 131 + column * 37) % 1009) as f64 * 0.013 - 5.1)
}

/// Sums over rows of `cols` numbers: of the columns, `times` over.
fn sums<T: Scalar>(
    among: Among<'_, T>,
    here: std::ops::Range<usize>,
    cols: usize,
    times: usize,
) -> Result<Sums<T>, Error> {
    let x: Vec<T> = here.clone().flat_map(|row| (0..cols).map(move |k| entry(row, k))).collect();
    let parts = Parts::of(among, cols, times * cols);
    let (mut doubled, mut first) = (vec![T::NAN; here.len()], vec![T::NAN; parts.block_rows()]);
    // What is there is added to, once.
    let (mut sums, mut others) = (vec![T::ONE; times * cols], vec![T::NAN; parts.others() * times * cols]);
    let shares =
        [Share::Rows(&mut doubled, 1), Share::Block(&mut first, 1), Share::Sum(&mut sums, &mut others)];
    let [total] = parts.run(shares, |block, [doubled, first, sums]| {
        let mut total = T::ZERO;
        for (k, row) in x[block.start * cols..block.end * cols].chunks_exact(cols).enumerate() {
            first[k] = row[0];
            doubled[k] = T::TWO * first[k];
            total += row[0];
            sums.chunks_exact_mut(cols).for_each(|sums| axpy(T::ONE, row, sums));
        }
        [total]
    })?;
    assert!(here.zip(&doubled).all(|(row, d)| *d == T::TWO * entry(row, 0)));
    Ok((doubled, sums, total))
}

/// The same of a rank's rows.
fn on_a_rank<T: Scalar>(
    rank: &Thread<'_>,
    total: usize,
    cols: usize,
    times: usize,
) -> Result<Sums<T>, Error> {
    let here = rank.rows(total);
    let among = Among::of(rank, here.len())?;
    assert_eq!(among.rows(), total);
    sums(among, here, cols, times)
}

fn same_on_any_number<T: Scalar>(total: usize, cols: usize, times: usize) {
    let (all, columns, sum) = sums::<T>(Among::of(&Alone, total).unwrap(), 0..total, cols, times).unwrap();
    for threads in [1, 3] {
        set_threads(threads);
        for number in 1..=5 {
            let found = ranks(number, |rank| on_a_rank::<T>(rank, total, cols, times).unwrap());
            let what = format!("{total} rows of {cols}, {times} times, on {number} ranks");
            assert!(found.iter().all(|(_, c, s)| *c == columns && *s == sum), "{what}");
            assert_eq!(
                found.into_iter().flat_map(|(doubled, ..)| doubled).collect::<Vec<_>>(),
                all,
                "{what}"
            );
        }
    }
    set_threads(1);
    let exactly: f64 = (0..total).map(|row| entry::<f64>(row, 0)).sum();
    let close = |x: T| (x.to_f64() - exactly).abs() <= 1e-9 + 32.0 * T::EPSILON.to_f64() * 6.0 * total as f64;
    assert!(close(sum) && close(columns[0] - T::ONE), "{total} rows: {sum}, {} of {exactly}", columns[0]);
}

#[test]
fn sums_have_the_same_bits_on_any_number_of_ranks() {
    for total in [0, 1, 3, 64, 100, 2_048, 5_001] {
        same_on_any_number::<f64>(total, 3, 1);
        same_on_any_number::<f32>(total, 7, 2);
    }
    // More sums than all ranks are sent; parts that put away what they have; more than 64 parts.
    same_on_any_number::<f64>(3_000, 40, 60);
    same_on_any_number::<f64>(20_000, 400, 1);
    same_on_any_number::<f32>(300_000, 2, 1);
}

#[test]
fn the_fast_reduction_differs_by_rounding_alone() {
    let ordered = ranks(3, |rank| on_a_rank::<f64>(rank, 4_000, 5, 1).unwrap());
    let fast = ranks(3, |rank| {
        let rank = rank.with(Reduction::Fast);
        on_a_rank::<f64>(&rank, 4_000, 5, 1).unwrap()
    });
    assert!(fast.iter().all(|f| f.2 == fast[0].2 && f.1 == fast[0].1), "all ranks alike");
    for (a, b) in fast[0].1.iter().zip(&ordered[0].1) {
        assert!((a - b).abs() < 1e-9, "{a} and {b}");
    }
}

#[test]
fn all_ranks_hear_of_a_failure() {
    for (reduction, times) in [(Reduction::Ordered, 1), (Reduction::Ordered, 5_000), (Reduction::Fast, 1)] {
        let found = ranks(3, |rank| {
            let rank = rank.with(reduction);
            let here = rank.rows(4_000);
            let among = Among::<f64>::of(&rank, here.len())?;
            let parts = Parts::of(among, 2, times);
            let (mut sums, mut others) = (vec![0.0; times], vec![0.0; parts.others() * times]);
            parts.try_run([Share::Sum(&mut sums, &mut others)], |block, [_]| {
                let last = here.start + block.end == 4_000;
                if last { Err(Error::EmptyBatch) } else { Ok([1.0]) }
            })
        });
        let said: Vec<String> = found.into_iter().map(|r| r.unwrap_err().to_string()).collect();
        assert_eq!(said[0], "rank 2: it has failed, by an error of its own");
        assert_eq!(said[1], said[0]);
        assert!(said[2].starts_with("the batch has no rows"), "{said:?}");
    }
}

#[test]
fn other_rows_and_other_extents_are_refused() {
    let found = ranks(2, |rank| Among::<f64>::of(rank, 50).map(|_| ()));
    let message = "rank 0: it has 50 of the 100 rows, and is to have 48: `Ranks::rows` says which";
    assert!(found.iter().all(|r| r.clone().unwrap_err().to_string() == message), "{found:?}");
    let found = ranks(2, |rank| {
        let among = Among::<f64>::of(rank, rank.rows(100).len())?;
        among.agree(Ok(()), &[("cols(X)", 3 + rank.rank())], |()| Vec::new())
    });
    assert!(
        found
            .iter()
            .all(|r| r.clone().unwrap_err().to_string() == "rank 1: `cols(X)` is 4, on rank 0 it is 3")
    );
    let found = ranks(2, |rank| {
        let among = Among::<f64>::of(rank, rank.rows(100).len())?;
        let result = if rank.rank() == 0 { Err(Error::EmptyBatch) } else { Ok(()) };
        among.agree(result, &[], |()| vec![("y", 1)])
    });
    assert_eq!(found[0], Err(Error::EmptyBatch));
    assert!(matches!(found[1], Err(Error::Rank { rank: 0, .. })));
    let found = ranks(2, |rank| {
        let among = Among::<f64>::of(rank, rank.rows(100).len())?;
        let data = [2.0, rank.rank() as f64];
        among.agree(Ok(()), &[], |()| vec![("p", 7), ("lambda", fingerprint(&data, f64::to_bits))])
    });
    assert!(
        found
            .iter()
            .all(|r| r.clone().unwrap_err().to_string() == "rank 1: `lambda` is not what it is on rank 0")
    );
}

#[test]
fn ranks_hold_all_rows_once() {
    for total in [0, 1, 31, 64, 1000, 4097, 1_000_000] {
        for number in 1..70 {
            let all: Vec<_> = (0..number).map(|rank| rows(total, number, rank)).collect();
            assert_eq!((all[0].start, all[number - 1].end), (0, total));
            assert!(all.windows(2).all(|w| w[0].end == w[1].start), "{total} on {number}");
            if number <= 64 && total >= 4096 {
                let most = all.iter().map(|r| r.len()).max().unwrap();
                assert!(
                    most <= total.div_ceil(number) + total.div_ceil(64) + 8,
                    "{total} on {number}: {most}"
                );
            }
        }
    }
    let examples = ranks(3, |rank| rank.examples(7).collect::<Vec<_>>());
    assert_eq!(examples, [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
}
