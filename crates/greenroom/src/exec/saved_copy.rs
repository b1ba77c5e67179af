//! The form in which the original of a token file waits in the data directory: a few lines of text,
//! then its path and its bytes, each behind its length. Paths and files need not be text.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

const HEAD: &str = "greenroom put-back 1";

/// A file as it was.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SavedCopy {
    /// Its absolute path, free of symbolic links.
    pub(super) path: PathBuf,
    /// Its permission bits.
    pub(super) mode: u32,
    /// What it held.
    pub(super) bytes: Vec<u8>,
}

// Written by hand because the bytes are secrets.
impl std::fmt::Debug for SavedCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SavedCopy({:?}, {:o}, {} bytes)", self.path, self.mode, self.bytes.len())
    }
}

impl SavedCopy {
    /// Writes it out.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let path = self.path.as_os_str().as_bytes();
        let mut out =
            format!("{HEAD}\nmode {:o}\npath {}\nbytes {}\n", self.mode, path.len(), self.bytes.len())
                .into_bytes();
        out.extend_from_slice(path);
        out.push(b'\n');
        out.extend_from_slice(&self.bytes);
        to.write_all(&out)
    }

    /// Reads one back.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut all = Vec::new();
        from.read_to_end(&mut all)?;
        Self::parse(&all)
            .ok_or_else(|| io::Error::other("it is no copy that this version of Greenroom can read"))
    }

    fn parse(all: &[u8]) -> Option<Self> {
        let mut lines = all.splitn(5, |byte| *byte == b'\n');
        let mut line = || std::str::from_utf8(lines.next()?).ok();
        let head = line()?;
        let mode = u32::from_str_radix(line()?.strip_prefix("mode ")?, 8).ok()?;
        let path: usize = line()?.strip_prefix("path ")?.parse().ok()?;
        let bytes: usize = line()?.strip_prefix("bytes ")?.parse().ok()?;
        let (path, rest) = lines.next()?.split_at_checked(path)?;
        let content = rest.strip_prefix(b"\n")?;
        (head == HEAD && content.len() == bytes).then(|| Self {
            path: PathBuf::from(OsString::from_vec(path.to_vec())),
            mode,
            bytes: content.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is_read() {
        let copy = SavedCopy {
            path: PathBuf::from(OsString::from_vec(b"/a\nb\xff/token.yaml".to_vec())),
            mode: 0o640,
            bytes: b"\x00hunter2\n\n".to_vec(),
        };
        let mut out = Vec::new();
        copy.write(&mut out).unwrap();
        assert_eq!(SavedCopy::read(&mut &out[..]).unwrap(), copy);
        assert!(!format!("{copy:?}").contains("hunter"));
        for cut in 0..out.len() {
            assert!(SavedCopy::read(&mut &out[..cut]).is_err(), "{cut}");
        }
    }
}
