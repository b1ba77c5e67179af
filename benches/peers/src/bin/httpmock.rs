//! The peer httpmock: one mock, a GET with a fixed page. Prints its URL and runs until its input ends.

use std::io::{Read as _, stdin};

use httpmock::MockServer;

fn main() {
    let page = std::env::args().nth(1).expect("the length of the page");
    let page = "x".repeat(page.parse().expect("a number"));
    let server = MockServer::start();
    server.mock(|when, then| {
        when.method("GET").path("/read");
        then.status(200).header("content-type", "application/json").body(page);
    });
    println!("{}", server.base_url());
    let _ = stdin().read(&mut [0]);
}
