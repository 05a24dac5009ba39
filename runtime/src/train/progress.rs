//! A progress bar on standard error, with the feature `progress` and only where that is a terminal; else
//! nothing at all.

#[cfg(feature = "progress")]
pub(super) use bar::Progress;
#[cfg(not(feature = "progress"))]
pub(super) use nothing::Progress;

#[cfg(not(feature = "progress"))]
mod nothing {
    pub(in crate::train) struct Progress;

    impl Progress {
        pub(in crate::train) fn new(_quiet: bool, _epochs: usize, _batches: usize) -> Self {
            Self
        }
        pub(in crate::train) fn batch(&mut self, _epoch: usize, _batch: usize, _cost: f64) {}
        pub(in crate::train) fn clear(&mut self) {}
    }
}

#[cfg(feature = "progress")]
mod bar {
    use std::io::{self, IsTerminal, Write};
    use std::time::{Duration, Instant};

    /// How long a bar stands before it is drawn again: often enough to move, too seldom to cost.
    const PERIOD: Duration = Duration::from_millis(100);
    const WIDTH: usize = 30;

    pub(in crate::train) struct Progress {
        epochs: usize,
        batches: usize,
        /// When a bar may be drawn next; `None` if never.
        due: Option<Instant>,
        drawn: bool,
    }

    impl Progress {
        pub(in crate::train) fn new(quiet: bool, epochs: usize, batches: usize) -> Self {
            let due = (!quiet && io::stderr().is_terminal()).then(|| Instant::now() + PERIOD);
            Self { epochs, batches, due, drawn: false }
        }

        /// Takes note of `batch` batches done in `epoch`. A terminal that cannot be written to is no reason
        /// to stop training.
        pub(in crate::train) fn batch(&mut self, epoch: usize, batch: usize, cost: f64) {
            let now = Instant::now();
            if self.due.is_none_or(|due| now < due) {
                return;
            }
            self.due = Some(now + PERIOD);
            self.drawn =
                draw(&mut io::stderr().lock(), (epoch, self.epochs), (batch, self.batches), cost).is_ok();
        }

        /// Takes the bar away, so that a line can be printed.
        pub(in crate::train) fn clear(&mut self) {
            if std::mem::take(&mut self.drawn) {
                // As above: what cannot be written is not missed.
                let _ = io::stderr().lock().write_all(b"\r\x1b[K");
            }
        }
    }

    fn draw(
        to: &mut impl Write,
        (epoch, epochs): (usize, usize),
        (batch, batches): (usize, usize),
        cost: f64,
    ) -> io::Result<()> {
        let full = WIDTH * batch / batches.max(1);
        let rest = WIDTH - full.min(WIDTH);
        write!(
            to,
            "\r\x1b[Kepoch {epoch} of {epochs} [{:=<full$}{: <rest$}] {batch}/{batches} cost {cost:.4}",
            "", ""
        )?;
        to.flush()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_bar_fills_with_the_batches() -> io::Result<()> {
            let mut out = Vec::new();
            draw(&mut out, (2, 30), (50, 100), 0.25)?;
            let text = String::from_utf8_lossy(&out);
            let bar = "===============               ";
            assert_eq!(text, format!("\r\x1b[Kepoch 2 of 30 [{bar}] 50/100 cost 0.2500"));
            Ok(())
        }
    }
}
