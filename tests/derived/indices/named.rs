//! Entries that data name, of parts, of blocks, of what is padded and of running sums.

use crate::checks::consistent;
use gradsmith::Error;

macro_rules! named {
    ($($subject:ident $test:ident: $text:literal;)*) => {$(
        #[derive(gradsmith::Objective)]
        #[objective($text, wrt(x: vector))]
        struct $subject<'a> {
            p: &'a [usize],
        }

        #[test]
        fn $test() -> Result<(), Error> {
            let mut problem = $subject { p: &[0, 2, 1, 2] }.prepare(4)?;
            consistent(&mut problem, &[0.5, -0.7, 0.3, 0.9]);
            Ok(())
        }
    )*};
}

named! {
    Part of_a_part: "sum[i](exp(x[1..][p[i]]))";
    Block of_a_block: "a = [x; 1]; sum[i](exp(a[p[i]]))";
    BlockBefore of_a_block_that_begins_with_a_number: "a = [1; x]; sum[i](a[p[i]]^3 + sin(a[p[i]]))";
    Running of_a_running_sum: "sum[i](exp(cumsum(x)[p[i]]))";
    Padded of_what_is_padded: "sum[i](exp(pad(x, 1)[p[i]]))";
    Twice beside_itself_and_an_entry: "sum[i](exp(x[p[i]])*x[p[i]]*x[1])";
}
