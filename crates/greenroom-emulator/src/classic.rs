//! Classic Central: its sign-in, and enough of its lists for programs that sign in (`central.md §7`).

mod lists;
pub(crate) mod sign_in;

use crate::route::Route;

/// Its routes.
pub(crate) fn routes() -> Vec<Route> {
    [sign_in::routes(), lists::routes()].into_iter().flatten().collect()
}
