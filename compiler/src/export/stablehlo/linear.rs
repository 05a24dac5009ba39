//! Inverses, determinants and what their derivatives are made of, by elimination with complete pivoting: R A C = L D U,
//! R and C permutations, L and U with unit diagonals. With X = L⁻¹ R and Y = C U⁻¹, X A Y = D: what A lacks of full
//! rank shows in the last pivots, and each of these is Y diag(…) X with another product of pivots.
//!
//! All functions are of arrays of matrices, along the last two axes.

use super::elements::primitive;
use super::lines::{Lines, Type, Val};
use crate::export::Precision;
use crate::export::arrays::Kind;
use crate::ir::Cofactors;

/// X, Y, the pivots and the determinant of R and C.
struct Eliminated {
    x: Val,
    y: Val,
    pivots: Val,
    sign: Val,
}

/// How many matrices there are, and of how many rows.
fn sizes(a: &Val) -> (usize, usize) {
    let rank = a.rank();
    (a.ty.dims[..rank - 2].iter().product(), a.ty.dims[rank - 1])
}

/// A function of an array of matrices, written once for each shape.
fn of_matrices(
    lines: &mut Lines<'_>,
    name: &str,
    a: &Val,
    dims: &[usize],
    make: impl FnOnce(&mut Lines<'_>, &Val) -> Val,
) -> Val {
    let (count, n) = sizes(a);
    let stacked = lines.reshape(a, &[count, n, n]);
    let name = lines.function(&format!("{name}_{count}x{n}"), &[stacked.ty.clone()], |lines, args| {
        vec![make(lines, &args[0])]
    });
    let kept = if dims.len() == a.rank() { vec![count, n, n] } else { vec![count] };
    let result = lines.call(&name, &[stacked], Type::new(&kept, Kind::Number));
    lines.reshape(&result, dims)
}

pub(super) fn inverse(lines: &mut Lines<'_>, a: &Val) -> Val {
    if a.ty.is_empty() {
        return lines.zeros(&a.ty);
    }
    let dims = a.ty.dims.clone();
    of_matrices(lines, "inverse", a, &dims, |lines, a| {
        let e = eliminated(lines, a);
        let none = is_singular(lines, &e.pivots);
        let one = lines.number(1.0, &e.pivots.ty.dims);
        let over = lines.plain("divide", &[&one, &e.pivots]);
        let inverse = combined(lines, &e, &over);
        no_number_where(lines, &none, &inverse)
    })
}

pub(super) fn determinant(lines: &mut Lines<'_>, a: &Val) -> Val {
    let dims = &a.ty.dims[..a.rank() - 2].to_vec();
    if a.ty.is_empty() {
        return lines.number(1.0, dims);
    }
    of_matrices(lines, "determinant", a, dims, |lines, a| {
        if sizes(a).1 == 1 {
            return lines.reshape(a, &[sizes(a).0]);
        }
        let e = eliminated(lines, a);
        let product = product(lines, &e.pivots, 1);
        let product = lines.plain("multiply", &[&product, &e.sign]);
        let odd = is_not_finite(lines, a);
        no_number_where(lines, &odd, &product)
    })
}

pub(super) fn log_determinant(lines: &mut Lines<'_>, a: &Val) -> Val {
    let dims = &a.ty.dims[..a.rank() - 2].to_vec();
    if a.ty.is_empty() {
        return lines.number(0.0, dims);
    }
    of_matrices(lines, "log_determinant", a, dims, |lines, a| {
        let e = eliminated(lines, a);
        let sizes = lines.plain("abs", &[&e.pivots]);
        let logs = primitive(lines, "log", &[&sizes]);
        let sum = lines.reduce("add", &logs, &[1], 0.0);
        let signs = lines.plain("sign", &[&e.pivots]);
        let sign = lines.reduce("multiply", &signs, &[1], 1.0);
        let sign = lines.plain("multiply", &[&sign, &e.sign]);
        let zero = lines.number(0.0, &sign.ty.dims);
        let negative = lines.compare("LT", &sign, &zero);
        no_number_where(lines, &negative, &sum)
    })
}

pub(super) fn cofactors(lines: &mut Lines<'_>, a: &Val, part: Cofactors) -> Val {
    if a.ty.is_empty() {
        return lines.zeros(&a.ty);
    }
    let dims = a.ty.dims.clone();
    let n = sizes(a).1;
    if n == 1 {
        return lines.number(if part == Cofactors::Adjugate { 1.0 } else { 0.0 }, &dims);
    }
    of_matrices(lines, part.name(), a, &dims, |lines, a| {
        let e = eliminated(lines, a);
        let value = match part {
            Cofactors::Adjugate => adjugate(lines, &e),
            Cofactors::First | Cofactors::Second => pair(lines, &e, part),
        };
        let odd = is_not_finite(lines, a);
        no_number_where(lines, &odd, &value)
    })
}

/// Y diag(Π of the other pivots) X, with the sign of the permutations.
fn adjugate(lines: &mut Lines<'_>, e: &Eliminated) -> Val {
    let (count, n) = (e.x.ty.dims[0], e.x.ty.dims[1]);
    let dims = [count, n, n];
    let each = lines.broadcast(&e.pivots, &[0, 2], &dims);
    let (row, column) = (lines.iota(1, &dims), lines.iota(2, &dims));
    let own = lines.compare("EQ", &row, &column);
    let one = lines.number(1.0, &dims);
    let others = lines.select(&own, &one, &each);
    let others = product(lines, &others, 2);
    let sign = lines.broadcast(&e.sign, &[0], &[count, n]);
    let others = lines.plain("multiply", &[&others, &sign]);
    combined(lines, e, &others)
}

/// P or Q. What is wanted are products of all pivots but two, and on a diagonal that cancels anything: `m (xᵢ yⱼ + xⱼ yᵢ)`,
/// where d and e are the last two pivots, m is the product of the others, x is d over each pivot and 0 in the last
/// place, y is 1 in the last place and x·e/(2d) in the others.
fn pair(lines: &mut Lines<'_>, e: &Eliminated, part: Cofactors) -> Val {
    let (count, n) = (e.x.ty.dims[0], e.x.ty.dims[1]);
    let dims = [count, n];
    let last_but = |lines: &mut Lines<'_>, k: usize| {
        let entry = lines.slice(&e.pivots, 1, n - k, 1);
        lines.spread(&entry, &dims)
    };
    let (d, last) = (last_but(lines, 2), last_but(lines, 1));
    let (zero, one) = (lines.number(0.0, &dims), lines.number(1.0, &dims));
    let over = |lines: &mut Lines<'_>, x: &Val, by: &Val| {
        let quotient = lines.plain("divide", &[x, by]);
        let none = lines.compare("EQ", x, &zero);
        lines.select(&none, &zero, &quotient)
    };
    let place = lines.iota(1, &dims);
    let is_last_but = |lines: &mut Lines<'_>, k: usize| {
        let at = lines.whole((n - k) as i64, &dims);
        lines.compare("EQ", &place, &at)
    };
    let (is_second, is_last) = (is_last_but(lines, 2), is_last_but(lines, 1));
    let x = over(lines, &d, &e.pivots);
    let x = lines.select(&is_second, &one, &x);
    let x = lines.select(&is_last, &zero, &x);
    if part == Cofactors::First {
        let first = lines.slice(&e.pivots, 1, 0, n - 2);
        let m = if n == 2 { lines.number(1.0, &[count]) } else { product(lines, &first, 1) };
        let m = lines.plain("multiply", &[&m, &e.sign]);
        let m = lines.broadcast(&m, &[0], &dims);
        let x = lines.plain("multiply", &[&x, &m]);
        return combined(lines, e, &x);
    }
    let half = lines.number(0.5, &dims);
    let ratio = over(lines, &last, &d);
    let y = lines.plain("multiply", &[&x, &half]);
    let y = lines.plain("multiply", &[&y, &ratio]);
    let y = lines.select(&is_last, &one, &y);
    combined(lines, e, &y)
}

/// Y diag(x) X
fn combined(lines: &mut Lines<'_>, e: &Eliminated, x: &Val) -> Val {
    let scale = lines.broadcast(x, &[0, 1], &e.x.ty.dims.clone());
    let scaled = lines.plain("multiply", &[&scale, &e.x]);
    lines.dot((&e.y, &scaled), (&[0], &[0]), (&[2], &[1]))
}

/// No number where a condition holds of a matrix.
fn no_number_where(lines: &mut Lines<'_>, holds: &Val, value: &Val) -> Val {
    let dims = value.ty.dims.clone();
    let holds = lines.broadcast(holds, &[0], &dims);
    let none = lines.number(f64::NAN, &dims);
    lines.select(&holds, &none, value)
}

fn is_singular(lines: &mut Lines<'_>, pivots: &Val) -> Val {
    let zero = lines.number(0.0, &pivots.ty.dims.clone());
    let none = lines.compare("EQ", pivots, &zero);
    lines.reduce("or", &none, &[1], 0.0)
}

fn is_not_finite(lines: &mut Lines<'_>, a: &Val) -> Val {
    let sizes = lines.plain("abs", &[a]);
    let infinite = lines.number(f64::INFINITY, &a.ty.dims.clone());
    let finite = lines.compare("LT", &sizes, &infinite);
    let odd = lines.plain("not", &[&finite]);
    lines.reduce("or", &odd, &[1, 2], 0.0)
}

/// The product along an axis, which neither overflows nor underflows on the way: significands and exponents apart.
fn product(lines: &mut Lines<'_>, x: &Val, axis: usize) -> Val {
    let (digits, bias, exponents): (i64, i64, i64) = match lines.module.precision {
        Precision::F32 => (23, 127, 0xff),
        Precision::F64 => (52, 1023, 0x7ff),
    };
    let dims = x.ty.dims.clone();
    let whole = |lines: &mut Lines<'_>, n: i64, dims: &[usize]| lines.whole(n, dims);
    let bits = lines.bits(x, Kind::Whole);
    let digits_of = whole(lines, digits, &dims);
    let mask = whole(lines, exponents << digits, &dims);
    let own = lines.plain("and", &[&bits, &mask]);
    let exponent = lines.plain("shift_right_logical", &[&own, &digits_of]);
    let bias_of = whole(lines, bias, &dims);
    let exponent = lines.plain("subtract", &[&exponent, &bias_of]);
    let sum = lines.reduce("add", &exponent, &[axis], 0.0);
    let rest = whole(lines, !(exponents << digits), &dims);
    let rest = lines.plain("and", &[&bits, &rest]);
    let one = whole(lines, bias << digits, &dims);
    let significand = lines.plain("or", &[&rest, &one]);
    let significand = lines.bits(&significand, Kind::Number);
    let zero = lines.number(0.0, &dims);
    let is_zero = lines.compare("EQ", x, &zero);
    let significand = lines.select(&is_zero, &zero, &significand);
    let mut product = lines.reduce("multiply", &significand, &[axis], 1.0);
    let mut left = sum;
    let dims = left.ty.dims.clone();
    let (least, most) = (whole(lines, 1 - bias, &dims), whole(lines, bias, &dims));
    let (digits, bias) = (whole(lines, digits, &dims), whole(lines, bias, &dims));
    for _ in 0..3 {
        let part = lines.plain("clamp", &[&least, &left, &most]);
        let power = lines.plain("add", &[&part, &bias]);
        let power = lines.plain("shift_left", &[&power, &digits]);
        let power = lines.bits(&power, Kind::Number);
        product = lines.plain("multiply", &[&product, &power]);
        left = lines.plain("subtract", &[&left, &part]);
    }
    product
}

fn eliminated(lines: &mut Lines<'_>, a: &Val) -> Eliminated {
    let (count, n) = sizes(a);
    let square = a.ty.clone();
    let types = [
        square.clone(),
        square.clone(),
        Type::new(&[count, n], Kind::Number),
        Type::new(&[count], Kind::Number),
    ];
    let name = lines.function(&format!("eliminated_{count}x{n}"), &[square], |lines, args| {
        let dims = [count, n, n];
        let (row, column) = (lines.iota(1, &dims), lines.iota(2, &dims));
        let same = lines.compare("EQ", &row, &column);
        let unit = lines.convert(&same, Kind::Number);
        let pivots = lines.number(1.0, &[count, n]);
        let sign = lines.number(1.0, &[count]);
        let start = [args[0].clone(), unit.clone(), unit, pivots, sign];
        lines.repeat(n, &start, |lines, k, state| step(lines, k, state, count, n)).split_off(1)
    });
    let made = lines.call_many(&name, std::slice::from_ref(a), &types);
    let [x, y, pivots, sign] = [0, 1, 2, 3].map(|k| made[k].clone());
    Eliminated { x, y, pivots, sign }
}

/// Takes the largest entry of rows and columns from k on as the k-th pivot.
fn step(lines: &mut Lines<'_>, k: &Val, state: &[Val], count: usize, n: usize) -> Vec<Val> {
    let [m, x, y, pivots, sign] = [0, 1, 2, 3, 4].map(|at| state[at].clone());
    let dims = [count, n, n];
    let (row, column) = (lines.iota(1, &dims), lines.iota(2, &dims));
    let turn = lines.spread(k, &dims);
    let (free_row, free_column) = (lines.compare("GE", &row, &turn), lines.compare("GE", &column, &turn));
    let free = lines.plain("and", &[&free_row, &free_column]);
    let sizes = lines.plain("abs", &[&m]);
    let none = lines.number(-1.0, &dims);
    let sizes = lines.select(&free, &sizes, &none);
    let top = lines.reduce("maximum", &sizes, &[1, 2], -1.0);
    let each = lines.broadcast(&top, &[0], &dims);
    let is_top = lines.compare("EQ", &sizes, &each);
    // The first of them, row by row.
    let width = lines.whole(n as i64, &dims);
    let flat = lines.plain("multiply", &[&row, &width]);
    let flat = lines.plain("add", &[&flat, &column]);
    let beyond = lines.whole((n * n) as i64, &dims);
    let flat = lines.select(&is_top, &flat, &beyond);
    let at = lines.reduce("minimum", &flat, &[1, 2], (n * n) as f64);
    let width = lines.whole(n as i64, &[count]);
    let r = lines.plain("divide", &[&at, &width]);
    let c = lines.plain("remainder", &[&at, &width]);
    let own = lines.spread(k, &[count]);
    let mut sign = sign;
    for place in [&r, &c] {
        let stays = lines.compare("EQ", place, &own);
        let minus = lines.plain("negate", &[&sign]);
        sign = lines.select(&stays, &sign, &minus);
    }
    // Whether a row is the k-th, or the r-th; a column the k-th, or the c-th.
    let (r, c) = (lines.broadcast(&r, &[0], &dims), lines.broadcast(&c, &[0], &dims));
    let (row_k, row_r) = (lines.compare("EQ", &row, &turn), lines.compare("EQ", &row, &r));
    let (column_k, column_c) = (lines.compare("EQ", &column, &turn), lines.compare("EQ", &column, &c));
    let zero = lines.number(0.0, &dims);
    // The entries of the one row, or column, for which a condition holds.
    let only = |lines: &mut Lines<'_>, of: &Val, holds: &Val, axis: usize| {
        let kept = lines.select(holds, of, &zero);
        lines.reduce("add", &kept, &[axis], 0.0)
    };
    let swapped = |lines: &mut Lines<'_>, of: &Val, first: &Val, second: &Val, axis: usize| {
        let (a, b) = (only(lines, of, first, axis), only(lines, of, second, axis));
        let over = [0, 3 - axis];
        let (a, b) = (lines.broadcast(&a, &over, &dims), lines.broadcast(&b, &over, &dims));
        let turned = lines.select(second, &a, of);
        lines.select(first, &b, &turned)
    };
    let m = swapped(lines, &m, &row_k, &row_r, 1);
    let m = swapped(lines, &m, &column_k, &column_c, 2);
    let x = swapped(lines, &x, &row_k, &row_r, 1);
    let y = swapped(lines, &y, &column_k, &column_c, 2);
    let (m_row, m_column) = (only(lines, &m, &row_k, 1), only(lines, &m, &column_k, 2));
    let (x_row, y_column) = (only(lines, &x, &row_k, 1), only(lines, &y, &column_k, 2));
    let line = lines.iota(1, &[count, n]);
    let turn = lines.spread(k, &[count, n]);
    let is_k = lines.compare("EQ", &line, &turn);
    let later = lines.compare("GT", &line, &turn);
    let nothing = lines.number(0.0, &[count, n]);
    let pivot = lines.select(&is_k, &m_row, &nothing);
    let pivot = lines.reduce("add", &pivot, &[1], 0.0);
    let each = lines.broadcast(&pivot, &[0], &[count, n]);
    let pivots = lines.select(&is_k, &each, &pivots);
    // After a pivot of 0 there is nothing left to eliminate.
    let is_zero = lines.compare("EQ", &each, &nothing);
    let one = lines.number(1.0, &[count, n]);
    let by = lines.select(&is_zero, &one, &each);
    let share = |lines: &mut Lines<'_>, of: &Val| {
        let quotient = lines.plain("divide", &[of, &by]);
        lines.select(&later, &quotient, &nothing)
    };
    let (below, right) = (share(lines, &m_column), share(lines, &m_row));
    let less = |lines: &mut Lines<'_>, of: &Val, rows: &Val, columns: &Val| {
        let (a, b) = (lines.broadcast(rows, &[0, 1], &dims), lines.broadcast(columns, &[0, 2], &dims));
        let product = lines.plain("multiply", &[&a, &b]);
        lines.plain("subtract", &[of, &product])
    };
    let m = less(lines, &m, &below, &m_row);
    let x = less(lines, &x, &below, &x_row);
    let y = less(lines, &y, &y_column, &right);
    vec![m, x, y, pivots, sign]
}
