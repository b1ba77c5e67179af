//! What has changed about a device since the world began.

use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::Tags;

/// What has changed about a device. What is `None` has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Notes in Central; empty for none.
    pub(super) notes: Option<SmolStr>,
    /// Central monitors it no longer.
    pub(super) forgotten: bool,
    /// Tags in GLP.
    pub(super) tags: Option<Arc<Tags>>,
    /// When GLP's record of it changed.
    pub(super) updated_at: Option<Timestamp>,
}
