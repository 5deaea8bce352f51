//! The wire form of ROS 2 messages: CDR as the Object Management Group defines it (DDS-XTypes 1.3, 7.4, encoding
//! version 1), little endian. A message begins with four bytes that say so; every number stands at a multiple of its own
//! size, counted from after those four bytes; texts and sequences carry their length.

/// Why bytes are not the message that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CdrError {
    /// The message ends before its last field.
    #[error("the message ends at byte {at}, before its last field")]
    TooShort {
        /// Where more bytes were expected.
        at: usize,
    },
    /// It does not begin as a little-endian message does.
    #[error("the message is not little-endian CDR")]
    NotLittleEndian,
    /// A text that is not UTF-8 with a zero byte at its end.
    #[error("the text at byte {at} is not UTF-8 with a zero byte at its end")]
    BadText {
        /// Where the text begins.
        at: usize,
    },
    /// A value that its type does not have.
    #[error("the message holds a value that its group does not have: {what}")]
    BadValue {
        /// What it is.
        what: &'static str,
    },
}

const ENCAPSULATION: [u8; 4] = [0, 1, 0, 0];

/// Writes one message into a buffer, which it empties first.
#[derive(Debug)]
pub struct CdrWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CdrWriter<'a> {
    /// Begins a message.
    pub fn new(out: &'a mut Vec<u8>) -> CdrWriter<'a> {
        out.clear();
        out.extend_from_slice(&ENCAPSULATION);
        CdrWriter { out }
    }

    fn aligned<const N: usize>(&mut self, bytes: [u8; N]) {
        while !(self.out.len() - ENCAPSULATION.len()).is_multiple_of(N) {
            self.out.push(0);
        }
        self.out.extend_from_slice(&bytes);
    }

    /// A `bool`.
    pub fn bool(&mut self, value: bool) {
        self.out.push(u8::from(value));
    }

    /// A `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// An `int32`.
    pub fn i32(&mut self, value: i32) {
        self.aligned(value.to_le_bytes());
    }

    /// A `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.aligned(value.to_le_bytes());
    }

    /// A `uint64`.
    pub fn u64(&mut self, value: u64) {
        self.aligned(value.to_le_bytes());
    }

    /// A `float64`.
    pub fn f64(&mut self, value: f64) {
        self.aligned(value.to_le_bytes());
    }

    /// A `string`.
    pub fn string(&mut self, value: &str) {
        self.u32(length(value.len() + 1));
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(0);
    }

    /// A `float64[]`. An empty one is its length alone, without padding.
    pub fn f64_sequence(&mut self, values: &[f64]) {
        self.u32(length(values.len()));
        values.iter().for_each(|value| self.f64(*value));
    }

    /// A `string[]`.
    pub fn string_sequence(&mut self, values: &[String]) {
        self.u32(length(values.len()));
        values.iter().for_each(|value| self.string(value));
    }
}

/// Lengths on the wire have 32 bits; a group has at most a few hundred numbers.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Reads one message.
#[derive(Clone, Debug)]
pub struct CdrReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> CdrReader<'a> {
    /// Begins to read a message.
    ///
    /// # Errors
    /// [`CdrError::NotLittleEndian`] for any other encoding.
    pub fn new(bytes: &'a [u8]) -> Result<CdrReader<'a>, CdrError> {
        match bytes.get(..ENCAPSULATION.len()) {
            Some(head) if head[..2] == ENCAPSULATION[..2] => Ok(CdrReader { bytes, at: ENCAPSULATION.len() }),
            Some(_) => Err(CdrError::NotLittleEndian),
            None => Err(CdrError::TooShort { at: bytes.len() }),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], CdrError> {
        let end = self.at.checked_add(len).ok_or(CdrError::TooShort { at: self.at })?;
        let taken = self.bytes.get(self.at..end).ok_or(CdrError::TooShort { at: self.at })?;
        self.at = end;
        Ok(taken)
    }

    fn aligned<const N: usize>(&mut self) -> Result<[u8; N], CdrError> {
        let past = (self.at - ENCAPSULATION.len()) % N;
        if past != 0 {
            self.take(N - past)?;
        }
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| CdrError::TooShort { at })
    }

    /// A `bool`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn bool(&mut self) -> Result<bool, CdrError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CdrError::BadValue { what: "a bool that is neither 0 nor 1" }),
        }
    }

    /// A `uint8`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn u8(&mut self) -> Result<u8, CdrError> {
        Ok(self.aligned::<1>()?[0])
    }

    /// A `uint16`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn u16(&mut self) -> Result<u16, CdrError> {
        Ok(u16::from_le_bytes(self.aligned()?))
    }

    /// An `int32`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn i32(&mut self) -> Result<i32, CdrError> {
        Ok(i32::from_le_bytes(self.aligned()?))
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn u32(&mut self) -> Result<u32, CdrError> {
        Ok(u32::from_le_bytes(self.aligned()?))
    }

    /// A `uint64`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn u64(&mut self) -> Result<u64, CdrError> {
        Ok(u64::from_le_bytes(self.aligned()?))
    }

    /// A `float64`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn f64(&mut self) -> Result<f64, CdrError> {
        Ok(f64::from_le_bytes(self.aligned()?))
    }

    /// A `string`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn string(&mut self) -> Result<&'a str, CdrError> {
        let len = self.u32()? as usize;
        let at = self.at;
        let bytes = self.take(len)?;
        let text = bytes.strip_suffix(&[0]).ok_or(CdrError::BadText { at })?;
        std::str::from_utf8(text).map_err(|_| CdrError::BadText { at })
    }

    /// A `float64[]`, appended to `out`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn f64_sequence(&mut self, out: &mut Vec<f64>) -> Result<(), CdrError> {
        for _ in 0..self.u32()? {
            out.push(self.f64()?);
        }
        Ok(())
    }

    /// Passes over a `string[]`.
    ///
    /// # Errors
    /// [`CdrError`] as for every field.
    pub fn skip_string_sequence(&mut self) -> Result<(), CdrError> {
        for _ in 0..self.u32()? {
            self.string()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_multiples_of_their_size_after_the_four_bytes() {
        let mut out = vec![9; 3];
        let mut writer = CdrWriter::new(&mut out);
        writer.bool(true);
        writer.u32(2);
        writer.string("ab");
        writer.f64(1.0);
        let mut expected = vec![0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, b'a', b'b', 0];
        expected.resize(4 + 16, 0);
        expected.extend_from_slice(&1.0_f64.to_le_bytes());
        assert_eq!(out, expected);
    }

    #[test]
    fn an_empty_sequence_has_no_padding_after_its_length() {
        let mut out = Vec::new();
        let mut writer = CdrWriter::new(&mut out);
        writer.f64_sequence(&[]);
        writer.f64_sequence(&[]);
        assert_eq!(out.len(), 4 + 8);
    }

    #[test]
    fn what_is_written_reads_back_and_a_short_message_is_an_error() {
        let mut out = Vec::new();
        let mut writer = CdrWriter::new(&mut out);
        writer.i32(-3);
        writer.string_sequence(&["yaw".to_owned(), "é".to_owned()]);
        writer.f64_sequence(&[0.1, -0.0]);
        writer.u64(u64::MAX);
        writer.u8(7);
        let read = |bytes: &[u8]| -> Result<(i32, Vec<f64>, u64, u8), CdrError> {
            let mut reader = CdrReader::new(bytes)?;
            let mut values = Vec::new();
            let first = reader.i32()?;
            reader.skip_string_sequence()?;
            reader.f64_sequence(&mut values)?;
            Ok((first, values, reader.u64()?, reader.u8()?))
        };
        assert_eq!(read(&out), Ok((-3, vec![0.1, -0.0], u64::MAX, 7)));
        for len in 0..out.len() {
            assert!(read(&out[..len]).is_err(), "{len} bytes of {} were enough", out.len());
        }
        out[1] = 0;
        assert_eq!(read(&out), Err(CdrError::NotLittleEndian));
    }
}
