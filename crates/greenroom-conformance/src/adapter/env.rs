//! What a client is not told by the environment of the kit.

use std::ffi::OsStr;

/// The variables with which the SDK's documentation configures programs (seed 000): a client that read them would
/// not be the one that was opened.
const CREDENTIALS: [&str; 5] =
    ["GLP_CLIENT_ID", "GLP_CLIENT_SECRET", "GLP_WORKSPACE_ID", "CENTRAL_BASE_URL", "CENTRAL_CLUSTER_NAME"];

/// Whether a variable of this name stays with the kit: one that configures Greenroom, or lends credentials.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("GREENROOM_") || CREDENTIALS.contains(&name.as_ref())
}
