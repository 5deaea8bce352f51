//! Reading a given number of bytes from an input that may end before.

use std::io::{Error, ErrorKind, Read, Result};

/// Fills a buffer; `false` if the input ends before.
pub(crate) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Appends `len` bytes of input; `false` if it ends before. Takes no more memory than there is input, whatever `len` says.
pub(crate) fn append(input: &mut impl Read, bytes: &mut Vec<u8>, len: u64) -> Result<bool> {
    let read = input.by_ref().take(len).read_to_end(bytes)?;
    Ok(u64::try_from(read).map_err(Error::other)? == len)
}
