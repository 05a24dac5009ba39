//! The four files of MNIST, plain or gzip: what is in them, or what is wrong with which.
//!
//! The format (IDX) is a header of big-endian 32-bit numbers, and then a byte an entry: a magic number whose
//! low byte counts the dimensions, and as many extents. Images are 28 × 28, row by row; labels are 0 to 9.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use ndarray::{Array2, ArrayView2, Axis};

/// Pixels of an image.
const PIXELS: usize = 28 * 28;
/// Digits.
const CLASSES: usize = 10;

/// Images with their labels.
pub(crate) struct Digits {
    /// An image a row, its pixels from 0 to 1.
    pub x: Array2<f32>,
    /// A label a row, one-hot.
    pub y: Array2<f32>,
}

impl Digits {
    /// Reads `{name}-images-idx3-ubyte` and `{name}-labels-idx1-ubyte` in `folder`, of which `count` are
    /// expected.
    ///
    /// # Errors
    /// [`IdxError`] with the file that is missing or broken.
    pub(crate) fn read(folder: &Path, name: &str, count: usize) -> Result<Self, IdxError> {
        let image_file = find(folder, &format!("{name}-images-idx3-ubyte"))?;
        let label_file = find(folder, &format!("{name}-labels-idx1-ubyte"))?;
        let images = entries(&image_file, 0x0803, "images", &[count, 28, 28])?;
        let labels = entries(&label_file, 0x0801, "labels", &[count])?;

        let x = images.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let x = Array2::from_shape_vec((count, PIXELS), x)
            .map_err(|error| IdxError::new(&image_file, error.to_string()))?;
        let mut y = Array2::zeros((count, CLASSES));
        for (row, &label) in labels.iter().enumerate() {
            let Some(entry) = y.get_mut((row, usize::from(label))) else {
                return Err(IdxError::new(&label_file, format!("label {row} is {label}, expected 0 to 9")));
            };
            *entry = 1.0;
        }
        Ok(Self { x, y })
    }

    /// The first `count`, and the others.
    pub(crate) fn split(&self, count: usize) -> [(ArrayView2<'_, f32>, ArrayView2<'_, f32>); 2] {
        let (x, y) = (self.x.view().split_at(Axis(0), count), self.y.view().split_at(Axis(0), count));
        [(x.0, y.0), (x.1, y.1)]
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) struct IdxError {
    file: PathBuf,
    what: String,
}

impl IdxError {
    fn new(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into() }
    }
}

impl fmt::Display for IdxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}

impl std::error::Error for IdxError {}

/// The file of this name, or with `.gz` behind it.
fn find(folder: &Path, name: &str) -> Result<PathBuf, IdxError> {
    if !folder.is_dir() {
        return Err(IdxError::new(folder, "is not a folder; expected the one with the four MNIST files"));
    }
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    [&plain, &packed].into_iter().find(|file| file.is_file()).cloned().ok_or_else(|| {
        IdxError::new(&plain, "not found, nor with `.gz` behind it; expected one of the four MNIST files")
    })
}

/// The bytes behind the header, which must announce `shape`.
fn entries(file: &Path, magic: u32, what: &str, shape: &[usize]) -> Result<Vec<u8>, IdxError> {
    let bytes = read(file)?;
    let words: Vec<usize> = bytes
        .chunks_exact(4)
        .take(1 + shape.len())
        .map(|word| word.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
        .collect();
    let header = 4 * (1 + shape.len());
    if words.len() <= shape.len() {
        let found = bytes.len();
        return Err(IdxError::new(file, format!("has {found} bytes, expected {header} of a header alone")));
    }
    if words[0] != magic as usize {
        let found = words[0];
        return Err(IdxError::new(
            file,
            format!("begins with 0x{found:08x}, expected 0x{magic:08x}, which stands for {what} in bytes"),
        ));
    }
    if words[1..] != *shape {
        let found = extents(&words[1..]);
        return Err(IdxError::new(file, format!("announces {found} {what}, expected {}", extents(shape))));
    }
    let (found, expected) = (bytes.len(), header + shape.iter().product::<usize>());
    if found != expected {
        let verdict = if found < expected { "truncated" } else { "too long" };
        return Err(IdxError::new(file, format!("{verdict}: has {found} bytes, expected {expected}")));
    }
    Ok(bytes[header..].to_vec())
}

/// A whole file, unpacked if its name says that it is packed.
fn read(path: &Path) -> Result<Vec<u8>, IdxError> {
    let cannot = |what: &str, error: io::Error| IdxError::new(path, format!("cannot be {what}: {error}"));
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(|error| cannot("opened", error))?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_end(&mut bytes).map_err(|error| cannot("unpacked", error))?;
    } else {
        file.read_to_end(&mut bytes).map_err(|error| cannot("read", error))?;
    }
    Ok(bytes)
}

/// `60000 × 28 × 28`
fn extents(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}
