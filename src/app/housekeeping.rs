//! Measures memory on a thread of its own, and only while frames are drawn: an idle window measures nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::state::effect::Message;

use super::effects::Answers;

const EVERY: Duration = Duration::from_secs(2);

pub struct Keeper {
    nudges: Option<SyncSender<()>>,
    last: Option<Instant>,
}

impl Keeper {
    pub fn start(answers: Answers) -> Self {
        let (nudges, waiting) = sync_channel(1);
        let started = thread::Builder::new().name("app memory".to_owned()).spawn(move || measure(&waiting, &answers));
        Self { nudges: started.ok().map(|_| nudges), last: None }
    }

    /// Once per frame; measures at most every two seconds.
    pub fn nudge(&mut self) {
        if self.last.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        if let Some(nudges) = &self.nudges {
            let _ = nudges.try_send(());
        }
    }
}

fn measure(nudges: &Receiver<()>, answers: &Answers) {
    let Ok(pid) = sysinfo::get_current_pid() else { return };
    let mut system = System::new();
    while nudges.recv().is_ok() {
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            false,
            ProcessRefreshKind::nothing().with_memory(),
        );
        if let Some(process) = system.process(pid) {
            answers.send_quietly(Message::MemoryUsed(process.memory()));
        }
    }
}
