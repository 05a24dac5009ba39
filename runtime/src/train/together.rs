//! Training in which ranks share the examples: each sees its own of a mini-batch, and all make the same step.

use std::ops::ControlFlow;

use super::Data;
use crate::error::Error;
use crate::kernel::ranks::{Exchange, Status, check_counts, failed, fingerprint, one_each, statuses, sum_up};
use crate::kernel::scalar::Scalar;
use crate::model::cost::CostValue;
use crate::model::parameters::Parameters;

/// What ends training early on this rank, as the others do not know yet.
type Left = Option<Result<(), Error>>;

/// The ranks that train together, as one of them sees them.
pub(super) struct Together<'e, T> {
    exchange: &'e dyn Exchange<T>,
    /// The examples that count, all ranks' together: number k is on rank k modulo their number.
    examples: Vec<usize>,
    own: Vec<T>,
    sum: Vec<T>,
    left: Left,
}

impl<'e, T: Scalar> Together<'e, T> {
    /// Ranks of which this has these examples, and begins with these parameters; `options` are to be the same on all.
    ///
    /// # Errors
    /// That of `checked`; else [`Error::Rank`] for the first rank that has failed, has other options or parameters, or
    /// another number of examples than it is to have.
    pub(super) fn of<P: Parameters<Scalar = T>>(
        exchange: &'e dyn Exchange<T>,
        data: &Data<'_, T>,
        parameters: &P,
        options: &[(&'static str, u64)],
        checked: Result<(), Error>,
    ) -> Result<Self, Error> {
        let ranks = exchange.ranks();
        let print = fingerprint(parameters.as_slice(), |x| x.to_f64().to_bits());
        let mut said: Vec<u64> = vec![u64::from(checked.is_err()), data.rows() as u64];
        said.push(u64::from(data.weights().is_some()));
        said.extend(options.iter().map(|(_, value)| value).chain([&print]));
        let mut all = vec![0; ranks * said.len()];
        exchange.gather_whole(&said, &mut all)?;
        checked?;
        let of_ranks = || all.chunks_exact(said.len()).enumerate();
        if let Some((rank, _)) = of_ranks().find(|(_, said)| said[0] != 0) {
            return Err(failed(rank));
        }
        let names = || options.iter().map(|(name, _)| *name).chain(["parameters"]);
        for (rank, said) in of_ranks() {
            if let Some((name, _)) = names().zip(said.iter().zip(&all).skip(3)).find(|(_, (a, b))| a != b) {
                let reason = format!("`{name}` is not what it is on rank 0");
                return Err(Error::Rank { rank, reason: reason.into() });
            }
        }
        let counts: Vec<usize> = of_ranks().map(|(_, said)| said[1] as usize).collect();
        let total: usize = counts.iter().sum();
        check_counts(&counts, |rank| (rank..total).step_by(ranks).len(), "examples", "examples")?;
        let mut examples: Vec<usize> = (0..total).collect();
        if of_ranks().any(|(_, said)| said[2] != 0) {
            // A bit for each example that counts.
            let words = total.div_ceil(ranks).div_ceil(64);
            let mut own = vec![0_u64; words];
            data.counted().for_each(|row| own[row / 64] |= 1 << (row % 64));
            let mut all = vec![0; ranks * words];
            exchange.gather_whole(&own, &mut all)?;
            let counts = |k: usize| {
                let (rank, row) = (k % ranks, k / ranks);
                all[rank * words + row / 64] >> (row % 64) & 1 == 1
            };
            examples.retain(|&k| counts(k));
        }
        let numbers = || vec![T::ZERO; parameters.len() + 3];
        Ok(Self { exchange, examples, own: numbers(), sum: numbers(), left: None })
    }

    /// The examples that count, those of all ranks.
    pub(super) fn take_examples(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.examples)
    }

    /// Those of them that are here, by their rows.
    pub(super) fn mine(&self, examples: &[usize], rows: &mut Vec<usize>) {
        let (rank, ranks) = (self.exchange.rank(), self.exchange.ranks());
        rows.clear();
        rows.extend(examples.iter().filter(|&k| k % ranks == rank).map(|k| k / ranks));
    }

    /// Whether this rank speaks for all where one is enough.
    pub(super) fn is_first(&self) -> bool {
        self.exchange.rank() == 0
    }

    /// What the others hear of at the next exchange.
    pub(super) fn leave(&mut self, how: Result<(), Error>) {
        self.left.get_or_insert(how);
    }

    /// Whether there is something to hear.
    pub(super) fn leaves(&self) -> bool {
        self.left.is_some()
    }

    fn status(&self) -> Status {
        match &self.left {
            None => Status::Well,
            Some(Ok(())) => Status::Stops,
            Some(Err(_)) => Status::Failed,
        }
    }

    /// What becomes of training once all know how each other is.
    fn flow(&mut self, worst: Option<(usize, Status)>) -> Result<ControlFlow<()>, Error> {
        match (self.left.take(), worst) {
            (Some(Err(error)), _) => Err(error),
            (_, Some((rank, Status::Failed))) => Err(failed(rank)),
            (Some(Ok(())), _) | (None, Some(_)) => Ok(ControlFlow::Break(())),
            (None, None) => Ok(ControlFlow::Continue(())),
        }
    }

    /// Lets all ranks know how each other is.
    ///
    /// # Errors
    /// The own one, or that another has failed.
    pub(super) fn agree(&mut self) -> Result<ControlFlow<()>, Error> {
        let worst = statuses(self.exchange, self.status())?;
        self.flow(worst)
    }

    /// Makes cost and gradient of this rank's examples, which weigh so much, those of all; returns what these weigh.
    ///
    /// # Errors
    /// The own one, or that another rank has failed.
    pub(super) fn sum<P: Parameters<Scalar = T>>(
        &mut self,
        found: Option<(CostValue<T>, f64)>,
        gradient: &mut P,
    ) -> Result<ControlFlow<(), (CostValue<f64>, f64)>, Error> {
        let n = gradient.len();
        match found {
            Some((cost, weight)) => {
                let weight = T::from_f64(weight);
                for (own, &g) in self.own.iter_mut().zip(gradient.as_slice()) {
                    *own = weight * g;
                }
                self.own[n..].copy_from_slice(&[weight * cost.data, weight * cost.penalty, weight]);
            }
            None => self.own.fill(T::ZERO),
        }
        let status = self.status();
        let worst = sum_up(self.exchange, one_each, &mut self.own, status, &mut self.sum)?;
        if self.flow(worst)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let weight = self.sum[n + 2].to_f64();
        let share = T::from_f64(1.0 / weight);
        for (g, &sum) in gradient.as_mut_slice().iter_mut().zip(&self.sum) {
            *g = share * sum;
        }
        let cost = CostValue { data: self.sum[n].to_f64(), penalty: self.sum[n + 1].to_f64() };
        Ok(ControlFlow::Continue((cost.scale(1.0 / weight), weight)))
    }

    /// Sums of all ranks, in double precision.
    ///
    /// # Errors
    /// The own one, or that another rank has failed.
    pub(super) fn sums<const N: usize>(&mut self, own: Result<[f64; N], Error>) -> Result<[f64; N], Error> {
        let mut said = vec![u64::from(own.is_err())];
        said.extend(own.as_ref().unwrap_or(&[0.0; N]).iter().map(|x| x.to_bits()));
        let mut all = vec![0; self.exchange.ranks() * said.len()];
        self.exchange.gather_whole(&said, &mut all)?;
        own?;
        let mut sums = [0.0; N];
        for (rank, said) in all.chunks_exact(said.len()).enumerate() {
            if said[0] != 0 {
                return Err(failed(rank));
            }
            for (sum, &bits) in sums.iter_mut().zip(&said[1..]) {
                *sum += f64::from_bits(bits);
            }
        }
        Ok(sums)
    }
}
