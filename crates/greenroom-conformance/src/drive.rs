//! `drive/1`: how a client is plugged in. One JSON object a line, the kit's on the client's stdin, the client's on
//! its stdout. `docs/drive.md` is the same for people.

mod ask;
mod line;
mod reply;
mod schema;
mod serve;

pub use self::{
    ask::{
        Api, Ask, AskError, Body, Call, ClassicCredentials, Clock, Close, Config, Credentials, Hello,
        Leaving, List, Log, Mode, Open, Query, Refresh, Reload, Seconds, Shift, Tenant, Verb, Wake, What,
        Who,
    },
    line::{Line, ProtocolError, Sleep},
    reply::{Can, Capability, Headers, Introduction, Kind, Reply, Scheme},
    schema::schema,
    serve::{Answer, Client, Failed, Sleeper, serve, serve_on},
};

/// The version of the protocol that this is.
pub const VERSION: u64 = 1;
