//! The variables of an objective: their names, and where their entries lie in the vector.

/// One variable of an objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the formula: `w`, `b`.
    pub name: &'static str,
    /// Where its first entry stands in the vector.
    pub offset: usize,
    /// Its extents: none for a scalar. Entries lie row by row.
    pub shape: Vec<usize>,
}

impl Variable {
    /// A variable of this name and shape, from the entry `offset` of the vector on.
    #[must_use]
    pub fn new(name: &'static str, offset: usize, shape: &[usize]) -> Self {
        Self { name, offset, shape: shape.to_vec() }
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its entries as formulas write them: `s`, `b[0]`, `W[1, 2]`.
    pub fn entries(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.len()).map(|k| {
            let mut rest = k;
            let mut index: Vec<String> = Vec::with_capacity(self.shape.len());
            for &extent in self.shape.iter().rev() {
                index.push((rest % extent).to_string());
                rest /= extent;
            }
            index.reverse();
            if index.is_empty() {
                self.name.to_owned()
            } else {
                format!("{}[{}]", self.name, index.join(", "))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_the_names_of_formulas() {
        let names = |shape: &[usize]| Variable::new("w", 7, shape).entries().collect::<Vec<_>>();
        assert_eq!(names(&[]), ["w"]);
        assert_eq!(names(&[2]), ["w[0]", "w[1]"]);
        assert_eq!(names(&[2, 2]), ["w[0, 0]", "w[0, 1]", "w[1, 0]", "w[1, 1]"]);
        assert!(names(&[2, 0]).is_empty());
    }
}
