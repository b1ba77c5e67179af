//! Files that are there whole or not at all, whoever reads them meanwhile and whatever ends the writer.

use std::{fs::File, io, path::Path};

use tempfile::NamedTempFile;

/// Writes a file beside the old one and puts it in its place. On an error the old one stays.
pub fn write(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut file = beside(path)?;
    fill(file.as_file_mut())?;
    file.persist(path)?;
    Ok(())
}

/// A new file in the same directory, which goes when it is dropped.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    NamedTempFile::new_in(dir.unwrap_or_else(|| Path::new(".")))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let half =
            |file: &mut File| file.write_all(b"ne").and_then(|()| Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(write(&path, half).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(&dir).unwrap().count()), (b"old".to_vec(), 1));
        write(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(&dir).unwrap().count()), (b"new".to_vec(), 1));
    }
}
