//! Definitions of one's own.

use gradsmith::Cost;

#[derive(Cost)]
#[define("quadratic = sum(a - y)")]
#[cost(quadratic)]
struct RedefinesTheCatalog;

#[derive(Cost)]
#[define("mine = sum(a) + mine")]
#[cost(mine)]
struct Recursive;

#[derive(Cost)]
#[define("f = sum(a) + g")]
#[define("g = sum(y) + f")]
#[cost(f)]
struct RecursiveTogether;

#[derive(Cost)]
#[define("mine = sum(a)")]
#[define("mine = sum(y)")]
#[cost(mine)]
struct Twice;

#[derive(Cost)]
#[define("sum(a)")]
#[cost(quadratic)]
struct NoDefinition;

#[derive(Cost)]
#[define("mine(d) = sum(a - y) * dd")]
#[cost(mine(2))]
struct UnknownInside;

#[derive(Cost)]
#[define("mine(d) = sum(a - y * d")]
#[cost(mine(2))]
struct Unbalanced;

#[derive(Cost)]
#[cost(r = a - y; r = a + y; sum(r))]
struct LocalTwice;

#[derive(Cost)]
#[cost(r = r + a; sum(r))]
struct LocalOfItself;

#[derive(Cost)]
#[define(mine(d) = d * sum(abs(a - y)))]
#[cost(mine)]
struct MissingArgument;

fn main() {}
