//! What has changed about a device since the world began.

use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Application, Contact, Held, Tags};

/// What has changed about a device. What is `None` has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Notes in Central; empty for none.
    pub(super) notes: Option<SmolStr>,
    /// Central monitors it no longer.
    pub(super) forgotten: bool,
    /// Tags in GLP.
    pub(super) tags: Option<Arc<Tags>>,
    /// Put away.
    pub(super) archived: bool,
    /// The id of its location.
    pub(super) location: Option<SmolStr>,
    /// Who is to be asked about it.
    pub(super) contact: Option<Arc<Contact>>,
    /// The service that it was assigned to, if that is not Central in the usual region.
    pub(super) application: Option<Arc<Application>>,
    /// The subscription that it uses, or that it uses none.
    pub(super) subscription: Option<Option<Arc<Held>>>,
    /// The number of the site it was put into, or that it was put into none.
    pub(super) site: Option<Option<u32>>,
    /// The number of the device group it was put into, or that it was put into none.
    pub(super) group: Option<Option<u32>>,
    /// When GLP's record of it changed.
    pub(super) updated_at: Option<Timestamp>,
}
