//! The chunks of a source, its files one after another, and the threads that read them.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use super::chunks::{Chunk, Chunker, Unclosed};
use super::parse::{Parsed, Plan, parse};
use super::records::Records;
use super::{SourceSpec, clean_names, numbered_names};
use crate::data::error::{LoadError, clip};
use crate::domain::dataset::{BadRows, ReadOptions};

/// A chunk and where it comes from.
pub struct Job {
    pub chunk: Chunk,
    pub place: Place,
    order: Arc<[usize]>,
}

#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Index of the file.
    pub file: usize,
    /// Lines of the file before it, for the first chunk of a file.
    pub lines_before: Option<u64>,
    /// Share of the source read when the chunk was taken.
    pub fraction: f64,
}

/// Hands out the chunks of all files.
pub struct Feed<'a> {
    spec: &'a SourceSpec,
    options: &'a ReadOptions,
    next_file: usize,
    open: Option<Open>,
    bytes_total: u64,
    bytes_before: u64,
    /// Column names, cleaned.
    pub names: Vec<String>,
    pub warnings: Vec<String>,
    /// Before and in the header.
    pub blank_lines: u64,
    pub comments: u64,
}

struct Open {
    chunker: Chunker,
    file: usize,
    order: Arc<[usize]>,
    lines_before: Option<u64>,
    bytes: u64,
}

impl<'a> Feed<'a> {
    /// Opens the first file and reads its header.
    pub fn open(spec: &'a SourceSpec, options: &'a ReadOptions) -> Result<Self, LoadError> {
        let size = |(name, path): &(String, std::path::PathBuf)| {
            let failed = |source| LoadError::Io { file: name.clone(), doing: "opening", source };
            Ok(std::fs::metadata(path).map_err(failed)?.len())
        };
        let bytes_total = spec.files.iter().map(size).sum::<Result<u64, LoadError>>()?;
        let mut feed = Self {
            spec,
            options,
            next_file: 0,
            open: None,
            bytes_total: bytes_total.max(1),
            bytes_before: 0,
            names: Vec::new(),
            warnings: Vec::new(),
            blank_lines: 0,
            comments: 0,
        };
        if !feed.open_next()? {
            return Err(LoadError::Empty { file: spec.name.clone() });
        }
        Ok(feed)
    }

    pub fn n_files(&self) -> usize {
        self.spec.files.len()
    }

    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    pub fn file_name(&self, file: usize) -> &str {
        &self.spec.files[file].0
    }

    /// `false` after the last file.
    fn open_next(&mut self) -> Result<bool, LoadError> {
        let Some((name, path)) = self.spec.files.get(self.next_file) else { return Ok(false) };
        let file = self.next_file;
        self.next_file += 1;
        let mut records = Records::open(path, name, self.options)?;
        let first = records.header()?.ok_or_else(|| LoadError::Empty { file: name.clone() })?;
        let mut warnings = Vec::new();
        let names = if self.options.has_header {
            self.blank_lines += records.blank_lines;
            self.comments += records.comments;
            clean_names(&first, &mut warnings)
        } else {
            records = Records::open(path, name, self.options)?;
            numbered_names(first.len())
        };
        if file == 0 {
            (self.names, self.warnings) = (names.clone(), warnings);
        }
        let order = self.order(&names, name)?;
        let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
        let (mut chunker, mut lines) = records.into_rest();
        if !self.options.has_header {
            lines += chunker.skip_lines(self.options.skip_lines)?;
        }
        if self.options.bad_rows == BadRows::SetAside {
            chunker.on_unclosed(Unclosed::EndLine);
        }
        self.open = Some(Open { chunker, file, order, lines_before: Some(lines), bytes });
        Ok(true)
    }

    /// Where each column of the first file stands in this one.
    fn order(&self, names: &[String], file: &str) -> Result<Arc<[usize]>, LoadError> {
        let place = |name: &String| names.iter().position(|n| n == name);
        if names.len() == self.names.len()
            && let Some(order) = self.names.iter().map(place).collect()
        {
            return Ok(order);
        }
        let missing = self.names.iter().find(|n| !names.contains(n));
        let extra = names.iter().find(|n| !self.names.contains(n));
        let difference = match (missing, extra) {
            (Some(name), _) => format!("it lacks `{}`", clip(name)),
            (None, Some(name)) => format!("it also has `{}`", clip(name)),
            (None, None) => format!("{} instead of {}", names.len(), self.names.len()),
        };
        let first = self.spec.files.first().map(|f| f.0.clone()).unwrap_or_default();
        Err(LoadError::OtherColumns { file: file.to_owned(), first, difference })
    }

    fn next(&mut self, buffer: Vec<u8>) -> Result<Option<Job>, LoadError> {
        let mut buffer = Some(buffer);
        loop {
            let Some(open) = &mut self.open else {
                if self.open_next()? {
                    continue;
                }
                return Ok(None);
            };
            let Some(chunk) = open.chunker.next(buffer.take().unwrap_or_default())? else {
                self.bytes_before += open.bytes;
                self.open = None;
                continue;
            };
            let read = self.bytes_before + open.chunker.bytes_read();
            let fraction = read as f64 / self.bytes_total as f64;
            let place = Place { file: open.file, lines_before: open.lines_before.take(), fraction };
            return Ok(Some(Job { chunk, place, order: Arc::clone(&open.order) }));
        }
    }
}

/// Reads all chunks of `feed` on `n_threads` threads and gives the results, in order, to `deliver`.
pub fn run(
    feed: &mut Feed,
    plan: &Plan,
    n_threads: usize,
    mut deliver: impl FnMut(Place, &mut Parsed) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let at_once = n_threads + 2;
    let (send_job, jobs) = sync_channel::<(usize, Job)>(at_once);
    let (send_done, done) = sync_channel(at_once);
    let jobs = Mutex::new(jobs);
    let names: Vec<String> = feed.spec.files.iter().map(|f| f.0.clone()).collect();
    std::thread::scope(|scope| {
        let send_job = send_job;
        for _ in 0..n_threads {
            let (jobs, send_done, names) = (&jobs, send_done.clone(), &names);
            let work = move || {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((index, job)) = next else { return };
                    let name = &names[job.place.file];
                    let result = catch_unwind(AssertUnwindSafe(|| parse(job.chunk, plan, name, &job.order)));
                    if send_done.send((index, result)).is_err() {
                        return;
                    }
                }
            };
            let builder = std::thread::Builder::new().name("reading rows".to_owned());
            builder.spawn_scoped(scope, work).expect("the system starts a thread");
        }
        let mut waiting = BTreeMap::new();
        let mut places = VecDeque::new();
        let mut buffers: Vec<Vec<u8>> = Vec::new();
        let (mut n_sent, mut n_delivered) = (0, 0);
        let mut last_error = None;
        let mut more = true;
        loop {
            while more && n_sent - n_delivered < at_once {
                match feed.next(buffers.pop().unwrap_or_default()) {
                    Ok(Some(job)) => {
                        places.push_back(job.place);
                        // The threads live as long as this queue, and there is room in it.
                        send_job.send((n_sent, job)).expect("a thread waits for work");
                        n_sent += 1;
                    }
                    Ok(None) => more = false,
                    // What is wrong in earlier chunks comes first.
                    Err(error) => (last_error, more) = (Some(error), false),
                }
            }
            if n_sent == n_delivered {
                return last_error.map_or(Ok(()), Err);
            }
            let (index, result) = done.recv().expect("a thread is at work");
            waiting.insert(index, result.unwrap_or_else(|panic| resume_unwind(panic)));
            while let Some(mut parsed) = waiting.remove(&n_delivered) {
                n_delivered += 1;
                if let Some(place) = places.pop_front() {
                    deliver(place, &mut parsed)?;
                }
                buffers.push(std::mem::take(&mut parsed.buffer));
            }
        }
    })
}
