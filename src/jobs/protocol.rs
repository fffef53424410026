//! The frames between the window (or a command) and its worker: a little-endian `u32` length, then that many bytes of
//! JSON. A frame that cannot be read ends the conversation; it is never guessed at.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::problem::Problem;
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::run::MetricPoint;

/// A frame larger than this is a broken conversation, not a message.
const MAX_FRAME_BYTES: u32 = 256 * 1024 * 1024;

/// To the worker. The end of the input means that nobody waits any more: it counts as `Cancel`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    Start { workspace: PathBuf, request: Box<JobRequest> },
    Cancel,
}

/// From the worker; the last frame is `Done` or `Failed`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    Progress {
        phase: String,
        fraction: Option<f64>,
    },
    Recorded,
    /// Points of learning curves, each with the name of its run.
    Points(Vec<(String, MetricPoint)>),
    Done(Box<JobOutcome>),
    Failed(Problem),
}

/// Writes one message. Fails with `InvalidData` before anything is written when the message has no frame: it is too
/// long, or holds a path that is not Unicode.
pub fn write_frame(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    out.write_all(&frame(message)?)?;
    out.flush()
}

/// A whole frame: length and body.
pub fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|n| *n <= MAX_FRAME_BYTES);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "message too long for a frame"))?;
    Ok([length.to_le_bytes().as_slice(), &body].concat())
}

/// The next message; `None` at the end of the input. An end within a frame is an error.
pub fn read_frame<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    loop {
        match input.read(&mut length[..1]) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    input.read_exact(&mut length[1..])?;
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame length out of range"));
    }
    // Grows as bytes arrive: a length that lies costs nothing.
    let mut body = Vec::new();
    if input.take(length.into()).read_to_end(&mut body)? < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_whole_and_the_end_is_none() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &FromWorker::Progress { phase: "Fold 3 of 5".into(), fraction: Some(0.5) }).unwrap();
        write_frame(&mut wire, &FromWorker::Recorded).unwrap();
        let mut input = wire.as_slice();
        let first: FromWorker = read_frame(&mut input).unwrap().unwrap();
        assert!(matches!(first, FromWorker::Progress { fraction: Some(f), .. } if f == 0.5));
        assert!(matches!(read_frame(&mut input).unwrap(), Some(FromWorker::Recorded)));
        assert!(read_frame::<FromWorker>(&mut input).unwrap().is_none());
    }

    #[test]
    fn a_cut_or_oversized_frame_is_an_error() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &FromWorker::Recorded).unwrap();
        wire.pop();
        assert!(read_frame::<FromWorker>(&mut wire.as_slice()).is_err());
        assert!(read_frame::<FromWorker>(&mut &wire[..2]).is_err());
        assert!(read_frame::<FromWorker>(&mut u32::MAX.to_le_bytes().as_slice()).is_err());
    }
}
