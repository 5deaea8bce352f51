//! Frames of the protocol, and steps and replies as JSON.

use super::config::Encoding;
use super::description::SlotDescription;
use super::exchange::{Failure, Reply, Request, acknowledges};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use trocar_signal::Time;

/// What `hello` and `welcome` call the protocol.
pub const PROTOCOL: &str = "trocar-controller";

/// Its version.
pub const PROTOCOL_VERSION: u8 = 1;

/// Before each body.
pub const HEADER_BYTES: usize = 8;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// From Trocar: what the slot is.
    Hello,
    /// From the controller: who fills it.
    Welcome,
    /// From Trocar: one activation.
    Step,
    /// From the controller: its answer.
    Reply,
    /// From Trocar: the run is over.
    Stop,
    /// From the controller: it cannot go on.
    Failure,
}

impl FrameType {
    const ALL: [FrameType; 6] = [
        FrameType::Hello,
        FrameType::Welcome,
        FrameType::Step,
        FrameType::Reply,
        FrameType::Stop,
        FrameType::Failure,
    ];

    fn number(self) -> u8 {
        Self::ALL.iter().position(|t| *t == self).map_or(0, |place| place as u8 + 1)
    }

    /// What it is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        ["hello", "welcome", "step", "reply", "stop", "failure"][usize::from(self.number()) - 1]
    }
}

/// The header of a frame. `len` has been held against [`u32::MAX`] by whoever made the body.
pub(crate) fn header(kind: FrameType, encoding: Encoding, len: usize) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = (len as u32).to_le_bytes();
    [a, b, c, d, PROTOCOL_VERSION, kind.number(), u8::from(encoding == Encoding::Binary), 0]
}

/// A header that was received: type, encoding and length of the body.
pub(crate) fn read_header(
    bytes: [u8; HEADER_BYTES],
    longest: usize,
) -> Result<(FrameType, Encoding, usize), Failure> {
    let [a, b, c, d, version, kind, encoding, _] = bytes;
    if version != PROTOCOL_VERSION {
        return Err(Failure::new(format!(
            "sent a frame of version {version}; this is version {PROTOCOL_VERSION} of the protocol (is something else printed where frames belong?)"
        )));
    }
    let kind = FrameType::ALL.into_iter().find(|t| t.number() == kind);
    let kind = kind.ok_or_else(|| Failure::new("sent a frame of an unknown type"))?;
    let encoding = match encoding {
        0 => Encoding::Json,
        1 => Encoding::Binary,
        other => return Err(Failure::new(format!("sent a frame of the unknown encoding {other}"))),
    };
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    if len > longest {
        return Err(Failure::new(format!("sent a frame of {len} bytes, where none has more than {longest}")));
    }
    Ok((kind, encoding, len))
}

/// Words as they stand in frames and records: little-endian.
pub(crate) fn to_wire(words: &[u64]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(words));
    }
    Cow::Owned(words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

/// Words whose memory was filled with bytes of a frame or record, as numbers of this machine.
pub(crate) fn from_wire(words: &mut [u64]) {
    words.iter_mut().for_each(|word| *word = u64::from_le(*word));
}

/// The body of `welcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub protocol: String,
    pub version: u32,
    #[serde(default)]
    pub encoding: Encoding,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub restorable: bool,
    #[serde(default)]
    pub token: String,
}

#[derive(Serialize)]
struct StepJson<'a> {
    activation: u64,
    now_ns: u64,
    elapsed_ns: u64,
    digest: String,
    inputs: Vec<InputJson<'a>>,
    parameters: &'a [f64],
    state: String,
}

#[derive(Serialize)]
struct InputJson<'a> {
    stamp_ns: u64,
    sequence: u64,
    valid: bool,
    fresh: bool,
    values: &'a [f64],
}

/// A step as JSON, appended.
pub(crate) fn step_to_json(request: &Request<'_>, digest: u64, out: &mut Vec<u8>) -> Result<(), Failure> {
    let input = |place: usize| {
        let input = request.input(place);
        InputJson {
            stamp_ns: input.stamp.0,
            sequence: input.sequence,
            valid: input.valid,
            fresh: input.fresh,
            values: input.values,
        }
    };
    let step = StepJson {
        activation: request.activation,
        now_ns: request.now.0,
        elapsed_ns: request.elapsed.0,
        digest: format!("{digest:016x}"),
        inputs: (0..request.input_count()).map(input).collect(),
        parameters: request.parameters,
        state: words_to_hex(request.state),
    };
    serde_json::to_writer(out, &step).map_err(|e| Failure::new(format!("cannot be sent a step: {e}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyJson {
    activation: u64,
    now_ns: u64,
    digest: String,
    #[serde(default)]
    taken: Vec<usize>,
    #[serde(default)]
    outputs: Vec<Option<OutputJson>>,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputJson {
    values: Vec<Option<f64>>,
    #[serde(default = "yes")]
    valid: bool,
    #[serde(default)]
    stamp_ns: Option<u64>,
}

fn yes() -> bool {
    true
}

/// Fills a reply that was begun for `request` from its JSON.
pub(crate) fn reply_from_json(
    slot: &SlotDescription,
    request: &Request<'_>,
    digest: u64,
    body: &[u8],
    reply: &mut Reply,
) -> Result<(), Failure> {
    // Some languages write numbers that are not finite as bare words, which no JSON has.
    let json: ReplyJson =
        serde_json::from_slice(body).map_err(|e| Failure::new(format!("answered with no reply: {e}")))?;
    let theirs = u64::from_str_radix(&json.digest, 16)
        .map_err(|_| Failure::new(format!("repeated the digest `{}`, which is none", short(&json.digest))))?;
    acknowledges(request, digest, (json.activation, json.now_ns, theirs))?;
    if json.outputs.len() > slot.outputs.len() {
        let (len, expected) = (json.outputs.len(), slot.outputs.len());
        return Err(Failure::new(format!("answered with {len} outputs, where the slot has {expected}")));
    }
    for (place, output) in json.outputs.into_iter().enumerate() {
        let Some(output) = output else { continue };
        let values: Vec<f64> = output.values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
        let stamp = output.stamp_ns.map_or(request.now, Time);
        reply.send(place, &values, stamp, output.valid);
    }
    json.taken.into_iter().for_each(|place| reply.take(place));
    if let Some(hex) = json.state {
        reply.state = hex_to_words(&hex).ok_or_else(|| {
            Failure::new(format!(
                "gave the state `{}`, which is not 16 hexadecimal digits a word",
                short(&hex)
            ))
        })?;
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn words_to_hex(words: &[u64]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(words.len() * 16);
    for word in words {
        // Written into a string, which cannot fail.
        let _ = write!(text, "{:016x}", word.swap_bytes());
    }
    text
}

fn hex_to_words(text: &str) -> Option<Vec<u64>> {
    if !text.len().is_multiple_of(16) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let word = |place: usize| u64::from_str_radix(text.get(place..place + 16)?, 16).ok().map(u64::swap_bytes);
    (0..text.len()).step_by(16).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for kind in FrameType::ALL {
            for encoding in [Encoding::Json, Encoding::Binary] {
                let bytes = header(kind, encoding, 70_000);
                assert_eq!(read_header(bytes, 70_000), Ok((kind, encoding, 70_000)));
                assert!(read_header(bytes, 69_999).is_err(), "too long");
            }
        }
        let mut other = header(FrameType::Reply, Encoding::Json, 0);
        other[4] = 2;
        assert!(read_header(other, 10).unwrap_err().what.contains("version 2"));
    }

    #[test]
    fn state_words_are_bytes_in_the_order_of_memory() {
        // 1.0 is 0x3ff0000000000000: in memory, little-endian, its last two bytes are f0 3f.
        assert_eq!(words_to_hex(&[1.0_f64.to_bits()]), "000000000000f03f");
        for words in [vec![], vec![0, u64::MAX, 0x0123_4567_89ab_cdef]] {
            assert_eq!(hex_to_words(&words_to_hex(&words)), Some(words));
        }
        assert_eq!(hex_to_words("000000000000f03"), None);
        assert_eq!(hex_to_words("000000000000f0 f"), None);
    }
}
