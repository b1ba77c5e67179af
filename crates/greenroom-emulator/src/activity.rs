//! How busy a sandbox is: for whoever waits until nothing is under way.

use tokio::sync::watch;

/// How far a sandbox is, and what is under way in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// The number of the newest entry of its history.
    pub last: u64,
    /// Requests so far, refused tunnels and unexpected hosts among them.
    pub requests: u64,
    /// Requests whose answer is not in the history yet.
    pub in_flight: u64,
    /// What the sandbox itself keeps waiting: requests at a gate, in a delay or in a hang, answers that trickle,
    /// and connections that a rule meets with a pause.
    pub held: u64,
}

/// Something that is kept waiting, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held(watch::Sender<Activity>);

impl Held {
    pub(crate) fn by(activity: &watch::Sender<Activity>) -> Self {
        activity.send_modify(|activity| activity.held += 1);
        Self(activity.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|activity| activity.held -= 1);
    }
}
