//! Parameters and runs, written and read.

use crate::common::Line;
use gradsmith_runtime::{Error, Parameters, Rng};

/// One change by chance: a byte, a bit, an end cut off, a piece doubled or left out.
fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len());
    match rng.below(6) {
        0 => bytes[at] = rng.next_u64() as u8,
        1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes.truncate(at),
        3 => {
            let piece = bytes[at..(at + 1 + rng.below(9)).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => drop(bytes.drain(at..(at + 1 + rng.below(9)).min(bytes.len()))),
        // Digits are what shapes and places consist of.
        _ => {
            let digits: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit()).collect();
            if let Some(&at) = digits.get(rng.below(digits.len())) {
                bytes[at] = b'0' + rng.below(10) as u8;
            }
        }
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}

#[cfg(feature = "safetensors")]
mod safetensors {
    use super::*;
    use gradsmith_runtime::TensorSpec;
    use gradsmith_runtime::save::{read_safetensors, write_safetensors};

    /// A buffer with the tensors that `$tensors` lists.
    macro_rules! buffer {
        ($name:ident, $t:ty, $len:expr, $tensors:expr) => {
            #[derive(Clone, Debug, PartialEq)]
            struct $name([$t; $len]);

            impl Parameters for $name {
                type Scalar = $t;
                const TENSORS: &'static [TensorSpec] = $tensors;

                fn zeros() -> Self {
                    Self([0.0; $len])
                }
                fn as_slice(&self) -> &[$t] {
                    &self.0
                }
                fn as_mut_slice(&mut self) -> &mut [$t] {
                    &mut self.0
                }
            }
        };
    }

    /// The tensors of [`Line`], and one of three axes.
    const MORE: &[TensorSpec] = &[
        TensorSpec::new("w", 0, &[1, 2]),
        TensorSpec::new("b", 2, &[1]),
        TensorSpec::new("k", 3, &[2, 1, 2]),
    ];

    buffer!(Single, f32, 7, MORE);
    buffer!(Turned, f64, 3, &[TensorSpec::new("w", 0, &[2, 1]), TensorSpec::new("b", 2, &[1])]);
    buffer!(Less, f64, 2, &[TensorSpec::new("w", 0, &[1, 2])]);
    buffer!(Nameless, f64, 3, &[]);
    buffer!(Gap, f64, 3, &[TensorSpec::new("w", 1, &[1, 2])]);

    const LINE: Line = Line([0.1, -0.0, f64::MIN_POSITIVE / 3.0]);

    fn written<P: Parameters>(parameters: &P) -> Vec<u8> {
        let mut file = Vec::new();
        write_safetensors(parameters, &mut file).expect("a vector takes everything");
        file
    }

    /// The message with which a file is refused; the parameters must be as they were.
    fn refused<P: Parameters + Clone + PartialEq + std::fmt::Debug>(file: &[u8]) -> String {
        let mut parameters = P::zeros();
        let message = read_safetensors(&mut parameters, file).expect_err("a wrong file").to_string();
        assert_eq!(parameters, P::zeros());
        message
    }

    #[test]
    fn numbers_come_back_to_the_bit() -> Result<(), Error> {
        let mut line = Line::zeros();
        read_safetensors(&mut line, &written(&LINE))?;
        assert_eq!(line.0.map(f64::to_bits), LINE.0.map(f64::to_bits));
        let single = Single([0.1, -0.0, f32::MIN_POSITIVE / 3.0, f32::MAX, -1.5, 1e-30, f32::INFINITY]);
        let mut read = Single::zeros();
        read_safetensors(&mut read, &written(&single))?;
        assert_eq!(read.0.map(f32::to_bits), single.0.map(f32::to_bits));
        let mut nameless = Nameless::zeros();
        read_safetensors(&mut nameless, &written(&Nameless([1.0, 2.0, 3.0])))?;
        assert_eq!(nameless, Nameless([1.0, 2.0, 3.0]));
        Ok(())
    }

    /// Of Python's safetensors 0.8.0 with numpy 2.4.6:
    ///
    /// ```python
    /// print(save({"w": np.array([[0.5, -2.0]]), "b": np.array([3.0])}))
    /// ```
    #[test]
    fn the_files_are_those_of_others() -> Result<(), Error> {
        let header = br#"{"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F64","shape":[1,2],"data_offsets":[8,24]}}  "#;
        let mut file = b"p\0\0\0\0\0\0\0".to_vec();
        file.extend_from_slice(header);
        file.extend_from_slice(b"\0\0\0\0\0\0\x08@\0\0\0\0\0\0\xe0?\0\0\0\0\0\0\0\xc0");
        let mut line = Line::zeros();
        read_safetensors(&mut line, &file)?;
        assert_eq!(line, Line([0.5, -2.0, 3.0]));
        let mut tensors = written(&line);
        // The order of tensors is the writer's.
        let mut expected = file;
        tensors.sort_unstable();
        expected.sort_unstable();
        assert_eq!(tensors, expected);
        Ok(())
    }

    #[test]
    fn files_of_other_parameters_are_refused_with_the_tensor() {
        let line = written(&LINE);
        assert_eq!(refused::<Turned>(&line), "`w` has the shape [1, 2], expected [2, 1]");
        assert_eq!(refused::<Less>(&line), "there is no tensor `b` among the parameters `w`");
        assert_eq!(refused::<Line>(&written(&Less([1.0; 2]))), "the tensor `b` is missing");
        assert_eq!(
            refused::<Line>(&written(&Nameless([1.0; 3]))),
            "there is no tensor `parameters` among the parameters `w`, `b`"
        );
        // `k` is unknown in one direction, and missing in the other.
        assert_eq!(
            refused::<Line>(&written(&Single([1.0; 7]))),
            "there is no tensor `k` among the parameters `w`, `b`"
        );
        buffer!(Short, f32, 3, Line::TENSORS);
        assert_eq!(refused::<Short>(&line), "`w` is of f64, but the parameters are of f32; convert it first");
        assert_eq!(
            refused::<Line>(&written(&Short([1.0; 3]))),
            "`w` is of f32, but the parameters are of f64; convert it first"
        );
        let message = refused::<Line>(b"PK");
        assert!(message.starts_with("no safetensors file: "), "{message}");
    }

    #[test]
    fn tensors_that_leave_gaps_are_refused() {
        let gap = "the buffer has 1 entry, the parameters have 0";
        let error = write_safetensors(&Gap([1.0; 3]), Vec::new()).expect_err("a gap");
        assert_eq!(error.to_string(), gap);
        assert_eq!(refused::<Gap>(&written(&LINE)), gap);
    }

    #[test]
    fn garbage_never_panics() {
        let mut rng = Rng::new(11);
        let mut read = 0;
        for round in 0..8000 {
            let mut bytes = if round % 4 == 0 {
                // A length that is possible, then anything.
                let len = rng.below(200);
                let mut bytes = (rng.below(len + 8) as u64).to_le_bytes().to_vec();
                bytes.truncate(rng.below(9));
                bytes.extend((0..len).map(|_| rng.next_u64() as u8));
                bytes
            } else {
                written(&Single([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]))
            };
            for _ in 0..=rng.below(3) {
                if !bytes.is_empty() {
                    change(&mut bytes, &mut rng);
                }
            }
            let mut parameters = Single::zeros();
            match read_safetensors(&mut parameters, &bytes) {
                Ok(()) => read += 1,
                Err(_) => assert_eq!(parameters, Single::zeros()),
            }
        }
        // Where only numbers have changed.
        assert!((30..3000).contains(&read), "{read}");
    }
}

#[cfg(feature = "serde")]
mod serde {
    use super::*;
    use crate::all::runs::trainer;
    use crate::common::{Linear, examples};
    use ::serde::{Deserialize, Serialize};
    use gradsmith_runtime::optim::{Adam, AdamW, Decayed, Momentum, Nesterov, Optimizer, RmsProp, Sgd};
    use gradsmith_runtime::train::{Data, Event, Run, Schedule, Trainer};
    use std::ops::ControlFlow;

    /// All that a training run consists of.
    #[derive(Serialize, Deserialize)]
    struct Checkpoint {
        #[serde(with = "gradsmith_runtime::save::by_name")]
        parameters: Line,
        optimizer: AdamW<f64>,
        run: Run<f64>,
    }

    /// The texts of the checkpoints after each epoch, and what the whole run came to.
    fn checkpoints(epochs: usize) -> Result<(Vec<String>, Run<f64>, Line), Error> {
        let (x, y) = examples(50, 1);
        let network = Linear::new(0.01);
        let data = Data::new(x.view(), y.view())?;
        let (mut run, mut line, mut texts) = (Run::new(), Line::zeros(), Vec::new());
        trainer(&network, epochs)?.run(&mut run, &mut line, data, Some(data), |event| {
            if let Event::Epoch(epoch) = event {
                let (parameters, optimizer) = (epoch.parameters.clone(), epoch.optimizer.clone());
                let checkpoint = Checkpoint { parameters, optimizer, run: epoch.run.clone() };
                texts.push(serde_json::to_string(&checkpoint).expect("JSON takes it"));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((texts, run, line))
    }

    /// Trains on from what was read.
    fn go_on(checkpoint: Checkpoint, epochs: usize) -> Result<(Run<f64>, Line), Error> {
        let (x, y) = examples(50, 1);
        let network = Linear::new(0.01);
        let data = Data::new(x.view(), y.view())?;
        let Checkpoint { mut parameters, optimizer, mut run } = checkpoint;
        let mut trainer: Trainer<'_, _, _> = trainer(&network, epochs)?;
        *trainer.optimizer() = optimizer;
        trainer.run(&mut run, &mut parameters, data, Some(data), |_| Ok(ControlFlow::Continue(())))?;
        Ok((run, parameters))
    }

    #[test]
    fn a_run_that_was_written_and_read_goes_on_to_the_bit() -> Result<(), Box<dyn std::error::Error>> {
        let (texts, whole, line) = checkpoints(20)?;
        for text in texts {
            let (run, parameters) = go_on(serde_json::from_str(&text)?, 20)?;
            assert_eq!(run, whole);
            assert_eq!(parameters.0.map(f64::to_bits), line.0.map(f64::to_bits));
        }
        Ok(())
    }

    #[test]
    fn whatever_is_read_never_panics() -> Result<(), Error> {
        let (texts, ..) = checkpoints(2)?;
        let mut rng = Rng::new(12);
        let (mut read, mut trained) = (0, 0);
        for _ in 0..1000 {
            let mut bytes = texts[1].clone().into_bytes();
            change(&mut bytes, &mut rng);
            if let Ok(checkpoint) = serde_json::from_slice(&bytes) {
                read += 1;
                trained += usize::from(go_on(checkpoint, 3).is_ok());
            }
        }
        assert!(read > 100 && trained > 30, "{read} {trained}");
        Ok(())
    }

    #[test]
    fn every_optimiser_goes_on_as_if_never_written() -> Result<(), Box<dyn std::error::Error>> {
        fn check<O>(mut optimizer: O) -> Result<(), Box<dyn std::error::Error>>
        where
            O: Optimizer<f64> + Serialize + ::serde::de::DeserializeOwned,
        {
            let mut rng = Rng::new(9);
            let steps = |optimizer: &mut O, theta: &mut [f64; 3], rng: &mut Rng| {
                (0..7).try_for_each(|_| optimizer.step(theta, &[rng.normal(), rng.normal(), 0.1]))
            };
            let mut theta = [1.0, -2.0, 3.0];
            optimizer.see_tensors(Line::TENSORS)?;
            steps(&mut optimizer, &mut theta, &mut rng)?;
            // The generator has a normal number left over.
            let text = serde_json::to_string(&(&optimizer, theta, &rng))?;
            let (mut read, mut read_theta, mut read_rng): (O, [f64; 3], Rng) = serde_json::from_str(&text)?;
            assert_eq!(serde_json::to_string(&(&read, read_theta, &read_rng))?, text);
            steps(&mut optimizer, &mut theta, &mut rng)?;
            steps(&mut read, &mut read_theta, &mut read_rng)?;
            assert_eq!(theta.map(f64::to_bits), read_theta.map(f64::to_bits), "{text}");
            Ok(())
        }
        check(Sgd::new(0.1)?)?;
        check(Momentum::new(0.1, 0.9)?)?;
        check(Nesterov::new(0.1, 0.9)?)?;
        check(RmsProp::new(0.1)?)?;
        check(Adam::new(0.1)?)?;
        check(AdamW::new(0.1)?.weight_decay(0.3)?)?;
        check(AdamW::new(0.1)?.decayed(Decayed::named(["b"])))
    }

    #[test]
    fn schedules_are_read_as_they_were_and_checked_where_they_are_used() -> Result<(), serde_json::Error> {
        let schedule = Schedule::step(3, 0.5).warm_up(2, 0.25).per_step().floor(0.01);
        let text = serde_json::to_string(&schedule)?;
        assert_eq!(serde_json::from_str::<Schedule>(&text)?, schedule);
        let never: Schedule = serde_json::from_str(&text.replace("\"every\":3", "\"every\":0"))?;
        assert_eq!(never.factor(5), 0.125);
        Ok(())
    }

    #[test]
    fn histories_may_have_numbers_that_are_none() -> Result<(), Box<dyn std::error::Error>> {
        let (_, whole, _) = checkpoints(3)?;
        let mut history = whole.into_history();
        history.epochs[1].train.data = f64::INFINITY;
        history.epochs[2].metric = Some(f64::NEG_INFINITY);
        let text = serde_json::to_string(&history)?;
        assert_eq!(serde_json::from_str::<gradsmith_runtime::train::History>(&text)?, history);
        Ok(())
    }

    #[test]
    fn other_parameters_are_refused_with_the_tensor() {
        #[derive(Debug, Deserialize)]
        struct Holder {
            #[serde(with = "gradsmith_runtime::save::by_name")]
            #[allow(dead_code, reason = "only whether it is read is asked")]
            p: Line,
        }
        let cases = [
            (r#"{"w":{"shape":[1,2],"entries":[1,2]}}"#, "the tensor `b` is missing"),
            (r#"{"w":{"shape":[2,1],"entries":[1,2]}}"#, "`w` has the shape [2, 1], expected [1, 2]"),
            (r#"{"w":{"shape":[1,2],"entries":[1]}}"#, "`w` has 1 entries, its shape [1, 2] has 2"),
            (
                r#"{"w":{"shape":[1,2],"entries":[1,2]},"w":{"shape":[1,2],"entries":[1,2]}}"#,
                "the tensor `w` is there twice",
            ),
            (r#"{"c":{"shape":[1],"entries":[1]}}"#, "there is no tensor `c` among the parameters `w`, `b`"),
            ("[1]", "invalid type: sequence, expected a map from tensors' names to their shapes and entries"),
        ];
        for (text, message) in cases {
            let error = serde_json::from_str::<Holder>(&format!(r#"{{"p":{text}}}"#)).expect_err(text);
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
