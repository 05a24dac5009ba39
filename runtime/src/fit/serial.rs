//! Arrays of numbers that may be infinite, for serde.

/// A field that is one number: `serde(with = "super::serial::one")`.
pub(super) mod one {
    use crate::number::Number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number(*number).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Number::deserialize(deserializer)?.0)
    }
}

/// A field that is two.
pub(super) mod two {
    use crate::number::Number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(numbers: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
        numbers.map(Number).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 2], D::Error> {
        Ok(<[Number; 2]>::deserialize(deserializer)?.map(|n| n.0))
    }
}

/// A vector.
pub(super) mod vector {
    use crate::number::Number;
    use ndarray::Array1;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(array: &Array1<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(array.iter().map(|&x| Number(x)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Array1<f64>, D::Error> {
        Ok(Vec::<Number>::deserialize(deserializer)?.into_iter().map(|n| n.0).collect())
    }
}

/// A square matrix, row by row.
pub(super) mod square {
    use crate::number::Number;
    use ndarray::Array2;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(array: &Array2<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = array.rows();
        serializer.collect_seq(rows.into_iter().map(|row| row.iter().map(|&x| Number(x)).collect::<Vec<_>>()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Array2<f64>, D::Error> {
        let rows = Vec::<Vec<Number>>::deserialize(deserializer)?;
        let n = rows.len();
        let entries: Vec<f64> = rows.into_iter().flatten().map(|x| x.0).collect();
        Array2::from_shape_vec((n, n), entries).map_err(|_| D::Error::custom("a matrix that is not square"))
    }
}

#[cfg(test)]
mod tests {
    use crate::fit::{Covariance, Estimate, Evaluations, Parameter, Stopped};
    use ndarray::array;

    #[test]
    fn an_estimate_comes_back_as_it_was() {
        let parameter = Parameter {
            name: "b[0]".to_owned(),
            value: 0.1,
            start: 1.0,
            standard_error: f64::INFINITY,
            fixed: false,
            bounds: [0.0, f64::INFINITY],
        };
        let estimate = Estimate {
            parameters: vec![parameter],
            residuals: array![0.25, -1e-300],
            rss: 0.0625,
            observations: 2,
            degrees_of_freedom: 1,
            known_deviations: false,
            covariance: Covariance { matrix: array![[f64::INFINITY]] },
            r_squared: Some(0.5),
            stopped: Stopped::Failed("no".to_owned()),
            evaluations: Evaluations { residuals: 3, jacobians: 2 },
        };
        let text = serde_json::to_string(&estimate).unwrap();
        assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap(), estimate, "{text}");
        let crooked = text.replace("[[\"inf\"]]", "[[1.0, 2.0]]");
        assert!(serde_json::from_str::<Estimate>(&crooked).is_err(), "{crooked}");
    }
}
