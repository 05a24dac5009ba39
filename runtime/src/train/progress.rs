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
    use std::fmt::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

    const TEMPLATE: &str = "epoch {epoch} [{bar:30}] {pos}/{len} cost {cost}";

    /// What the bar shows besides batches. It is formatted when the bar is drawn, which is seldom.
    #[derive(Default)]
    struct Shown {
        epoch: AtomicUsize,
        /// The bits of the number.
        cost: AtomicU64,
    }

    pub(in crate::train) struct Progress {
        bar: ProgressBar,
        shown: Arc<Shown>,
        /// Whether anybody sees it.
        visible: bool,
    }

    impl Progress {
        pub(in crate::train) fn new(quiet: bool, epochs: usize, batches: usize) -> Self {
            let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
            Self::on(target, epochs, batches)
        }

        fn on(target: ProgressDrawTarget, epochs: usize, batches: usize) -> Self {
            let bar = ProgressBar::with_draw_target(Some(batches as u64), target);
            let visible = !bar.is_hidden();
            let shown = Arc::new(Shown::default());
            // What cannot be formatted or read is not shown; training goes on.
            let (epoch, cost) = (Arc::clone(&shown), Arc::clone(&shown));
            let style = ProgressStyle::with_template(TEMPLATE)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=  ")
                .with_key("epoch", move |_: &ProgressState, to: &mut dyn Write| {
                    let _ = write!(to, "{} of {epochs}", epoch.epoch.load(Ordering::Relaxed));
                })
                .with_key("cost", move |_: &ProgressState, to: &mut dyn Write| {
                    let _ = write!(to, "{:.4}", f64::from_bits(cost.cost.load(Ordering::Relaxed)));
                });
            bar.set_style(style);
            Self { bar, shown, visible }
        }

        /// Takes note of `batch` batches done in `epoch`.
        pub(in crate::train) fn batch(&mut self, epoch: usize, batch: usize, cost: f64) {
            if !self.visible {
                return;
            }
            if self.bar.is_finished() {
                self.bar.reset();
            }
            self.shown.epoch.store(epoch, Ordering::Relaxed);
            self.shown.cost.store(cost.to_bits(), Ordering::Relaxed);
            self.bar.set_position(batch as u64);
        }

        /// Takes the bar away, so that a line can be printed.
        pub(in crate::train) fn clear(&mut self) {
            self.bar.finish_and_clear();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use indicatif::TermLike;
        use std::io;
        use std::sync::{Mutex, PoisonError};

        /// A terminal of which everything written is kept.
        #[derive(Clone, Debug, Default)]
        struct Kept(Arc<Mutex<String>>);

        impl Kept {
            fn text(&self) -> String {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
        }

        impl TermLike for Kept {
            fn width(&self) -> u16 {
                100
            }
            fn move_cursor_up(&self, _: usize) -> io::Result<()> {
                Ok(())
            }
            fn move_cursor_down(&self, _: usize) -> io::Result<()> {
                Ok(())
            }
            fn move_cursor_right(&self, _: usize) -> io::Result<()> {
                Ok(())
            }
            fn move_cursor_left(&self, _: usize) -> io::Result<()> {
                Ok(())
            }
            fn write_line(&self, line: &str) -> io::Result<()> {
                self.write_str(line)
            }
            fn write_str(&self, text: &str) -> io::Result<()> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
                Ok(())
            }
            fn clear_line(&self) -> io::Result<()> {
                self.write_str("<cleared>")
            }
            fn flush(&self) -> io::Result<()> {
                Ok(())
            }
        }

        #[test]
        fn the_bar_fills_with_the_batches_and_is_cleared_between_epochs() {
            let kept = Kept::default();
            let target = ProgressDrawTarget::term_like(Box::new(kept.clone()));
            let mut progress = Progress::on(target, 30, 100);
            progress.batch(1, 50, 0.25);
            let half = format!("epoch 1 of 30 [{}{}] 50/100 cost 0.2500", "=".repeat(15), " ".repeat(15));
            assert!(kept.text().contains(&half), "{}", kept.text());
            progress.clear();
            assert!(kept.text().trim_end().ends_with("<cleared>"), "{}", kept.text());
            progress.batch(2, 100, 0.125);
            let full = format!("epoch 2 of 30 [{}] 100/100 cost 0.1250", "=".repeat(30));
            assert!(kept.text().contains(&full), "{}", kept.text());
        }

        #[test]
        fn a_quiet_bar_is_never_seen() {
            assert!(!Progress::new(true, 3, 10).visible);
        }
    }
}
