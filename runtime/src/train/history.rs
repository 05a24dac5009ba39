//! What training came to, epoch by epoch; as a line, and as a table for other programs.

use std::{fmt, io};

use crate::model::cost::CostValue;

/// What one epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EpochRecord {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The cost on the training data as it was met: each mini-batch before the step that it caused, averaged
    /// over the examples.
    pub train: CostValue<f64>,
    /// The cost on the validation data after the epoch.
    pub validation: Option<CostValue<f64>>,
    /// The metric on the validation data after the epoch.
    #[cfg_attr(feature = "serde", serde(with = "crate::number::option"))]
    pub metric: Option<f64>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
}

impl fmt::Display for EpochRecord {
    /// One line: `epoch 3: train 0.3510 data + 0.0123 penalty = 0.3633; validation …; metric 0.9650`. A
    /// precision in the format string is that of all its numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        write!(f, "epoch {}: train {:.digits$}", self.epoch, self.train)?;
        if let Some(validation) = self.validation {
            write!(f, "; validation {validation:.digits$}")?;
        }
        if let Some(metric) = self.metric {
            write!(f, "; metric {metric:.digits$}")?;
        }
        Ok(())
    }
}

/// Why training ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ended {
    /// It has not: so sees it who looks between epochs.
    #[default]
    NotYet,
    /// All epochs were done.
    Completed,
    /// Nothing had improved for as long as [`EarlyStopping`](super::EarlyStopping) waits.
    Early,
    /// The callback broke off.
    ByCallback,
}

/// What training came to, epoch by epoch.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    /// One record per epoch, in order.
    pub epochs: Vec<EpochRecord>,
    /// With early stopping, the epoch from which the parameters are.
    pub best: Option<usize>,
    /// Why it ended.
    pub ended: Ended,
}

/// The columns of [`History::write_csv`].
const COLUMNS: &str = "epoch,training_cost,training_data,training_penalty,validation_cost,validation_data,\
                       validation_penalty,metric,learning_rate";

impl History {
    /// Writes a table of comma-separated values: a line of names, then one an epoch. Costs are whole, and in
    /// their two parts; what was not measured is empty. Numbers are as many digits as tell them from all
    /// others.
    ///
    /// # Errors
    /// What `to` returns.
    ///
    /// ```
    /// use gradsmith_runtime::CostValue;
    /// use gradsmith_runtime::train::{Ended, EpochRecord, History};
    ///
    /// let train = CostValue { data: 0.5, penalty: 0.25 };
    /// let epoch = EpochRecord { epoch: 0, train, validation: None, metric: Some(0.875), learning_rate: 0.01 };
    /// let history = History { epochs: vec![epoch], best: None, ended: Ended::Completed };
    /// let mut table = Vec::new();
    /// history.write_csv(&mut table)?;
    /// assert!(table.ends_with(b"\n0,0.75,0.5,0.25,,,,0.875,0.01\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_csv(&self, mut to: impl io::Write) -> io::Result<()> {
        writeln!(to, "{COLUMNS}")?;
        for record in &self.epochs {
            write!(to, "{}", record.epoch)?;
            for cost in [Some(record.train), record.validation] {
                for part in [cost.map(|cost| cost.total()), cost.map(|c| c.data), cost.map(|c| c.penalty)] {
                    cell(&mut to, part)?;
                }
            }
            cell(&mut to, record.metric)?;
            cell(&mut to, Some(record.learning_rate))?;
            writeln!(to)?;
        }
        Ok(())
    }
}

fn cell(to: &mut impl io::Write, number: Option<f64>) -> io::Result<()> {
    match number {
        Some(number) => write!(to, ",{number:?}"),
        None => write!(to, ","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_cell_for_each_name() -> io::Result<()> {
        let cost = CostValue { data: 1e-9, penalty: f64::NAN };
        let record = EpochRecord {
            epoch: 7,
            train: cost,
            validation: Some(cost),
            metric: None,
            learning_rate: 1e-300,
        };
        let history = History { epochs: vec![record; 2], best: Some(7), ended: Ended::Early };
        let mut table = Vec::new();
        history.write_csv(&mut table)?;
        let table = String::from_utf8_lossy(&table).into_owned();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2], "7,NaN,1e-9,NaN,NaN,1e-9,NaN,,1e-300");
        assert!(lines.iter().all(|line| line.matches(',').count() == 8), "{table}");
        Ok(())
    }
}
