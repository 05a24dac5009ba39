//! What `examples/mnist.rs` says of files that are missing or broken, and that it reads sound ones.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};

#[path = "../../examples/mnist/idx.rs"]
mod idx;

use idx::Digits;

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("gradsmith-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        fs::write(self.0.join(name), bytes)
    }

    /// The error that reading two digits ends with, without the folder's name.
    fn error(&self) -> String {
        match Digits::read(&self.0, "train", 2) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string().replace(&format!("{}/", self.0.display()), ""),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

fn images(magic: u8, count: u8, bytes: usize) -> Vec<u8> {
    let mut file = vec![0, 0, 8, magic, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28];
    file.extend((0..bytes).map(|k| (k % 256) as u8));
    file
}

fn labels(count: u8, labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1, 0, 0, 0, count][..], labels].concat()
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[test]
fn plain_and_packed_files_are_read() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("sound")?;
    folder.put(IMAGES, &images(3, 2, 2 * 784))?;
    folder.put(&format!("{LABELS}.gz"), &packed(&labels(2, &[7, 0]))?)?;
    let digits = Digits::read(&folder.0, "train", 2)?;
    assert_eq!((digits.x.dim(), digits.y.dim()), ((2, 784), (2, 10)));
    assert_eq!((digits.x[(0, 255)], digits.x[(0, 256)], digits.x[(1, 0)]), (1.0, 0.0, 16.0 / 255.0));
    assert_eq!((digits.y[(0, 7)], digits.y[(1, 0)], digits.y.sum()), (1.0, 1.0, 2.0));
    let [(first, _), (second, y)] = digits.split(1);
    assert_eq!((first.nrows(), second.nrows(), y[(0, 0)]), (1, 1, 1.0));
    Ok(())
}

#[test]
fn a_missing_file_is_named() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("missing")?;
    let missing = "not found, nor with `.gz` behind it; expected one of the four MNIST files";
    assert_eq!(folder.error(), format!("{IMAGES}: {missing}"));
    folder.put(IMAGES, &images(3, 2, 2 * 784))?;
    assert_eq!(folder.error(), format!("{LABELS}: {missing}"));
    let nowhere = Digits::read(&folder.0.join("nowhere"), "train", 2).err().map(|e| e.to_string());
    assert!(nowhere.is_some_and(|e| e.contains("nowhere: is not a folder")));
    Ok(())
}

#[test]
fn a_broken_file_is_named_with_what_was_expected() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("broken")?;
    folder.put(LABELS, &labels(2, &[7, 0]))?;
    let with = |bytes: &[u8]| folder.put(IMAGES, bytes).map(|()| folder.error());
    assert_eq!(with(&[0, 0, 8])?, format!("{IMAGES}: has 3 bytes, expected 16 of a header alone"));
    assert_eq!(
        with(&images(1, 2, 2 * 784))?,
        format!("{IMAGES}: begins with 0x00000801, expected 0x00000803, which stands for images in bytes")
    );
    assert_eq!(
        with(&images(3, 3, 3 * 784))?,
        format!("{IMAGES}: announces 3 × 28 × 28 images, expected 2 × 28 × 28")
    );
    assert_eq!(with(&images(3, 2, 1000))?, format!("{IMAGES}: truncated: has 1016 bytes, expected 1584"));
    assert_eq!(with(&images(3, 2, 1569))?, format!("{IMAGES}: too long: has 1585 bytes, expected 1584"));
    Ok(())
}

#[test]
fn labels_must_be_as_many_as_images_and_digits() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("labels")?;
    folder.put(IMAGES, &images(3, 2, 2 * 784))?;
    let with = |bytes: &[u8]| folder.put(LABELS, bytes).map(|()| folder.error());
    assert_eq!(with(&labels(1, &[7]))?, format!("{LABELS}: announces 1 labels, expected 2"));
    assert_eq!(with(&labels(2, &[7, 10]))?, format!("{LABELS}: label 1 is 10, expected 0 to 9"));
    Ok(())
}

#[test]
fn a_truncated_packed_file_is_named() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("packed")?;
    let bytes = packed(&images(3, 2, 2 * 784))?;
    folder.put(&format!("{IMAGES}.gz"), &bytes[..bytes.len() / 2])?;
    folder.put(LABELS, &labels(2, &[7, 0]))?;
    let error = folder.error();
    assert!(error.starts_with(&format!("{IMAGES}.gz: cannot be unpacked: ")), "{error}");
    Ok(())
}
